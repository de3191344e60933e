"""A session from the first byte to QUIT: TLS, credentials, what was refused and whose fault that is."""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from socket import socket

from gateway.config.pop3 import Pop3
from gateway.errors import Temporary
from gateway.sources.mailserver import connect, encrypt
from gateway.sources.poller import Denied
from gateway.sources.pop3_dialog import Dialog, Refusal

_CODE = re.compile(r"\[([A-Za-z0-9/-]+)\]")


@dataclass(frozen=True, slots=True)
class Login:
    """Whose mailbox it is. `token` gives an access token where there is no password."""

    mailbox: Pop3
    token: Callable[[], str] | None = None


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
    try:
        _authenticate(dialog, login)
    except Refusal as error:
        raise refusal_of(str(error), tells="AUTH-RESP-CODE" in dialog.capabilities) from error
    dialog.is_in_another_state()


def _authenticate(dialog: Dialog, login: Login) -> None:
    mailbox = login.mailbox
    offered = [name.upper() for name in dialog.capabilities.get("SASL", [])]
    if login.token is not None:
        _sasl(dialog, *_bearer(mailbox, login.token(), offered))
        return
    password = mailbox.password.value() if mailbox.password is not None else ""
    if "PLAIN" in offered:
        _sasl(dialog, "PLAIN", f"\0{mailbox.user}\0{password}")
    elif not (mailbox.user + password).isprintable():
        raise Denied("the user's name or password has a control character, which this server cannot be sent")
    else:
        dialog.ask(f"USER {mailbox.user}")
        dialog.ask(f"PASS {password}")


def _bearer(mailbox: Pop3, token: str, offered: list[str]) -> tuple[str, str]:
    """Return how a token is sent (RFC 7628, or the older way that Microsoft and Google have)."""
    host, port = mailbox.address
    if "OAUTHBEARER" in offered:
        return "OAUTHBEARER", f"n,a={mailbox.user},\1host={host}\1port={port}\1auth=Bearer {token}\1\1"
    return "XOAUTH2", f"user={mailbox.user}\1auth=Bearer {token}\1\1"


def _sasl(dialog: Dialog, mechanism: str, response: str) -> None:
    """Log in by SASL (RFC 5034); the response goes on a line of its own, since it may be long."""
    dialog.send(f"AUTH {mechanism}")
    status, text = dialog.reply()
    if status == "+":
        dialog.send(b64encode(response.encode()).decode())
        status, text = dialog.reply()
    if status == "+":  # what was wrong with a token comes as a challenge, which wants an answer
        dialog.send("*" if mechanism == "PLAIN" else "")
        status, text = dialog.reply()
    if status != "+OK":
        raise Refusal(text)


def refusal_of(text: str, *, tells: bool) -> Denied | Temporary:
    """Say what a refused login means: Denied when the credentials are to blame, Temporary otherwise.

    `tells` is whether the server marks that with `[AUTH]` (RFC 3206). From one that does not, any refusal may mean it.
    """
    code = _CODE.match(text)
    name = code[1].upper() if code else ""
    if name == "AUTH" or not (name or tells):
        return Denied(text)
    return Temporary(text)
