"""Messages on their way from a folder into the store: fetched ahead while the ones before are being committed."""

import imaplib
from collections import Counter, deque
from collections.abc import Iterator, Sequence

from gateway.errors import GatewayError
from gateway.sources.imap_batch import Batch, together
from gateway.sources.imap_clerk import Clerk
from gateway.sources.imap_dialog import Answered, Goodbye
from gateway.sources.imap_envelope import head_of, identified
from gateway.sources.imap_finish import Finish
from gateway.sources.imap_folder import Folder, chunks
from gateway.sources.imap_large import Addressed, Stopped, fetch_large
from gateway.sources.imap_progress import Failure, Outcome, Progress
from gateway.sources.imap_response import Fetched, Response, fetched, sequence
from gateway.sources.poller import Ground

_LARGE = 1024 * 1024
_UNDER_WAY = 2
_COMMITTING = 2
_BREAKS = 3


class Transfer:
    """Takes messages of one open folder.

    `breaks` counts how often the connection broke at a message; it outlives us.
    """

    def __init__(
        self,
        ground: Ground,
        folder: Folder,
        progress: Progress,
        clerk: Clerk,
        finish: Finish,
        addressed: Addressed,
        max_size: int,
        breaks: Counter[int],
    ) -> None:
        self._ground = ground
        self._folder = folder
        self._dialog = folder.dialog
        self._progress = progress
        self._clerk = clerk
        self._finish = finish
        self._addressed = addressed
        self._max_size = max_size
        self._breaks = breaks
        self._under_way: deque[Batch] = deque()
        self._waiting: dict[int, Batch] = {}
        self._unsure: list[int] = []
        self._broken = False
        self._dialog.on_message = self._arrived

    def take(self, uids: Sequence[int], *, forward: bool = False, alone: bool = False) -> None:
        """Take messages, whose UIDs rise; `alone` one by one. Raises what the store or the connection raises.

        When it is told to stop it returns early; what was taken until then is settled in any case.
        """
        self._clerk.begin()
        try:
            self._fetch_all(uids, forward=forward, alone=alone)
        except Stopped:
            self._give_up()
        except (OSError, Goodbye, imaplib.IMAP4.error):
            self._breaks_off()
            raise
        except GatewayError:
            self._give_up()
            raise
        finally:
            self._see_to()
        if not self._broken:
            self._dialog.catch_up()
            self._clerk.wait()
            self._resolve()

    def _fetch_all(self, uids: Sequence[int], *, forward: bool, alone: bool) -> None:
        for messages in self._batches(uids, alone=alone):
            if self._ground.stopping.is_set():
                break
            self._fetch(Batch(messages, forward))
        self._dialog.catch_up()

    # -- what is fetched together

    def _batches(self, uids: Sequence[int], *, alone: bool) -> Iterator[list[Fetched]]:
        """Put messages together; alone are large ones, and those at which the connection broke."""
        largest = min(_LARGE, self._max_size)
        for some in chunks(uids):
            yield from together(
                self._sizes(some),
                lambda message: alone or message.size > largest or message.uid in self._breaks,
            )

    def _sizes(self, uids: list[int]) -> list[Fetched]:
        """Ask for sizes; a message that the server says nothing of is asked for all the same."""
        known = {one.uid: one for one in self._folder.listed(uids, "RFC822.SIZE")}
        return [known.get(uid, Fetched(uid)) for uid in uids]

    # -- fetching

    def _fetch(self, batch: Batch) -> None:
        """Send for a batch, and read what was sent for before."""
        first = batch.messages[0]
        if batch.alone and (failure := self._hopeless(first)) is not None:
            self._dialog.catch_up()
            batch.failed[first.uid] = failure
            self._has_come(batch)
        elif batch.alone:
            self._fetch_alone(batch)
        else:
            self._ground.check_room(batch.size)
            self._under_way.append(batch)
            self._waiting |= dict.fromkeys(batch.uids, batch)
            command = f"UID FETCH {sequence(batch.uids)} (UID BODY.PEEK[])"
            self._dialog.plan(command, self._answered, batch.size)
        self._dialog.catch_up(leave=_UNDER_WAY)

    def _hopeless(self, message: Fetched) -> Failure | None:
        """Say why a message is not even asked for."""
        if message.size > self._max_size:
            return Failure(f"it has {message.size} bytes, more than max_size ({self._max_size})", lasting=True)
        if self._breaks.get(message.uid, 0) >= _BREAKS:
            return Failure(f"the connection broke {_BREAKS} times while it was fetched")
        return None

    def _arrived(self, response: Response) -> None:
        """Hand a message to the store as it comes."""
        found = fetched(response) if self._waiting else None
        if found is None or found.body is None or (batch := self._waiting.pop(found.uid, None)) is None:
            return
        if self._ground.stopping.is_set():
            raise Stopped
        head = head_of(found.body)
        envelope, routes = self._addressed(head)
        content = identified(found.body, head, self._name(found.uid))
        batch.commits[found.uid] = self._ground.take(envelope, [content], routes)

    def _answered(self, answered: Answered) -> None:
        """The server has said all that it says to the batch that was sent for first."""
        batch = self._under_way.popleft()
        batch.refusal = "" if answered.status == "OK" else f"{answered.status} {answered.text}"
        for uid in batch.uids:
            self._waiting.pop(uid, None)
        self._has_come(batch)

    def _fetch_alone(self, batch: Batch) -> None:
        self._dialog.catch_up()
        message = batch.messages[0]
        self._ground.check_room(message.size)
        self._under_way.append(batch)
        name = self._name(message.uid)
        got = fetch_large(self._dialog, message, self._max_size, name, self._ground, self._addressed)
        self._under_way.clear()
        if isinstance(got, Failure):
            batch.failed[message.uid] = got
        elif got is not None:
            batch.commits[message.uid] = got
        self._has_come(batch)

    def _name(self, uid: int) -> str:
        return f"{self._folder.uidvalidity}.{uid}@{self._ground.status.name.replace(' ', '.')}.invalid"

    # -- what became of it

    def _breaks_off(self) -> None:
        """Nothing more will come: keep what came of the batches under way, and count against what comes next."""
        if self._under_way:
            first = self._under_way[0]
            self._breaks.update(uid for uid in first.uids if uid not in first.commits)
        self._give_up()

    def _give_up(self) -> None:
        self._broken = True
        for batch in self._under_way:
            self._clerk.write(batch)
        self._under_way.clear()

    def _has_come(self, batch: Batch) -> None:
        """A batch is read; others before it are being committed."""
        batch.cut = False
        self._clerk.write(batch)
        self._see_to(leave=_COMMITTING)

    def _see_to(self, leave: int = 0) -> None:
        """Go on with what is written down, but for so many batches."""
        for written in self._clerk.written(leave):
            if written.batch.alone:
                self._unsure += written.outcome.apart
            for uid in written.told:
                self._ground.skipped(f"UID {uid}", written.outcome.failed[uid].reason)
            for uid in (*written.taken, *written.outcome.failed, *written.outcome.apart):
                self._breaks.pop(uid, None)
            if self._finish.does_something and not self._broken:
                self._finish.begin(written.taken)
            if written.trouble is not None:
                raise written.trouble

    def _resolve(self) -> None:
        """Find out which messages did not come though the server said OK: they are gone, or cannot be had."""
        if unsure := sorted(self._unsure):
            self._unsure = []
            there = set(self._folder.search(f"UID {sequence(unsure)}"))
            gone = [uid for uid in unsure if uid not in there]
            failed = {uid: Failure("the server does not give it") for uid in there}
            for uid in self._progress.settle(Outcome(done=gone, failed=failed)):
                self._ground.skipped(f"UID {uid}", failed[uid].reason)
