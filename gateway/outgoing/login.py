"""A login at a smarthost (RFC 4954): PLAIN, LOGIN and CRAM-MD5.

smtplib's own login takes ASCII alone; a password may be any text, and goes as UTF-8 (RFC 4616).
"""

import hmac
import smtplib
from base64 import b64decode, b64encode
from collections.abc import Callable

from gateway.outgoing.session import Session
from gateway.outgoing.verdict import SmtpReply

_GO_ON = 334


def login(session: Session, user: str, password: str, *, private: bool) -> SmtpReply:
    """Log in by the first way that both sides know, and return the last reply, which says whether it went well.

    `private` is whether the line is encrypted: where it is not, a way that hides the password comes first.
    Raises smtplib.SMTPNotSupportedError if there is no common way.
    """
    offered = session.esmtp_features.get("auth", "").upper().split()
    known = ("PLAIN", "LOGIN", "CRAM-MD5") if private else ("CRAM-MD5", "PLAIN", "LOGIN")
    for name in known:
        if name in offered:
            return _WAYS[name](session, user, password)
    raise smtplib.SMTPNotSupportedError(
        f"offers no way to log in that we know (it offers: {' '.join(offered) or 'none'})"
    )


def _plain(session: Session, user: str, password: str) -> SmtpReply:
    return session.ask("AUTH", f"PLAIN {_base64(f'{chr(0)}{user}{chr(0)}{password}')}")


def _login(session: Session, user: str, password: str) -> SmtpReply:
    reply = session.ask("AUTH", "LOGIN")
    for text in (user, password):
        if reply.code == _GO_ON:
            reply = session.ask(_base64(text))
    return reply


def _cram_md5(session: Session, user: str, password: str) -> SmtpReply:
    reply = session.ask("AUTH", "CRAM-MD5")
    if reply.code != _GO_ON:
        return reply
    return session.ask(_base64(f"{user} {hmac.digest(password.encode(), b64decode(reply.text), 'md5').hex()}"))


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()


_WAYS: dict[str, Callable[[Session, str, str], SmtpReply]] = {"PLAIN": _plain, "LOGIN": _login, "CRAM-MD5": _cram_md5}
