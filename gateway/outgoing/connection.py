"""From a smarthost to a conversation that is ready for a mail: greeted, in TLS and logged in where that is wanted."""

import hashlib
import hmac
import smtplib
import ssl
from dataclasses import replace
from functools import cache

from gateway.outgoing.host import Smarthost
from gateway.outgoing.login import login
from gateway.outgoing.session import Session
from gateway.outgoing.timeouts import Timeouts
from gateway.outgoing.verdict import Step, failure


def connect(smarthost: Smarthost, hostname: str, timeouts: Timeouts) -> Session:
    """Return a conversation with a smarthost, in which `hostname` is who we are; Elsewhere where none can be had."""
    tls = smarthost.tls or _default_tls()
    implicit = tls if smarthost.security == "tls" else None
    try:
        session = Session(smarthost.host, smarthost.port, hostname=hostname, timeouts=timeouts, tls=implicit)
        try:
            _prepare(session, smarthost, tls)
        except BaseException:
            session.leave()
            raise
    except (OSError, ValueError) as error:
        raise failure(Step.GREETING, error, smarthost.address) from error
    return session


def try_login(smarthost: Smarthost, *, hostname: str, timeout: float, tls: ssl.SSLContext | None = None) -> str:
    """Go as far as a mail would: connect, TLS, login; nothing is sent. Return in words what was found.

    `timeout` is in seconds, for each wait; `tls` is for a smarthost that has none of its own. Raises Temporary, with
    the reason, where no mail would be taken.
    """
    session = connect(_with_tls(smarthost, tls), hostname, Timeouts.of(timeout))
    version = session.sock.version() if isinstance(session.sock, ssl.SSLSocket) else None
    session.leave()
    user = smarthost.user if smarthost.password is not None or smarthost.tokens is not None else ""
    return f"answers, {version or 'without TLS'}, {f'logged in as {user}' if user else 'no login'}"


def _with_tls(smarthost: Smarthost, tls: ssl.SSLContext | None) -> Smarthost:
    return smarthost if smarthost.tls is not None else replace(smarthost, tls=tls)


def _prepare(session: Session, smarthost: Smarthost, tls: ssl.SSLContext) -> None:
    _check_pin(session, smarthost)
    session.ehlo_or_helo_if_needed()
    wanted = smarthost.security == "opportunistic" and session.has_extn("STARTTLS")
    if wanted or smarthost.security == "starttls":
        session.secure(tls)
        _check_pin(session, smarthost)
    login(session, smarthost, private=isinstance(session.sock, ssl.SSLSocket))


def _check_pin(session: Session, smarthost: Smarthost) -> None:
    """Go on with the one certificate that is believed, where one is named; before TLS there is none to look at."""
    if not smarthost.pin or not isinstance(session.sock, ssl.SSLSocket):
        return
    found = hashlib.sha256(session.certificate).hexdigest()
    if not hmac.compare_digest(found, smarthost.pin):
        raise smtplib.SMTPException(f"shows another certificate than the one that is pinned: its SHA-256 is {found}")


@cache
def _default_tls() -> ssl.SSLContext:
    return ssl.create_default_context()
