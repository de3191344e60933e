"""A session from the first byte to QUIT: TLS, credentials, what was refused and whose fault that is."""

import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from socket import socket

from gateway.config.pop3 import Pop3
from gateway.errors import Temporary
from gateway.oauth.sasl import oauthbearer, xoauth2
from gateway.sources.mailserver import connect, encrypt
from gateway.sources.poller import Denied
from gateway.sources.pop3_dialog import Dialog, Refusal
from gateway.sources.token import Token

_CODE = re.compile(r"\[([A-Za-z0-9/-]+)\]")


@dataclass(frozen=True, slots=True)
class Login:
    """Whose mailbox it is. `token` gives an access token where there is no password."""

    mailbox: Pop3
    token: Token | None = None


@contextmanager
def session(login: Login) -> Iterator[Dialog]:
    """Have a session that is logged in; Denied, Temporary or OSError when it cannot be had, or ends.

    When the context ends well it is ended by QUIT, and only then the server deletes; otherwise nothing is deleted.
    """
    dialog = Dialog(_connected(login.mailbox), login.mailbox.timeout)
    try:
        dialog.answer()
        if login.mailbox.security == "starttls":
            dialog.encrypt(login.mailbox.host, login.mailbox.ca, login.mailbox.pin)
        _log_in(dialog, login)
        yield dialog
        dialog.ask("QUIT")
    except Refusal as error:
        raise Temporary(str(error)) from error
    finally:
        dialog.close()


def _connected(mailbox: Pop3) -> socket:
    sock = connect(mailbox.address, mailbox.timeout)
    try:
        return encrypt(sock, mailbox.host, mailbox.ca, mailbox.pin) if mailbox.security == "tls" else sock
    except BaseException:
        sock.close()
        raise


def _log_in(dialog: Dialog, login: Login) -> None:
    offered = [name.upper() for name in dialog.capabilities.get("SASL", [])]
    try:
        if login.token is None:
            _show_password(dialog, login.mailbox, offered)
        else:
            _show_token(dialog, login.mailbox, login.token, offered)
    except Refusal as error:
        raise _refused(dialog, error) from error
    dialog.is_in_another_state()


def _show_password(dialog: Dialog, mailbox: Pop3, offered: list[str]) -> None:
    password = mailbox.password.value() if mailbox.password is not None else ""
    if "PLAIN" in offered:
        _sasl(dialog, "PLAIN", f"\0{mailbox.user}\0{password}".encode())
    elif not (mailbox.user + password).isprintable():
        raise Denied("the user's name or password has a control character, which this server cannot be sent")
    else:
        dialog.ask(f"USER {mailbox.user}")
        dialog.ask(f"PASS {password}")


def _show_token(dialog: Dialog, mailbox: Pop3, source: Token, offered: list[str]) -> None:
    token = source()
    try:
        _sasl(dialog, *_bearer(mailbox, token, offered))
    except Refusal as error:
        if isinstance(_refused(dialog, error), Denied):
            source.invalidate(token)
        raise


def _bearer(mailbox: Pop3, token: str, offered: list[str]) -> tuple[str, bytes]:
    """Return how a token is sent (RFC 7628, or the older way that Microsoft and Google have)."""
    try:
        if "OAUTHBEARER" in offered:
            return "OAUTHBEARER", oauthbearer(mailbox.user, *mailbox.address, token)
        return "XOAUTH2", xoauth2(mailbox.user, token)
    except ValueError as error:
        raise Denied(str(error)) from error


def _sasl(dialog: Dialog, mechanism: str, response: bytes) -> None:
    """Log in by SASL (RFC 5034); the response goes on a line of its own, since it may be long."""
    dialog.send(f"AUTH {mechanism}")
    status, text = dialog.reply()
    if status == "+":
        dialog.send(b64encode(response).decode())
        status, text = dialog.reply()
    if status == "+":  # what was wrong with a token comes as a challenge, which wants an answer
        dialog.send("*" if mechanism == "PLAIN" else "")
        status, text = dialog.reply()
    if status != "+OK":
        raise Refusal(text)


def _refused(dialog: Dialog, error: Refusal) -> Denied | Temporary:
    return refusal_of(str(error), tells="AUTH-RESP-CODE" in dialog.capabilities)


def refusal_of(text: str, *, tells: bool) -> Denied | Temporary:
    """Say what a refused login means: Denied when the credentials are to blame, Temporary otherwise.

    `tells` is whether the server marks that with `[AUTH]` (RFC 3206). From one that does not, any refusal may mean it.
    """
    code = _CODE.match(text)
    name = code[1].upper() if code else ""
    if name == "AUTH" or not (name or tells):
        return Denied(text)
    return Temporary(text)
