"""Who writes down what became of messages while the next ones are being read: a thread, in the order of the folder."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

from gateway.errors import GatewayError
from gateway.sources.imap_batch import Batch, settled
from gateway.sources.imap_progress import Outcome, Progress


@dataclass(frozen=True, slots=True)
class Written:
    """A batch that is done with. `taken` are ours now, `told` those that have failed often enough to be told.

    `trouble` is what keeps the store from taking more.
    """

    batch: Batch
    outcome: Outcome
    taken: list[int]
    told: list[int]
    trouble: GatewayError | None


class Clerk:
    """Lives as long as a connection; a context manager. With `marks`, what is ours is marked until `finished`.

    While messages are fetched, all that changes the progress goes through here.
    """

    def __init__(self, progress: Progress, name: str, *, marks: bool) -> None:
        self._progress = progress
        self._marks = marks
        self._hole = False
        self._batches: deque[Future[Written]] = deque()
        self._notes: deque[Future[None]] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"clerk of {name}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._thread.shutdown()

    def begin(self) -> None:
        """From here on the position may follow the batches again."""
        self._hole = False

    def write(self, batch: Batch) -> None:
        """Have a batch's commits waited for and written down."""
        self._batches.append(self._thread.submit(self._write, batch))

    def written(self, leave: int = 0) -> Iterator[Written]:
        """Yield batches that are written down, waiting for them, but for so many; raises what the store raised."""
        while len(self._batches) > leave:
            yield self._batches.popleft().result()

    def note(self, what: Callable[[list[int]], None], uids: list[int]) -> None:
        """Have the progress told something of messages: `finished` or `half_finished`."""
        self._notes.append(self._thread.submit(what, uids))

    def wait(self) -> None:
        """Return once every note is written; raises what the store raised."""
        while self._notes:
            self._notes.popleft().result()

    def _write(self, batch: Batch) -> Written:
        """Write a batch down. Once a message was left out, the position stays before it, whatever comes behind."""
        batch.forward = batch.forward and not self._hole
        before, self._hole = self._hole, True  # until this one is written
        outcome, trouble, hole = settled(batch)
        taken = outcome.taken
        if not self._marks:
            outcome.taken, outcome.done = [], [*outcome.done, *taken]
        told = self._progress.settle(outcome)
        self._hole = before or hole
        return Written(batch, outcome, taken, told, trouble)
