"""What is done with messages once they are ours: nothing, a flag, a keyword, a move, a deletion.

Nobody else's message is ever touched: where a server cannot remove single ones (UIDPLUS, RFC 4315), ours stay marked as
deleted, unless the settings say that all such may go.
"""

from dataclasses import dataclass
from typing import NamedTuple

from imapclient.imap_utf7 import encode

from gateway.config.imap import Imap
from gateway.sources.imap_dialog import Dialog
from gateway.sources.imap_folder import name_on_server
from gateway.sources.imap_response import sequence


class Step(NamedTuple):
    """A command. Once one that is `half` is done, only those behind it are left to do, also after a crash."""

    command: str
    half: bool = False


@dataclass(frozen=True, slots=True)
class After:
    """The setting, as this server can do it. `flag` is what is set, "" for none; `target` a quoted folder."""

    flag: str = ""
    target: str = ""
    deletes: bool = False
    can_move: bool = False
    can_expunge: bool = False
    expunge_all: bool = False

    @property
    def does_something(self) -> bool:
        """Whether anything is to be done."""
        return bool(self.flag or self.target or self.deletes)

    def steps(self, uids: list[int], *, half_done: bool = False) -> list[Step]:
        """Return the commands for messages, in order; `half_done` are those that were copied already."""
        some = sequence(uids)
        if self.flag:
            return [Step(f"UID STORE {some} +FLAGS.SILENT ({self.flag})")]
        if self.target and self.can_move and not half_done:
            return [Step(f"UID MOVE {some} {self.target}")]
        copy = [Step(f"UID COPY {some} {self.target}", half=True)] if self.target and not half_done else []
        return [*copy, Step(f"UID STORE {some} +FLAGS.SILENT (\\Deleted)"), *self._removal(some)]

    def _removal(self, some: str) -> list[Step]:
        if self.can_expunge:
            return [Step(f"UID EXPUNGE {some}")]
        return [Step("EXPUNGE")] if self.expunge_all else []

    def creation(self) -> Step:
        """Return the command that makes the folder."""
        return Step(f"CREATE {self.target}")


def after_on(dialog: Dialog, mailbox: Imap) -> After:
    """Return what a mailbox's `after` comes to on its server."""
    kind, _, name = mailbox.after.partition(":")
    return After(
        flag={"seen": "\\Seen", "keyword": name}.get(kind, ""),
        target=_quoted(name_on_server(dialog, name)) if kind == "move" else "",
        deletes=kind == "delete",
        can_move=bool(dialog.has_capability("MOVE")),
        can_expunge=bool(dialog.has_capability("UIDPLUS")),
        expunge_all=mailbox.expunge_all,
    )


def _quoted(name: str) -> str:
    text = encode(name).decode("ascii").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
