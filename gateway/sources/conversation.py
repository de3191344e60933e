"""A conversation by lines on aiosmtpd's transport: one command, one reply, each within its deadline.

aiosmtpd brings the stream, STARTTLS and the life of a connection; the loop, the limits and the goodbyes are here. What
the commands mean is in `smtp.py`.
"""

import asyncio
import math
import ssl
from abc import abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiosmtpd.smtp import SMTP

from gateway import metrics
from gateway.config.settings import SmtpSection
from gateway.log import log
from gateway.sources.admission import Admission
from gateway.sources.store import Store

CHUNK = 256 * 1024
_LONGEST_COMMAND = 4096
_FOR_EVER = 10 * 365 * 86400
_STOPPING = "421 4.3.2 The gateway is stopping, try again later"


@dataclass(frozen=True, slots=True)
class Context:
    """What all sessions share: our name, limits, who is a recipient (`route_of`: None for unknown), where mail goes."""

    hostname: str
    settings: SmtpSection
    store: Store[Any]
    route_of: Callable[[str], str | None]
    admission: Admission
    tls: ssl.SSLContext | None = None


class Goodbye(Exception):
    """The session ends after this reply (None: the client is gone)."""

    def __init__(self, reply: str | None) -> None:
        super().__init__(reply)
        self.reply = reply


class Conversation(SMTP):
    """One connection. aiosmtpd makes it, calls `_handle_client` once it stands, and cancels that when it is lost."""

    line_length_limit = CHUNK

    def __init__(self, context: Context) -> None:
        super().__init__(
            None,
            hostname=context.hostname,
            tls_context=context.tls,
            timeout=_FOR_EVER,
            loop=asyncio.get_running_loop(),
        )
        self._context = context
        self._limits = context.settings
        self._rest = b""
        self._helo = ""
        self._errors = 0
        self._commands = 0
        self._waiting = False
        self._peer = ""
        self._deadline = math.inf
        self._late = ""
        self._timer: asyncio.TimerHandle | None = None

    def __dir__(self) -> list[str]:
        """Nothing: aiosmtpd looks through its members for commands, anew for each connection; ours are in `_known`."""
        return []

    def connection_made(self, transport: Any) -> None:
        """Count the connection in, once: a TLS layer comes through here again."""
        if not self._peer:
            self._peer = str((transport.get_extra_info("peername") or ["local"])[0])
            self._context.admission.enter(self, self._peer)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Count the connection out."""
        self._context.admission.leave(self, self._peer)
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(error)

    def eof_received(self) -> bool:
        """Answer what a client sent before it closed its side; aiosmtpd would drop it."""
        self._reader.feed_eof()
        return self._tls_protocol is None

    def stop(self) -> None:
        """End an idle session now, a busy one after the mail in hand."""
        if self._waiting and self._sender is None and self._handler_coroutine is not None:
            self._handler_coroutine.cancel(_STOPPING)

    def _client_has(self, seconds: float, late: str) -> None:
        """Give the client so long for what is awaited next; then the session ends with the reply `late` ("": none).

        One timer a connection looks again when it fires too early, since a timer a command would cost more than the
        command. `_client_is_done` ends the wait: what we wait for ourselves, such as a commit, is never cut off.
        """
        self._deadline, self._late = self.loop.time() + seconds, late
        if self._timer is None or self._timer.when() > self._deadline:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self.loop.call_at(self._deadline, self._look_at_the_time)

    def _client_is_done(self) -> None:
        self._deadline = math.inf

    def _look_at_the_time(self) -> None:
        self._timer = None
        if self.loop.time() >= self._deadline:
            if self._handler_coroutine is not None:
                self._handler_coroutine.cancel(self._late)
        elif self._deadline < math.inf:
            self._timer = self.loop.call_at(self._deadline, self._look_at_the_time)

    async def _handle_client(self) -> None:
        try:
            await self._converse()
        except Goodbye as goodbye:
            await self._say_last(goodbye.reply)
        except asyncio.CancelledError as cancelled:
            if not cancelled.args:
                raise
            await self._say_last(self._noted(cancelled.args[0]) if cancelled.args[0] else None)
        except (ConnectionError, TimeoutError):
            return  # the client is gone, or takes no replies: nobody is left to answer
        finally:
            if self.transport is not None:
                self.transport.close()

    async def _say_last(self, reply: str | None) -> None:
        if reply is not None and self.transport is not None:
            with suppress(ConnectionError, TimeoutError):
                await self.push(reply)

    async def _converse(self) -> None:
        if refusal := self._context.admission.refusal(self._peer):
            raise Goodbye(self._noted(refusal))
        await self.push(f"220 {self.hostname} ESMTP")
        while True:
            verb, argument = _split(await self._line())
            self._commands += 1
            if self._commands > self._limits.max_commands:
                raise Goodbye(self._noted("421 4.7.0 Too many commands without a mail"))
            reply = await self._answer(verb, argument)
            if reply is not None:
                await self.push(self._noted(reply))
            if self._errors > self._limits.max_errors:
                raise Goodbye(self._noted("421 4.7.0 Too many errors"))
            if self._context.admission.stopping:
                raise Goodbye(_STOPPING)

    async def _line(self) -> bytes:
        """Read a whole command line within the command's deadline."""
        self._waiting = True
        self._client_has(self._limits.command_timeout, "421 4.4.2 No command came in time")
        try:
            while (end := self._rest.find(b"\n")) < 0:
                if len(self._rest) > _LONGEST_COMMAND:
                    raise Goodbye(self._noted("500 5.5.6 Command line too long"))
                self._rest += await self._read()
        finally:
            self._waiting = False
            self._client_is_done()
        line, self._rest = self._rest[:end], self._rest[end + 1 :]
        return line.rstrip(b"\r")

    async def _read(self) -> bytes:
        chunk: bytes = await self._reader.read(CHUNK)
        if not chunk:
            raise Goodbye(None)
        return chunk

    @property
    @abstractmethod
    def _sender(self) -> str | None:
        """The sender of the mail in hand, None between mails."""

    @abstractmethod
    async def _answer(self, verb: str, argument: str) -> str | None:
        """Carry out a command and return its reply (None: it was sent already)."""

    async def push(self, status: str | bytes) -> None:
        """Send a reply, within the command's deadline."""
        line = status.encode("ascii", "backslashreplace") if isinstance(status, str) else status
        self._client_has(self._limits.command_timeout, "")
        try:
            self._writer.write(line + b"\r\n")
            await self._writer.drain()
        finally:
            self._client_is_done()

    def _noted(self, reply: str) -> str:
        """Count and log a reply that is an error."""
        if reply[0] in "45":
            self._errors += 1
            metrics.smtp_refusals.labels(reply[4:9] if reply[5:6] == "." else reply[:3]).inc()
            log.refused(self._peer, reply, helo=self._helo, sender=self._sender or "")
        return reply


def _split(line: bytes) -> tuple[str, str]:
    """A command line to its verb, in upper case, and its argument; bytes that are not UTF-8 fit no command."""
    text = line.decode("utf-8", "replace").replace("\ufffd", "\x00")
    verb, _, argument = text.strip(" ").partition(" ")
    return verb.upper(), argument.strip()
