"""Mail out: a composed mail to the first smarthost that takes it, each recipient's fate told (RFC 5321)."""

import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Literal
from urllib.parse import unquote, urlsplit

from gateway.errors import Permanent, Temporary
from gateway.outgoing.login import login
from gateway.outgoing.session import Session
from gateway.outgoing.transaction import Refusal, Transaction, all_refused, begin, prepare
from gateway.outgoing.verdict import Elsewhere, Step, failure, require

__all__ = ["Delivery", "Refusal", "Security", "Smarthost", "deliver", "parse_smarthost", "try_login"]

Security = Literal["plain", "starttls", "tls"]
_SCHEMES: dict[str, tuple[Security, int]] = {
    "smtp": ("plain", 25),
    "smtp+starttls": ("starttls", 587),
    "smtps": ("tls", 465),
}
_SENTENCE = 2000


@dataclass(frozen=True, slots=True)
class Smarthost:
    """Where mail is handed to. `password` is asked for at each login, so that it can change while we run."""

    host: str
    port: int
    security: Security
    user: str = ""
    password: Callable[[], str] | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """`host:port`, as sentences and traces name it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a mail: whom `smarthost` took it for and with which final reply, and whom it refused.

    `sent` is empty, and so is `reply`, where some recipients were refused for good and all others for now.
    """

    sent: tuple[str, ...]
    refused: tuple[Refusal, ...]
    smarthost: str
    reply: str


def parse_smarthost(url: str, user: str = "", password: Callable[[], str] | None = None) -> Smarthost:
    """Read `smtp://`, `smtp+starttls://` or `smtps://[user:password@]host[:port]`.

    The port is 25, 587 or 465 if not given; an IPv6 host stands in brackets. User and password may stand in the URL,
    percent-encoded, or be given beside it. Raises ValueError, with a sentence that repeats nothing of the URL, since a
    password may be in it.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("a smarthost's URL needs a valid host and a port from 1 to 65535") from None
    if parts.scheme not in _SCHEMES:
        raise ValueError("a smarthost's URL begins with smtp://, smtp+starttls:// or smtps://")
    if not host or port == 0 or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("a smarthost's URL names a host, perhaps a port, and nothing after them")
    security, default_port = _SCHEMES[parts.scheme]
    user, password = _credentials(unquote(parts.username or ""), parts.password, user, password)
    return Smarthost(host, port or default_port, security, user, password)


def _credentials(
    url_user: str, url_password: str | None, user: str, password: Callable[[], str] | None
) -> tuple[str, Callable[[], str] | None]:
    if (url_user and user) or (url_password and password):
        raise ValueError("a smarthost's user and password stand in its URL or beside it, not in both")
    if bool(url_user or user) != bool(url_password or password):
        raise ValueError("a smarthost's user and password are given together or not at all")

    def of_the_url() -> str:
        return unquote(url_password or "")

    return url_user or user, of_the_url if url_password else password


def deliver(
    smarthosts: Sequence[Smarthost],
    sender: str,
    recipients: Sequence[str],
    message: bytes,
    *,
    hostname: str,
    timeout: float,
    tls: ssl.SSLContext | None = None,
) -> Delivery:
    """Hand `message` (line ends CRLF) to the first smarthost that answers, for all recipients in one transaction.

    `sender` is the envelope's, "" for the null one. `hostname` is what EHLO says. `timeout` is in seconds, for each
    wait; the one after the final dot is five times as long. `tls` replaces the default context, which trusts the
    system's authorities. Raises Temporary if no smarthost answers or one says to try again, Permanent if it refuses the
    mail or all recipients (TooLarge for its size).
    """
    mail = prepare(sender, recipients, message)
    failures = []
    for smarthost in smarthosts:
        try:
            return _hand_over(smarthost, mail, hostname, timeout, tls or _default_tls())
        except Elsewhere as nothing_taken:
            failures.append(str(nothing_taken))
    raise Temporary(f"No smarthost took the mail: {'; '.join(failures)[:_SENTENCE] or 'none is set'}")


def try_login(smarthost: Smarthost, *, hostname: str, timeout: float, tls: ssl.SSLContext | None = None) -> str:
    """Go as far as a mail would: connect, TLS, login; nothing is sent. Return in words what was found.

    Arguments are as for `deliver`. Raises Temporary, with the reason, where no mail would be taken.
    """
    try:
        with _session(smarthost, hostname, timeout, tls or _default_tls()) as session:
            version = session.sock.version() if isinstance(session.sock, ssl.SSLSocket) else None
    except (OSError, ValueError) as error:
        raise failure(Step.GREETING, error, smarthost.address) from error
    return f"answers, {version or 'without TLS'}, {f'logged in as {smarthost.user}' if smarthost.user else 'no login'}"


def _hand_over(smarthost: Smarthost, mail: Transaction, hostname: str, timeout: float, tls: ssl.SSLContext) -> Delivery:
    step = Step.GREETING
    try:
        with _session(smarthost, hostname, timeout, tls) as session:
            sent, refused = begin(session, mail, smarthost.address)
            if not sent:
                return _nobody(refused, smarthost.address)
            require(Step.CONTENT, session.ask("DATA"), smarthost.address)
            session.send_content(mail.message)
            step = Step.END
            reply = session.end_content()
    except (OSError, ValueError) as error:
        raise failure(step, error, smarthost.address) from error
    require(Step.END, reply, smarthost.address)
    return Delivery(sent, refused, smarthost.address, str(reply))


@contextmanager
def _session(smarthost: Smarthost, hostname: str, timeout: float, tls: ssl.SSLContext) -> Iterator[Session]:
    """Hold a conversation that is ready for a mail: greeted, in TLS and logged in where that is wanted."""
    implicit = tls if smarthost.security == "tls" else None
    session = Session(smarthost.host, smarthost.port, hostname=hostname, timeout=timeout, tls=implicit)
    try:
        session.ehlo_or_helo_if_needed()
        if smarthost.security == "starttls":
            session.secure(tls)
        if smarthost.user and smarthost.password:
            private = smarthost.security != "plain"
            reply = login(session, smarthost.user, smarthost.password(), private=private)
            require(Step.LOGIN, reply, smarthost.address)
        yield session
    finally:
        session.leave()


def _nobody(refused: tuple[Refusal, ...], smarthost: str) -> Delivery:
    """Tell of a mail that nobody was taken for: one error if all were refused alike, else each one's refusal."""
    kinds = {refusal.permanent for refusal in refused}
    if kinds == {True}:
        raise Permanent(all_refused(refused))
    if kinds == {False}:
        raise Temporary(all_refused(refused))
    return Delivery((), refused, smarthost, "")


@cache
def _default_tls() -> ssl.SSLContext:
    return ssl.create_default_context()
