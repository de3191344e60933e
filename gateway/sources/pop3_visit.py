"""A session in a POP3 mailbox: what is new is taken, what is ours and has been left for long enough is deleted."""

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future

from gateway.config.pop3 import Pop3
from gateway.errors import GatewayError, Permanent, Temporary
from gateway.model import Receipt
from gateway.sources.intake import Intake, batches
from gateway.sources.poller import COMMIT_SECONDS, Ground
from gateway.sources.pop3_dialog import Dialog, Refusal
from gateway.sources.pop3_ledger import Ledger, Message, key_of_content, messages_of

_VISIT_SECONDS = 60.0
_SLACK = 1024 * 1024
_COMMANDS = 100


class Visit:
    """Lives as long as the session. `end` it once the server has answered QUIT."""

    def __init__(self, ground: Ground, dialog: Dialog, mailbox: Pop3, ledger: Ledger, intake: Intake) -> None:
        self._ground = ground
        self._dialog = dialog
        self._mailbox = mailbox
        self._ledger = ledger
        self._intake = intake
        self._present: set[str] = set()
        self._deleted: list[str] = []
        self._undeleted = ""
        self._complete = True

    def take_all(self) -> bool:
        """Take what is new, and delete what is due; return whether time was up before all was taken."""
        messages = self._listed()
        self._present = {message.key for message in messages}
        self._delete([message for message in messages if self._ledger.is_ours(message.key)])
        end = time.monotonic() + _VISIT_SECONDS
        for count, batch in enumerate(batches(filter(self._is_due, messages), lambda message: message.size)):
            if self._ground.stopping.is_set() or (count and time.monotonic() > end):
                self._complete = False
                return True
            self._take(batch)
        return False

    def end(self) -> None:
        """Forget what is gone now; Temporary when the server would not delete."""
        self._ledger.forget(self._deleted)
        if self._complete:
            self._ledger.keep_only(self._present)
        if self._undeleted:
            raise Temporary(f"the server does not delete what was taken: {self._undeleted}")

    def _listed(self) -> list[Message]:
        sizes = self._dialog.listing("LIST")
        try:
            uidls = self._dialog.listing("UIDL")
        except Refusal:
            uidls = []
        return messages_of(sizes, uidls)

    def _is_due(self, message: Message) -> bool:
        if self._ledger.is_ours(message.key) or self._ledger.waits(message.key):
            return False
        if message.size <= self._mailbox.max_size:
            return True
        reason = f"it has {message.size} bytes, more than max_size ({self._mailbox.max_size})"
        if self._ledger.is_too_large(message.key, reason):
            self._ground.skipped(_shown(message), reason)
        return False

    # -- taking

    def _take(self, batch: Sequence[Message]) -> None:
        """Take some messages: all of them are asked for at once where the server allows it."""
        self._ground.check_room(sum(message.size for message in batch))
        commits: dict[Message, Future[Receipt]] = {}
        known: list[Message] = []
        answered = self._asked([f"RETR {message.number}" for message in batch])
        try:
            for message, _ in zip(batch, answered, strict=True):
                taken, commit = self._receive(message)
                if commit is not None:
                    commits[taken] = commit
                elif self._ledger.is_ours(taken.key):
                    known.append(taken)
        finally:
            ours = self._settle(commits)
        self._delete(ours + known)

    def _receive(self, message: Message) -> "tuple[Message, Future[Receipt] | None]":
        """Read a message, and hand it to the store. The message is returned as it is known from then on.

        A message at which the connection breaks waits as one does that is refused, so that it stands in nobody's way.
        """
        reading = _Reading(message)
        try:
            self._dialog.answer(message.size)
            content = self._dialog.content(2 * message.size + _SLACK)
            try:
                commit = self._intake.take(
                    message.key, reading.of(content), lambda: not self._ledger.is_ours(reading.message.key)
                )
            except Permanent as error:
                for _ in content:
                    pass
                self._failed(message, error, lasting=True)
                return message, None
        except (Refusal, OSError) as error:
            self._failed(message, error)
            if isinstance(error, OSError):
                raise
            return message, None
        self._present.add(reading.message.key)
        return reading.message, commit

    def _settle(self, commits: "dict[Message, Future[Receipt]]") -> list[Message]:
        """Wait for commits and remember what is ours; then raise what the store raised."""
        ours, trouble = [], None
        for message, commit in commits.items():
            try:
                commit.result(COMMIT_SECONDS)
            except Permanent as error:
                self._failed(message, error, lasting=True)
            except (GatewayError, TimeoutError) as error:
                trouble = error
            else:
                ours.append(message)
        self._ledger.take(message.key for message in ours)
        if trouble is not None:
            raise trouble
        return ours

    def _failed(self, message: Message, error: Exception, *, lasting: bool = False) -> None:
        self._complete = self._complete and message.certain
        if self._ledger.fail(message.key, str(error), lasting=lasting):
            self._ground.skipped(_shown(message), str(error))

    # -- deleting

    def _delete(self, messages: Sequence[Message]) -> None:
        """Delete those messages of ours that have been left for long enough."""
        due = [message for message in messages if self._ledger.age(message.key) >= self._mailbox.leave]
        for message, _ in zip(due, self._asked([f"DELE {message.number}" for message in due]), strict=True):
            try:
                self._dialog.answer()
            except Refusal as error:
                self._undeleted = str(error)
            else:
                self._deleted.append(message.key)

    def _asked(self, commands: Sequence[str]) -> Iterator[None]:
        """Send commands, and stop at each for its answer to be read; several go together where the server allows it."""
        together = _COMMANDS if self._dialog.pipelines else 1
        for start in range(0, len(commands), together):
            some = commands[start : start + together]
            self._dialog.send(*some)
            yield from (None for _ in some)


class _Reading:
    """A message while it is read: `message` is known by its content at the end, where the server has no name for it."""

    def __init__(self, message: Message) -> None:
        self.message = message
        self._digest = hashlib.sha256()

    def of(self, content: Iterable[bytes]) -> Iterator[bytes]:
        for piece in content:
            if not self.message.certain:
                self._digest.update(piece)
            yield piece
        if not self.message.certain:
            key = key_of_content(self._digest.hexdigest(), self.message.size)
            self.message = self.message._replace(key=key)


def _shown(message: Message) -> str:
    return f"message {message.number}, UIDL {message.key}" if message.certain else f"message {message.number}"
