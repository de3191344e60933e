"""A conversation by lines, on aiosmtpd: one command, one reply, each within its deadline.

aiosmtpd brings STARTTLS; the life of a connection, lines, limits and goodbyes are here. A quick command is answered
where its bytes arrive, without a turn of the event loop; one that waits for something is a task, of which a connection
has one at most. What the commands mean is in `smtp.py`.
"""

import asyncio
import math
import ssl
from abc import abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from aiosmtpd.smtp import SMTP

from gateway import metrics
from gateway.config.listening import SmtpSection
from gateway.log import log
from gateway.sources.admission import Admission
from gateway.sources.store import Store

CHUNK = 256 * 1024
_LONGEST_COMMAND = 4096
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
    """One connection, from its greeting to its end. `protocol` is its name in the greeting."""

    protocol: ClassVar[str]
    _drain_helper: Callable[[], Awaitable[None]]  # asyncio's flow control has it

    def __init__(self, context: Context) -> None:
        self.loop = asyncio.get_running_loop()
        # Not aiosmtpd's own: it looks for hooks and makes readers and timers that would stay unused, for each
        # connection anew, which was a tenth of what one costs.
        asyncio.StreamReaderProtocol.__init__(self, None, loop=self.loop)  # type: ignore[arg-type]
        self.hostname = context.hostname
        self.tls_context = context.tls
        self.transport: Any = None
        self._tls_protocol: Any = None
        self._original_transport: Any = None
        self._context = context
        self._limits = context.settings
        self._paused = False  # asyncio's flow control sets it
        self._rest = b""
        self._ended = False
        self._over = False
        self._reading = True
        self._arrival: asyncio.Future[None] | None = None
        self._work: asyncio.Task[None] | None = None
        self._helo = ""
        self._errors = 0
        self._commands = 0
        self._peer = ""
        self._deadline = math.inf
        self._late = ""
        self._timer: asyncio.TimerHandle | None = None
        self._due = math.inf

    # -- what a session is made of

    @property
    @abstractmethod
    def _sender(self) -> str | None:
        """The sender of the mail in hand, None between mails."""

    @abstractmethod
    def _quick(self, verb: str, argument: str) -> str | None:
        """Carry out a command that waits for nothing and return its reply; None for one that `_answer` is for."""

    @abstractmethod
    async def _answer(self, verb: str, argument: str) -> str | None:
        """Carry out a command and return its reply (None: it was sent already)."""

    # -- the connection's life

    def connection_made(self, transport: Any) -> None:
        """Count the connection in, and greet; a TLS layer comes through here again, and has nothing to add."""
        if self._peer:
            return
        self.transport = transport
        self._peer = str((transport.get_extra_info("peername") or ["local"])[0])
        self._context.admission.enter(self, self._peer)
        if refusal := self._context.admission.refusal(self._peer):
            self._part(self._noted(refusal))
        else:
            self._write(f"220 {self.hostname} {self.protocol}")
            self._client_has_a_command()

    def connection_lost(self, error: Exception | None) -> None:
        """Count the connection out; what was begun for it ends, but for a commit that is under way."""
        self._over = True
        self._context.admission.leave(self, self._peer)
        if self._timer is not None:
            self._timer.cancel()
        if self._work is not None:
            self._work.cancel()
        asyncio.StreamReaderProtocol.connection_lost(self, error)
        transport, self.transport = self.transport, None
        if self._tls_protocol is not None:
            self._original_transport.close()
            # These hold one another, and a third of a megabyte, until the collector comes, which may be late.
            transport._ssl_protocol = None  # noqa: SLF001 - asyncio offers no other way
            self._tls_protocol = self._original_transport = None

    def eof_received(self) -> bool:
        """Answer what a client sent before it closed its side; aiosmtpd would drop it."""
        self._ended = True
        self._wake()
        return self._tls_protocol is None

    def stop(self) -> None:
        """End an idle session now, a busy one after the mail in hand."""
        if self._work is None and self._sender is None:
            self._part(self._noted(_STOPPING))

    def _part(self, reply: str | None) -> None:
        """Say a last word (None: nothing more) and close.

        What the client has not taken of our words by the command's deadline is dropped.
        """
        if self._over:
            return
        if reply is not None and not self.transport.is_closing():
            self._write(reply)
        self._over = True
        self.transport.close()
        self._client_has(self._limits.command_timeout, "")

    def _check_patience(self) -> None:
        """End a session that has made too many errors, or that was only kept for the mail in hand."""
        if self._errors > self._limits.max_errors:
            raise Goodbye(self._noted("421 4.7.0 Too many errors"))
        if self._context.admission.stopping:
            raise Goodbye(_STOPPING)

    # -- bytes in

    def data_received(self, data: bytes) -> None:
        """Keep what came, and go on with whatever waits for it."""
        self._rest = self._rest + data if self._rest else data
        self._wake()
        if len(self._rest) > CHUNK and self._reading and self.transport is not None:
            self._reading = False
            self.transport.pause_reading()

    def _wake(self) -> None:
        if self._work is None:
            self._take_lines()
        elif self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    async def _read(self) -> bytes:
        """Return what came, at least a byte; Goodbye at the end."""
        while not self._rest:
            if self._ended:
                raise Goodbye(None)
            self._arrival = self.loop.create_future()
            try:
                await self._arrival
            finally:
                self._arrival = None
        chunk, self._rest = self._rest, b""
        self._read_on()
        return chunk

    def _read_on(self) -> None:
        if not self._reading and self.transport is not None:
            self._reading = True
            self.transport.resume_reading()

    def _take_lines(self) -> None:
        """Carry out the commands that came, up to one that takes time."""
        try:
            while self._work is None and not self._over and (line := self._line()) is not None:
                self._take(line)
        except Goodbye as goodbye:
            self._part(goodbye.reply)
        except ConnectionError:
            self._part(None)

    def _line(self) -> bytes | None:
        """Take a whole command line off what came; None when there is none yet."""
        end = self._rest.find(b"\n")
        if end >= 0:
            line, self._rest = self._rest[:end], self._rest[end + 1 :]
            return line.rstrip(b"\r")
        if len(self._rest) > _LONGEST_COMMAND:
            raise Goodbye(self._noted("500 5.5.6 Command line too long"))
        if self._ended:
            raise Goodbye(None)
        self._read_on()
        return None

    def _take(self, line: bytes) -> None:
        self._commands += 1
        if self._commands > self._limits.max_commands:
            raise Goodbye(self._noted("421 4.7.0 Too many commands without a mail"))
        verb, argument = _split(line)
        # A client that takes no replies gets no further ones: `push` waits for it.
        reply = None if self._paused else self._quick(verb, argument)
        if reply is None:
            self._client_is_done()
            self._work = self.loop.create_task(self._carry_out(verb, argument))
            return
        self._write(self._noted(reply))
        self._check_patience()
        self._client_has_a_command()

    async def _carry_out(self, verb: str, argument: str) -> None:
        """Carry out a command that takes time, then go on with what came meanwhile."""
        try:
            reply = await self._answer(verb, argument)
            if reply is not None:
                await self.push(self._noted(reply))
            self._check_patience()
        except Goodbye as goodbye:
            self._part(goodbye.reply)
        except asyncio.CancelledError as cancelled:
            if not cancelled.args:
                raise
            self._part(self._noted(cancelled.args[0]) if cancelled.args[0] else None)
        except (ConnectionError, TimeoutError):
            self._part(None)  # the client is gone, or takes no replies: nobody is left to answer
        except BaseException:
            self._part(None)
            raise
        self._work = None
        if not self._over:
            self._client_has_a_command()
            self._take_lines()

    # -- replies out

    async def push(self, status: str | bytes) -> None:
        """Send a reply, within the command's deadline."""
        self._write(status)
        if self._paused:
            self._client_has(self._limits.command_timeout, "")
            try:
                await self._drain_helper()
            finally:
                self._client_is_done()

    def _write(self, reply: str | bytes) -> None:
        line = reply.encode("ascii", "backslashreplace") if isinstance(reply, str) else reply
        if self.transport is None or self.transport.is_closing():
            raise ConnectionResetError
        self.transport.write(line + b"\r\n")

    def _noted(self, reply: str) -> str:
        """Count and log a reply that is an error; that there are too many recipients is none (RFC 5321 4.5.3.1.10)."""
        if reply[0] in "45":
            self._errors += not reply.startswith("452 4.5.3")
            metrics.smtp_refusals.labels(reply[4:9] if reply[5:6] == "." else reply[:3]).inc()
            log.refused(self._peer, reply, helo=self._helo, sender=self._sender or "")
        return reply

    # -- deadlines

    def _client_has(self, seconds: float, late: str) -> None:
        """Give the client so long for what is awaited next; then the session ends with the reply `late` ("": none).

        One timer a connection looks again when it fires too early, since a timer a command would cost more than the
        command. `_client_is_done` ends the wait: what we wait for ourselves, such as a commit, is never cut off.
        """
        self._deadline, self._late = self.loop.time() + seconds, late
        if self._timer is None or self._due > self._deadline:
            if self._timer is not None:
                self._timer.cancel()
            self._look_later()

    def _client_has_a_command(self) -> None:
        self._client_has(self._limits.command_timeout, "421 4.4.2 No command came in time")

    def _client_is_done(self) -> None:
        self._deadline = math.inf

    def _look_later(self) -> None:
        # uvloop's handle does not know its time when that has come already.
        self._due = self._deadline
        self._timer = self.loop.call_at(self._due, self._look_at_the_time)

    def _look_at_the_time(self) -> None:
        self._timer = None
        if self.loop.time() >= self._deadline:
            self._end_the_wait()
        elif self._deadline < math.inf:
            self._look_later()

    def _end_the_wait(self) -> None:
        if self._over:
            self.transport.abort()
        elif self._work is not None:
            self._work.cancel(self._late)
        else:
            self._part(self._noted(self._late))


def _split(line: bytes) -> tuple[str, str]:
    """A command line to its verb, in upper case, and its argument; bytes that are not UTF-8 fit no command."""
    text = line.decode("utf-8", "replace").replace("\ufffd", "\x00")
    verb, _, argument = text.strip(" ").partition(" ")
    return verb.upper(), argument.strip()
