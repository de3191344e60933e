"""A session from the first byte to LOGIN and back: TLS with its own authority or a pin, credentials, what was refused.

The one border where imaplib's errors become ours.
"""

import imaplib
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.config.imap import ImapAccount
from gateway.errors import GatewayError, Refused, Temporary
from gateway.sources.imap_dialog import Dialog
from gateway.sources.imap_wire import Encryption
from gateway.sources.poller import Denied
from gateway.sources.token import Token

_GOODBYE_SECONDS = 5.0
# RFC 5530: the account is not to blame. A NO without a code is: servers that know none say it so.
_PASSING = re.compile(r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG|CONTACTADMIN|OVERQUOTA)\b", re.IGNORECASE)
_CROWDED = re.compile(
    r"\[LIMIT\b|maximum (number of|allowed)? ?connections|too many (simultaneous |concurrent )?conn", re.IGNORECASE
)
_QUOTED = re.compile(r"""^(?:[\w ]+ failed: )?b(['"])(.*)\1$""", re.DOTALL)


class Crowded(Temporary):
    """The server has as many connections of ours as it takes."""


Account_co = TypeVar("Account_co", bound=ImapAccount, covariant=True)


@dataclass(frozen=True, slots=True)
class Login(Generic[Account_co]):
    """Whose mailbox it is, and how it is entered where that is not by a password."""

    mailbox: Account_co
    token: Token | None = None


@contextmanager
def session(login: Login[ImapAccount]) -> Iterator[Dialog]:
    """Have a session that is logged in; Denied, Crowded, Temporary or OSError when it cannot be had, or ends.

    At the end it is logged out of, within seconds.
    """
    with mapped():
        dialog = _connected(login.mailbox)
        try:
            _log_in(dialog, login)
            yield dialog
        finally:
            _leave(dialog)


@contextmanager
def mapped() -> Iterator[None]:
    """Turn what imaplib and imapclient raise into Temporary, with what the server said."""
    try:
        yield
    except imaplib.IMAP4.error as error:
        raise Temporary(said(error)) from error


def said(error: BaseException) -> str:
    """Return what the server said, without what the libraries wrap around it."""
    text = str(error.args[0].decode("utf-8", "replace") if error.args and isinstance(error.args[0], bytes) else error)
    found = _QUOTED.match(text)
    return (found[2] if found else text).strip() or type(error).__name__


def _connected(mailbox: ImapAccount) -> Dialog:
    host, port = mailbox.address
    encryption = Encryption(mailbox.ca, mailbox.pin)
    dialog = Dialog(host, port, encryption if mailbox.security == "tls" else None, mailbox.timeout)
    try:
        if mailbox.security == "starttls":
            dialog.starttls(encryption)
    except BaseException:
        dialog.shutdown()
        raise
    return dialog


def _log_in(dialog: Dialog, login: Login[ImapAccount]) -> None:
    try:
        _authenticate(dialog, login)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        raise _refusal(said(error)) from error
    if dialog.has_capability("ID"):
        # Some providers let nobody in who does not say what they are; none has to answer.
        with suppress(imaplib.IMAP4.error):
            dialog.id_({"name": "cention-gateway"})


def _authenticate(dialog: Dialog, login: Login[ImapAccount]) -> None:
    user = login.mailbox.user
    if login.token is not None:
        _show_token(dialog, user, login.token)
        return
    password = login.mailbox.password.value() if login.mailbox.password is not None else ""
    if dialog.has_capability("AUTH=PLAIN"):
        dialog.plain_login(user, password)
    elif dialog.has_capability("LOGINDISABLED"):
        raise Denied("the server takes no password on this connection: it may want TLS")
    elif not ((user + password).isascii() and (user + password).isprintable()):
        raise Denied("the user's name or password has a character that LOGIN cannot send, and the server has no PLAIN")
    else:
        dialog.login(user, password)


def _show_token(dialog: Dialog, user: str, source: Token) -> None:
    try:
        token = source()
    except Refused as error:
        raise Denied(str(error)) from error
    try:
        if dialog.has_capability("AUTH=OAUTHBEARER"):
            dialog.oauthbearer_login(user, token)
        else:
            dialog.oauth2_login(user, token)
    except imaplib.IMAP4.error as error:
        if isinstance(_refusal(said(error)), Denied):
            source.invalidate(token)
        raise


def _refusal(text: str) -> Exception:
    if _CROWDED.search(text):
        return Crowded(text)
    return Temporary(text) if _PASSING.search(text) else Denied(text)


def _leave(dialog: Dialog) -> None:
    """Log out, unless an answer is still to come; what goes wrong now does not matter any more."""
    with suppress(imaplib.IMAP4.error, OSError, GatewayError):
        if not dialog.open_commands:
            dialog.transport.hurry(_GOODBYE_SECONDS)
            dialog.logout()
    with suppress(imaplib.IMAP4.error, OSError):
        dialog.shutdown()
