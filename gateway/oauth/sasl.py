"""How an access token is sent to a mail server: two SASL mechanisms, alike for IMAP, POP3 and SMTP."""

_SEPARATOR = "\x01"


def xoauth2(user: str, token: str) -> bytes:
    """Return the first message of XOAUTH2, not yet in base64: what Microsoft and Google had before RFC 7628."""
    return _joined(f"user={user}", f"auth=Bearer {token}")


def oauthbearer(user: str, host: str, port: int, token: str) -> bytes:
    """Return the first message of OAUTHBEARER (RFC 7628 3.1), not yet in base64; `host` and `port` are the server's.

    In the name "=" and "," are written as RFC 5801 4 has it.
    """
    name = user.replace("=", "=3D").replace(",", "=2C")
    return _joined(f"n,a={name},", f"host={host}", f"port={port}", f"auth=Bearer {token}")


def _joined(*parts: str) -> bytes:
    """Put parts together; ValueError for a character that would end one of them early."""
    if any(_SEPARATOR in part or "\0" in part for part in parts):
        raise ValueError("a user's name or token with a control character cannot be sent")
    return (_SEPARATOR.join(parts) + 2 * _SEPARATOR).encode()
