"""Mail in by SMTP (RFC 5321), on aiosmtpd: its STARTTLS; commands, limits and the DATA loop are ours.

A session is a loop: a command line, its reply. Every wait has a deadline, every input a bound. The 250 after DATA comes
from `Store.accept` and from nowhere else; the MIME inside is none of this room's business (rule 2).
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from ulid import ULID

from gateway import metrics
from gateway.errors import GatewayError
from gateway.log import log
from gateway.model import Envelope
from gateway.sources.conversation import CHUNK, Context, Conversation, Goodbye
from gateway.sources.data import DataDecoder
from gateway.sources.hops import hops
from gateway.sources.path import Path, read_path
from gateway.sources.reply import reply_for
from gateway.sources.store import Body

Reply = TypeVar("Reply", str, str | None)
_PARAMETERS = frozenset({"SIZE", "BODY", "SMTPUTF8", "AUTH"})


@dataclass(slots=True)
class _Transaction:
    """From MAIL to the end of data."""

    sender: str
    recipients: list[str] = field(default_factory=list)
    routes: list[str] = field(default_factory=list)


class Session(Conversation):
    """One connection's dialogue: EHLO, MAIL, RCPT, DATA and the rest.

    What LMTP has otherwise, `lmtp.py` says: names, the command that greets, and how many replies the data gets.
    """

    source: ClassVar[str] = "smtp"
    protocol: ClassVar[str] = "ESMTP"
    greeting: ClassVar[str] = "EHLO"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._transaction: _Transaction | None = None

    @property
    def _sender(self) -> str | None:
        return None if self._transaction is None else self._transaction.sender

    def _quick(self, verb: str, argument: str) -> str | None:
        """Answer what waits for nothing; whatever goes wrong unexpectedly is 451 with a trace id."""
        command = self.QUICK.get(verb)
        if command is None:
            return None if verb in self.SLOW else "500 5.5.1 Command unknown"
        try:
            return command(self, argument)
        except Goodbye:
            raise
        except Exception as error:  # noqa: BLE001 - nothing may cost a mail or show our inside
            self._transaction = None
            return self._unexpected(error)

    async def _answer(self, verb: str, argument: str) -> str | None:
        """Carry out a command that waits; one that is quick comes here too, when the client is slow to take replies."""
        command = self.SLOW.get(verb)
        return self._quick(verb, argument) if command is None else await self._settled(command(self, argument))

    async def _settled(self, work: Awaitable[Reply]) -> Reply | str:
        """Return the reply that work comes to; an error that nobody expected is 451 with a trace id."""
        try:
            return await work
        except (Goodbye, ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 - the same
            self._transaction = None
            return self._unexpected(error)

    def _unexpected(self, error: Exception) -> str:
        trace = str(ULID())
        log.receiving_failed(trace, error, expected=isinstance(error, GatewayError))
        return reply_for(error, trace)

    def _ehlo(self, argument: str) -> str:
        if not argument:
            return f"501 5.5.4 {self.greeting} needs a name"
        self._helo, self._transaction = argument[:255], None
        offers = ["PIPELINING", f"SIZE {self._limits.max_size}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"]
        if self._context.tls is not None and self._tls_protocol is None:
            offers.append("STARTTLS")
        lines = [self.hostname, *offers]
        return "\r\n".join([*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"])

    def _old_helo(self, argument: str) -> str:
        if not argument:
            return "501 5.5.4 HELO needs a name"
        self._helo, self._transaction = argument[:255], None
        return f"250 {self.hostname}"

    def _mail(self, argument: str) -> str:
        if not self._helo:
            return f"503 5.5.1 Say {self.greeting} first"
        if self._transaction is not None:
            return "503 5.5.1 A mail is begun already; RSET gives it up"
        path = read_path(argument, "FROM")
        if path is None:
            return "501 5.1.7 Syntax: MAIL FROM:<address>"
        if reply := self._refused_parameters(path):
            return reply
        self._context.store.check_room(int(path.parameters.get("SIZE") or 0))
        self._transaction = _Transaction(path.address)
        return "250 2.1.0 OK"

    def _refused_parameters(self, path: Path) -> str | None:
        parameters = path.parameters
        if unknown := parameters.keys() - _PARAMETERS:
            return f"555 5.5.4 Parameter {min(unknown)[:40]} is not known"
        if parameters.get("BODY", "7BIT").upper() not in {"7BIT", "8BITMIME"}:
            return "501 5.5.4 BODY is 7BIT or 8BITMIME"
        size = parameters.get("SIZE", "0")
        if not (size.isascii() and size.isdigit() and len(size) <= 20):  # noqa: PLR2004 - RFC 1870: 20 digits
            return "501 5.5.4 SIZE is a number"
        if int(size) > self._limits.max_size:
            return f"552 5.3.4 The mail is larger than {self._limits.max_size} bytes"
        return None

    def _rcpt(self, argument: str) -> str:
        if self._transaction is None:
            return "503 5.5.1 MAIL comes first"
        path = read_path(argument, "TO")
        if path is None:
            return "501 5.1.3 Syntax: RCPT TO:<address>"
        if path.parameters:
            return f"555 5.5.4 Parameter {min(path.parameters)[:40]} is not known"
        if len(self._transaction.recipients) >= self._limits.max_recipients:
            return "452 4.5.3 Too many recipients, send the mail again for the others"
        route = self._context.route_of(path.address)
        if route is None:
            return "550 5.1.1 No such recipient here"
        self._transaction.recipients.append(path.address)
        if route not in self._transaction.routes:
            self._transaction.routes.append(route)
        return "250 2.1.5 OK"

    def _rset(self, _argument: str) -> str:
        self._transaction = None
        return "250 2.0.0 OK"

    def _noop(self, _argument: str) -> str:
        return "250 2.0.0 OK"

    def _quit(self, _argument: str) -> str:
        raise Goodbye("221 2.0.0 Bye")

    def _vrfy(self, _argument: str) -> str:
        return "252 2.5.0 Not verified here; send the mail and see"

    def _help(self, _argument: str) -> str:
        return "214 2.0.0 RFC 5321"

    def _unsupported(self, _argument: str) -> str:
        return "502 5.5.1 Not offered here"

    async def _starttls(self, argument: str) -> str | None:
        if argument:
            return "501 5.5.4 STARTTLS takes no argument"
        if self._context.tls is None or self._tls_protocol is not None:
            return "503 5.5.1 TLS is not offered here or runs already"
        # What came in clear behind the command must not count as said under TLS (RFC 3207 4.2).
        self._rest, self._helo, self._transaction = b"", "", None
        if not await self._handshake():
            raise Goodbye(None)
        return None

    async def _handshake(self) -> bool:
        """Begin TLS within the command's deadline; whatever it met, a connection where it failed is of no use."""
        try:
            async with asyncio.timeout(self._limits.command_timeout):
                await self.smtp_STARTTLS("")
        except Exception as error:  # noqa: BLE001 - see above
            # The error's frames hold the TLS layer and are held by it.
            if error.__cause__ is not None:
                traceback.clear_frames(error.__cause__.__traceback__)
                error.__cause__.__traceback__ = None
            # asyncio's TLS layer does not tell us of the end of a connection that it never made, and has large buffers.
            plain: Any = self._original_transport
            if plain is not None:
                plain.abort()
            self.connection_lost(None)
            self._tls_protocol = self._original_transport = None
            return False
        return True

    async def _data(self, argument: str) -> str:
        if argument:
            return "501 5.5.4 DATA takes no argument"
        if self._transaction is None or not self._transaction.recipients:
            return "503 5.5.1 RCPT comes first"
        transaction = self._transaction
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        body: Body = self._context.store.body(self._limits.max_header_size)
        try:
            reply = await self._received(body)
            self._transaction = None
            if reply is None:
                reply = await self._settled(self._accept(transaction, body))
        finally:
            body.close()
        return self._for_each(transaction.recipients, reply)

    def _for_each(self, recipients: Sequence[str], reply: str) -> str:
        """Return what a mail's data is answered with, where this reply is what became of it."""
        del recipients
        return reply

    async def _received(self, body: Body) -> str | None:
        """Take the data; whatever happens before its end, the rest of it must never be read as commands."""
        try:
            return await self._receive(body)
        except (Goodbye, ConnectionError):
            raise
        except Exception as error:
            raise Goodbye(self._noted(self._unexpected(error))) from error

    async def _accept(self, transaction: _Transaction, body: Body) -> str:
        with metrics.accept_seconds.time():
            receipt = await self._context.store.accept(self._envelope(transaction), body, transaction.routes)
        self._commands = 0
        if receipt.repeat:
            metrics.mails_copied.labels(self.source).inc()
            log.copied(receipt.id, self.source, transaction.sender, self._peer)
            return f"250 2.0.0 OK: we have it already, as {receipt.id}"
        metrics.mails_accepted.labels(self.source).inc()
        log.accepted(receipt.id, self.source, transaction.sender, transaction.routes, body.size, self._peer)
        return f"250 2.0.0 OK: queued as {receipt.id}"

    def _envelope(self, transaction: _Transaction) -> Envelope:
        cipher = self.transport.get_extra_info("ssl_object") if self.transport is not None else None
        return Envelope(
            source=self.source,
            sender=transaction.sender,
            recipients=tuple(transaction.recipients),
            peer=self._peer,
            helo=self._helo,
            tls=(cipher.version() or "") if cipher is not None else "",
        )

    async def _receive(self, body: Body) -> str | None:
        """Take the data to its end; return the reply that refuses the mail, or None. After trouble it is read off."""
        decoder, started, received = DataDecoder(), self.loop.time(), 0
        trouble: str | None = None
        chunk, self._rest = self._rest, b""
        while True:
            received += len(chunk)
            data = decoder.feed(chunk)
            if trouble is None:
                trouble = await self._keep(body, data)
            if decoder.ended:
                break
            if received > 2 * self._limits.max_size + CHUNK:
                raise Goodbye(self._noted(f"421 4.3.0 The mail does not end; {trouble}"))
            chunk = await self._more(started, received)
        self._rest = decoder.rest
        if decoder.smuggled:
            return "550 5.6.0 A bare CR or LF stands beside a dot (RFC 5321 2.3.8); send line ends as CR LF"
        return trouble or self._in_loop(body.head)

    async def _keep(self, body: Body, data: bytes) -> str | None:
        """Write what came, or give the body up and return the reply that says why.

        Nothing is raised: whatever happened, the rest of the data is still to be read off.
        """
        if body.size + len(data) > self._limits.max_size:
            body.close()
            return f"552 5.3.4 The mail is larger than {self._limits.max_size} bytes"
        try:
            await body.write(data)
        except Exception as error:  # noqa: BLE001 - see above
            body.close()
            return self._unexpected(error)
        return None

    async def _more(self, started: float, received: int) -> bytes:
        """Read a chunk, within the longest silence and the deadline that the least rate sets for all that came."""
        at_this_rate = started + self._limits.data_timeout + received / self._limits.min_rate - self.loop.time()
        self._client_has(min(self._limits.data_timeout, at_this_rate), "421 4.4.2 The mail came too slowly")
        try:
            return await self._read()
        finally:
            self._client_is_done()

    def _in_loop(self, head: bytes) -> str | None:
        received, own = hops(head, self.hostname)
        if received > self._limits.max_hops or own > self._limits.max_own_hops:
            return f"554 5.4.6 The mail is in a loop: {received} hops, {own} of them here"
        return None

    QUICK: ClassVar[Mapping[str, Callable[[Any, str], str]]] = {
        "EHLO": _ehlo,
        "HELO": _old_helo,
        "MAIL": _mail,
        "RCPT": _rcpt,
        "RSET": _rset,
        "NOOP": _noop,
        "VRFY": _vrfy,
        "HELP": _help,
        "EXPN": _unsupported,
        "AUTH": _unsupported,
        "BDAT": _unsupported,
        "QUIT": _quit,
    }
    SLOW: ClassVar[Mapping[str, Callable[[Any, str], Awaitable[str | None]]]] = {
        "DATA": _data,
        "STARTTLS": _starttls,
    }
