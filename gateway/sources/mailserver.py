"""A connection to a mail server: TCP that notices when the other side is gone, TLS with an own authority or a pin."""

import hashlib
import ssl
from socket import (
    IPPROTO_TCP,
    SO_KEEPALIVE,
    SOL_SOCKET,
    TCP_KEEPCNT,
    TCP_KEEPIDLE,
    TCP_KEEPINTVL,
    create_connection,
    socket,
)

from gateway.errors import Temporary

_KEEPALIVE = ((TCP_KEEPIDLE, 60), (TCP_KEEPINTVL, 15), (TCP_KEEPCNT, 4))


def connect(address: tuple[str, int], silence: float) -> socket:
    """Connect within so many seconds; OSError where nobody answers."""
    sock = create_connection(address, silence)
    sock.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1)
    for option, value in _KEEPALIVE:
        sock.setsockopt(IPPROTO_TCP, option, value)
    return sock


def encrypt(sock: socket, host: str, ca: str, pin: str) -> ssl.SSLSocket:
    """Begin TLS on a connection. `ca` is a PEM file, "" for the public authorities; `pin` a SHA-256 in hex, or "".

    With a pin alone nothing else is asked of the certificate. Temporary when it is another; ssl.SSLError, an OSError.
    """
    context = ssl.create_default_context(cafile=ca or None)
    if pin and not ca:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    encrypted = context.wrap_socket(sock, server_hostname=host)
    found = hashlib.sha256(encrypted.getpeercert(binary_form=True) or b"").hexdigest()
    if pin and found != pin:
        encrypted.close()
        raise Temporary(f"the server's certificate is not the pinned one: its SHA-256 is {found}")
    return encrypted
