"""Whether mail can be fetched: a login to each mailbox, a look at each folder and directory, a token of each provider.

Nothing is read, marked or moved.
"""

import os
import socket
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from gateway.config.imap import Imap
from gateway.config.lmtp import UnixSocket
from gateway.config.maildir import Directory, Maildir, Pickup
from gateway.config.pop3 import Pop3
from gateway.config.units import duration_text
from gateway.errors import GatewayError, Refused, said
from gateway.finding import Finding
from gateway.oauth.source import TokenSource
from gateway.plan import Plan
from gateway.sources import imap_login, pop3_login
from gateway.sources.imap_dialog import Dialog
from gateway.sources.imap_folder import Folder, name_on_server
from gateway.sources.poller import Denied

_AT_ONCE = 8
_OURS = os.R_OK | os.W_OK | os.X_OK


def reach(plan: Plan) -> list[Finding]:
    """Look at everything that mail is fetched from, some at a time, since each may take its whole time limit."""
    settings = plan.settings
    looks: list[Callable[[], list[Finding]]] = [
        *(partial(_token, name, source) for name, source in plan.tokens.items()),
        *(partial(_mailbox, one, partial(_imap, one, _token_of(plan, one))) for one in settings.imap),
        *(partial(_mailbox, one, partial(_pop3, one, _token_of(plan, one))) for one in settings.pop3),
        *(partial(_maildir, one) for one in settings.maildir),
        *(partial(_pickup, one) for one in settings.pickup),
        *(partial(_socket, one) for one in settings.lmtp.listen if isinstance(one, UnixSocket)),
    ]
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return [finding for found in threads.map(lambda look: look(), looks) for finding in found]


def _token_of(plan: Plan, mailbox: Imap | Pop3) -> TokenSource | None:
    return plan.token_of(mailbox.oauth) if mailbox.oauth else None


def _token(name: str, source: TokenSource) -> list[Finding]:
    what = f"tokens of oauth.{name}"
    try:
        source.token()
        said = source.describe()
    except Refused as error:
        return [Finding(what, "wrong", f"{error}; after mending it: cention-gateway oauth login {name}")]
    except GatewayError as error:
        return [Finding(what, "wrong", f"no token can be had now: {error}")]
    return [Finding(what, "ok", said)]


def _mailbox(mailbox: Imap | Pop3, look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """Look at a mailbox, and say what stood in the way; what was found before that stays."""
    kind = "imap" if isinstance(mailbox, Imap) else "pop3"
    what, (host, port) = f"{kind} {mailbox.name}", mailbox.address
    found: list[Finding] = []
    try:
        found.extend(look())
    except (Denied, Refused) as error:
        key = f"oauth.{mailbox.oauth}" if mailbox.oauth else "user and password"
        found.append(Finding(what, "wrong", f"{host} refuses the login of {mailbox.user}: {error}; see to {key}"))
    except socket.gaierror as error:
        found.append(Finding(what, "wrong", f"host {host} is not found in DNS: {error.strerror}"))
    except (GatewayError, OSError) as error:
        found.append(Finding(what, "wrong", f"{host}:{port} cannot be used: {said(error)}"))
    return found


def _imap(mailbox: Imap, token: TokenSource | None) -> Iterator[Finding]:
    with imap_login.session(imap_login.Login(mailbox, token)) as dialog:
        said = "; ".join([f"{mailbox.host} lets {mailbox.user} in", *_lacks(dialog, mailbox)])
        yield Finding(f"imap {mailbox.name}", "ok", said)
        for name in mailbox.folders:
            yield _folder(dialog, mailbox, name)
        if mailbox.target and not dialog.folder_exists(name_on_server(dialog, mailbox.target)):
            what = f"imap {mailbox.name} folder {mailbox.target}"
            yield Finding(what, "ok", "is not there, and will be made when something is moved there")


def _lacks(dialog: Dialog, mailbox: Imap) -> Iterator[str]:
    """Say what the server cannot do, and what we do instead."""
    if mailbox.idle and not dialog.has_capability("IDLE"):
        yield f"it has no IDLE: looked at every {duration_text(mailbox.interval)}"
    if mailbox.target and not dialog.has_capability("MOVE"):
        yield "it has no MOVE: messages are copied and deleted"
    deletes = mailbox.target or mailbox.after == "delete"
    if deletes and not dialog.has_capability("UIDPLUS") and not mailbox.expunge_all:
        yield "it has no UIDPLUS: messages stay there marked as deleted, or set expunge_all = true"


def _folder(dialog: Dialog, mailbox: Imap, name: str) -> Finding:
    what = f"imap {mailbox.name} folder {name}"
    try:
        with imap_login.mapped():
            folder = Folder(dialog, name, readonly=True)
    except GatewayError as error:
        return Finding(what, "wrong", f"cannot be opened: {error}; see to imap.folders")
    return Finding(what, "ok", f"{folder.exists} messages")


def _pop3(mailbox: Pop3, token: TokenSource | None) -> Iterator[Finding]:
    with pop3_login.session(pop3_login.Login(mailbox, token)) as dialog:
        lacks = "" if "UIDL" in dialog.capabilities else "; it does not say that it has UIDL"
        yield Finding(f"pop3 {mailbox.name}", "ok", f"{mailbox.host} lets {mailbox.user} in{lacks}")


def _maildir(maildir: Maildir) -> list[Finding]:
    wanted = [maildir.path / "new"] if maildir.done is None else [maildir.path / "new", maildir.done]
    return [_directory(f"maildir {maildir.name}", maildir, wanted)]


def _pickup(pickup: Pickup) -> list[Finding]:
    done = [] if pickup.done is None else [pickup.done]
    return [_directory(f"pickup {pickup.name}", pickup, [pickup.path, *done, pickup.path / "failed"])]


def _directory(what: str, directory: Directory, wanted: list[Path]) -> Finding:
    """The first one is read from and has to be there; the others are written to, and made where they are not there."""
    if not wanted[0].is_dir():
        return Finding(what, "wrong", f"{wanted[0]}: no such directory; see to its path")
    for path in wanted:
        place = path if path.exists() else path.parent
        if not os.access(place, _OURS):
            return Finding(what, "wrong", f"{place}: the gateway's user must be able to read, write and enter it")
    return Finding(what, "ok", f"{directory.path} can be read and written")


def _socket(place: UnixSocket) -> list[Finding]:
    what, path = f"lmtp {place}", Path(place.path)
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return [Finding(what, "wrong", f"{path.parent}: expected a directory that the gateway's user can write in")]
    if path.exists() and not stat.S_ISSOCK(path.stat().st_mode):
        return [Finding(what, "wrong", f"{path} is there and no socket: move it away")]
    return [Finding(what, "ok", "can be made there")]
