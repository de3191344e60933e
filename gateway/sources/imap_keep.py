"""Keeping a message in a folder of a mailbox: APPEND (RFC 3501 6.3.11), and once only."""

import imaplib
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from imapclient import SEEN
from imapclient.imapclient import SENT

from gateway.config.imap import ImapAccount
from gateway.errors import Permanent, Temporary
from gateway.sources.imap_dialog import Dialog
from gateway.sources.imap_folder import Folder, name_on_server
from gateway.sources.imap_login import Login, said, session
from gateway.sources.poller import Denied

_USUAL = "Sent"
# RFC 4469 and 7889: no later try of the same message can go better.
_TOO_LARGE = re.compile(r"\[TOOBIG\]", re.IGNORECASE)
_NOT_THERE = re.compile(r"\[TRYCREATE\]", re.IGNORECASE)


def keep(
    login: Login[ImapAccount], folder: str, message: bytes, message_id: str, date: float, *, look: bool
) -> tuple[str, bool]:
    """Put a message into a folder, marked as read, as one of that Unix time; return the folder, and whether it is new.

    `folder` is a name as people see it, "" for the server's folder for sent mail; one that is not there is made. With
    `look` it is first looked whether the message is there already, since an earlier try may have come through: then it
    is not put there again. Temporary where it cannot be done now, Permanent where the server will never have it.
    """
    with _entered(login) as dialog:
        name = _place(dialog, folder)
        if look and _is_there(dialog, name, message_id):
            return name, False
        _append(dialog, name, message, datetime.fromtimestamp(int(date), UTC))
        return name, True


def place(login: Login[ImapAccount], folder: str) -> tuple[str, bool]:
    """Go as far as a copy would: log in, and return the folder's name there, and whether it is there already.

    Temporary, with the reason, where no copy could be kept.
    """
    with _entered(login) as dialog:
        name = _place(dialog, folder)
        return name, bool(dialog.folder_exists(name))


@contextmanager
def _entered(login: Login[ImapAccount]) -> Iterator[Dialog]:
    try:
        with session(login) as dialog:
            yield dialog
    except Denied as error:
        raise Temporary(f"{login.mailbox.host} does not let us in: {error}") from error
    except OSError as error:
        raise Temporary(f"{login.mailbox.host} could not be talked to: {error}") from error


def _place(dialog: Dialog, folder: str) -> str:
    """Return the folder's name on the server."""
    if not folder and dialog.has_capability("SPECIAL-USE"):
        special: str | None = dialog.find_special_folder(SENT)
        if special:
            return special
    return name_on_server(dialog, folder or _USUAL)


def _is_there(dialog: Dialog, name: str, message_id: str) -> bool:
    if not dialog.folder_exists(name):
        return False
    quoted = message_id.replace("\\", "\\\\").replace('"', '\\"')
    return bool(Folder(dialog, name, readonly=True).search(f'HEADER Message-ID "{quoted}"'))


def _append(dialog: Dialog, name: str, message: bytes, date: datetime) -> None:
    dialog.transport.expect(len(message))
    try:
        dialog.append(name, message, [SEEN], date)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        if _TOO_LARGE.search(said(error)):
            raise Permanent(
                f"the folder {name} does not take a message of {len(message)} bytes: {said(error)}"
            ) from error
        if not _NOT_THERE.search(said(error)):
            raise
        dialog.create_folder(name)
        with suppress(imaplib.IMAP4.error):
            dialog.subscribe_folder(name)
        dialog.append(name, message, [SEEN], date)
