"""One conversation with a smarthost: smtplib's client, with a limit on every wait and on every reply.

smtplib reads for as long as bytes drip in, sends a mail in one call whose time limit counts for the whole, and waits
for each reply before it says more; here a reply has a deadline, each piece of a mail has its own, and commands that
need not wait for one another leave together (PIPELINING, RFC 2920).
"""

import select
import smtplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import suppress
from time import monotonic

from gateway.outgoing.timeouts import Timeouts
from gateway.outgoing.verdict import SmtpReply

_LINE = 8192
_LINES = 200
_PIECE = 256 * 1024
_SHORT = 64 * 1024
_GOODBYE = 2.0
# More commands than these at once could fill the buffers of both sides.
_TOGETHER = 100


class Session(smtplib.SMTP):
    """A connection that has been greeted.

    `committing` is whether the end of a mail has left and its reply has not come: the smarthost may have the mail.
    `named` is whether the sender of the last mail was taken, `unread` how many replies are to come, `begun` whether a
    mail was begun and not taken for all. Raises OSError (smtplib's own exceptions are such) or ValueError when it
    cannot be made or used.
    """

    def __init__(self, host: str, port: int, *, hostname: str, timeouts: Timeouts, tls: ssl.SSLContext | None) -> None:
        """Connect, in TLS from the first byte if a context is given, and introduce ourselves as `hostname`."""
        self.committing = False
        self.named = False
        self.unread = 0
        self.begun = False
        self._received = b""
        self._tls = tls
        self._timeouts = timeouts
        self._limit = timeouts.greeting
        super().__init__(host, port, local_hostname=hostname, timeout=timeouts.connect)
        self._limit = timeouts.command

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connected = socket.create_connection((host, port), timeout)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.settimeout(self._timeouts.greeting)
        return self._tls.wrap_socket(connected, server_hostname=host) if self._tls else connected

    @property
    def certificate(self) -> bytes:
        """The server's certificate in DER; nothing where there is no TLS."""
        return (self.sock.getpeercert(binary_form=True) or b"") if isinstance(self.sock, ssl.SSLSocket) else b""

    @property
    def quiet(self) -> bool:
        """Whether another mail may be begun: nothing is under way, and nothing waits on the line, such as its end."""
        if self.sock is None or self._received or self.unread or self.committing:
            return False
        look = select.poll()
        look.register(self.sock, select.POLLIN)
        return not look.poll(0)

    def ask(self, command: str, arguments: str = "") -> SmtpReply:
        """Send a command and wait for its reply."""
        return SmtpReply.read(*self.docmd(command, arguments))

    def ask_each(self, commands: Sequence[str]) -> Iterator[SmtpReply]:
        """Send commands and yield their replies: each when the one before is read, or together where that is offered.

        Who does not read all of them has a session that cannot be kept.
        """
        together = self.has_extn("PIPELINING")
        for start in range(0, len(commands), _TOGETHER):
            some = commands[start : start + _TOGETHER]
            if together:
                self.unread = len(some)
                self.send("".join(f"{command}\r\n" for command in some))
            for command in some:
                if not together:
                    self.putcmd(command)
                reply = SmtpReply.read(*self._reply(self._timeouts.data if command == "DATA" else self._limit))
                self.unread = max(0, self.unread - 1)
                yield reply

    def secure(self, context: ssl.SSLContext) -> None:
        """Go on in TLS (RFC 3207); what was sent in clear after the reply was put there by somebody else."""
        if not self.has_extn("STARTTLS"):
            raise smtplib.SMTPNotSupportedError("does not offer STARTTLS")
        self.starttls(context=context)
        if self._received:
            self.close()
            raise smtplib.SMTPException("sent text between STARTTLS and TLS")
        self.ehlo_or_helo_if_needed()

    def send_content(self, message: bytes) -> SmtpReply:
        """Send a mail after DATA, dots doubled (RFC 5321 4.5.2), and return what makes it the smarthost's, or not.

        Its line ends must be CRLF. While the mail itself is on its way nothing can have been taken.
        """
        doubled = message.replace(b"\r\n.", b"\r\n..")
        if doubled.startswith(b"."):
            doubled = b"." + doubled
        whole = doubled if doubled.endswith(b"\r\n") else doubled + b"\r\n"
        if len(whole) > _SHORT:
            self._send_pieces(memoryview(whole))
            whole = b""
        return self._end(whole + b".\r\n")

    def send_nothing(self) -> SmtpReply:
        """End a mail that nobody was taken for, where the server asks for it all the same (RFC 2920 3.1)."""
        self.send(b".\r\n")
        return SmtpReply.read(*self._reply(self._timeouts.end))

    def leave(self) -> None:
        """Say goodbye and close. Nothing that goes wrong here changes what was agreed."""
        self._limit = min(self._limit, _GOODBYE)
        with suppress(OSError):
            if not (self.unread or self.committing):
                self.quit()
        self.close()

    def getreply(self) -> tuple[int, bytes]:
        """Read a reply as smtplib wants it, within the time limit."""
        return self._reply(self._limit)

    def _send_pieces(self, view: memoryview) -> None:
        assert self.sock is not None
        self.sock.settimeout(self._timeouts.block)
        for start in range(0, len(view), _PIECE):
            self.send(view[start : start + _PIECE])

    def _end(self, last: bytes) -> SmtpReply:
        self.committing = True
        self.send(last)
        reply = SmtpReply.read(*self._reply(self._timeouts.end))
        self.committing = False
        return reply

    def _reply(self, seconds: float) -> tuple[int, bytes]:
        deadline = monotonic() + seconds
        lines: list[bytes] = []
        try:
            while len(lines) < _LINES:
                line = self._line(deadline)
                if not line[:3].isdigit():
                    raise smtplib.SMTPException(f"answered with something else than SMTP: {line[:60]!r}")
                lines.append(line[4:].strip())
                if line[3:4] != b"-":
                    return int(line[:3]), b"\n".join(lines)
            raise smtplib.SMTPException("answered with a reply without end")
        except OSError:
            self.close()
            raise

    def _line(self, deadline: float) -> bytes:
        while b"\n" not in self._received:
            if len(self._received) > _LINE:
                raise smtplib.SMTPException("answered with a line without end")
            self._received += self._bytes(deadline - monotonic())
        line, _, self._received = self._received.partition(b"\n")
        return line

    def _bytes(self, seconds: float) -> bytes:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("closed the connection")
        if seconds <= 0:
            raise TimeoutError
        self.sock.settimeout(seconds)
        received = self.sock.recv(4096)
        self.sock.settimeout(self._limit)
        if not received:
            raise smtplib.SMTPServerDisconnected("closed the connection")
        return received
