"""The sockets that SMTP and LMTP listen on, and their end."""

import asyncio
import socket
import ssl

from gateway.config.listening import SmtpSection
from gateway.errors import SettingsError
from gateway.sources.conversation import Context
from gateway.sources.lmtp import LmtpSession
from gateway.sources.openings import Sockets
from gateway.sources.smtp import Session
from gateway.sources.sockets import BACKLOG


def tls_context(settings: SmtpSection) -> ssl.SSLContext | None:
    """Return the context for STARTTLS, or None where no certificate is set; SettingsError when it cannot be used."""
    if not settings.tls_certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key or None)
    except OSError as error:
        where = f"smtp.tls_certificate: {settings.tls_certificate}"
        reason = error.strerror or getattr(error, "reason", None) or error
        raise SettingsError([f"{where}: expected a PEM file with certificate and key: {reason}"]) from error
    return context


class Listener:
    """Accepts connections with the context of the moment, which a reload may replace."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._servers: list[asyncio.Server] = []

    async def start(self, sockets: Sockets) -> None:
        """Take connections from these listening sockets, which stay the caller's."""
        for session, some in ((Session, sockets.smtp), (LmtpSession, sockets.lmtp)):
            for one in some:
                self._servers.append(await self._serve(one.dup(), session))

    async def _serve(self, own: socket.socket, session: type[Session]) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        if own.family == socket.AF_UNIX:
            return await loop.create_unix_server(lambda: session(self.context), sock=own, backlog=BACKLOG)
        return await loop.create_server(lambda: session(self.context), sock=own, backlog=BACKLOG)

    async def stop(self) -> None:
        """Take no new connections, end idle ones, wait for the busy ones; the caller bounds the wait."""
        for server in self._servers:
            server.close()
        self.context.admission.stop()
        await self.context.admission.empty.wait()
