"""One conversation with a smarthost: smtplib's client, with a limit on every wait and on every reply.

smtplib reads for as long as bytes drip in, puts the final dot in the same write as the mail, and sends a mail in one
call whose time limit counts for the whole; here a reply has a deadline, and each piece of a mail has its own.
"""

import smtplib
import socket
import ssl
from contextlib import suppress
from time import monotonic

from gateway.outgoing.verdict import SmtpReply

_LINE = 8192
_LINES = 200
_PIECE = 256 * 1024
_PATIENCE_AT_THE_END = 5  # RFC 5321 4.5.3.2: 2 minutes at DATA, 10 after the final dot
_GOODBYE = 2.0


class Session(smtplib.SMTP):
    """A connection that has been greeted. `timeout` is in seconds and holds for each wait.

    Raises OSError (smtplib's own exceptions are such) or ValueError when it cannot be made or used.
    """

    def __init__(self, host: str, port: int, *, hostname: str, timeout: float, tls: ssl.SSLContext | None) -> None:
        """Connect, in TLS from the first byte if a context is given, and introduce ourselves as `hostname`."""
        self._received = b""
        self._tls = tls
        self._limit = timeout
        super().__init__(host, port, local_hostname=hostname, timeout=timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connected = socket.create_connection((host, port), timeout)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._tls.wrap_socket(connected, server_hostname=host) if self._tls else connected

    def ask(self, command: str, arguments: str = "") -> SmtpReply:
        """Send a command and wait for its reply."""
        return SmtpReply.read(*self.docmd(command, arguments))

    def secure(self, context: ssl.SSLContext) -> None:
        """Go on in TLS (RFC 3207); what was sent in clear after the reply was put there by somebody else."""
        if not self.has_extn("STARTTLS"):
            raise smtplib.SMTPNotSupportedError("does not offer STARTTLS")
        self.starttls(context=context)
        if self._received:
            self.close()
            raise smtplib.SMTPException("sent text between STARTTLS and TLS")
        self.ehlo_or_helo_if_needed()

    def send_content(self, message: bytes) -> None:
        """Send a mail after DATA, dots doubled (RFC 5321 4.5.2), without the end. Its line ends must be CRLF."""
        doubled = message.replace(b"\r\n.", b"\r\n..")
        if doubled.startswith(b"."):
            doubled = b"." + doubled
        view = memoryview(doubled if doubled.endswith(b"\r\n") else doubled + b"\r\n")
        for start in range(0, len(view), _PIECE):
            self.send(view[start : start + _PIECE])

    def end_content(self) -> SmtpReply:
        """Send the final dot and wait for the reply that makes the mail the smarthost's. The wait is longer."""
        self.send(b".\r\n")
        return SmtpReply.read(*self._reply(self._limit * _PATIENCE_AT_THE_END))

    def leave(self) -> None:
        """Say goodbye and close. Nothing that goes wrong here changes what was agreed."""
        self._limit = min(self._limit, _GOODBYE)
        with suppress(OSError):
            self.quit()
        self.close()

    def getreply(self) -> tuple[int, bytes]:
        """Read a reply as smtplib wants it, within the time limit."""
        return self._reply(self._limit)

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
