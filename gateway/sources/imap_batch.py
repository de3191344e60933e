"""Messages that are fetched together, and what became of them once their commits are done."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from gateway.errors import GatewayError, Permanent, Temporary
from gateway.model import Receipt
from gateway.sources.imap_progress import Failure, Outcome
from gateway.sources.imap_response import Fetched
from gateway.sources.poller import COMMIT_SECONDS

_MOST = 200
_MOST_BYTES = 4 * 1024 * 1024
_APART = "it did not come with the others"


@dataclass(slots=True)
class Batch:
    """Messages, rising. `forward`: they are past the position, which is to follow them.

    `refusal` is what the server said instead of some of them; `cut` is set until its answer has come to its end.
    """

    messages: Sequence[Fetched]
    forward: bool
    commits: "dict[int, Future[Receipt]]" = field(default_factory=dict)
    failed: dict[int, Failure] = field(default_factory=dict)
    refusal: str = ""
    cut: bool = True

    @property
    def uids(self) -> list[int]:
        """Return their UIDs."""
        return [message.uid for message in self.messages]

    @property
    def size(self) -> int:
        """Return their bytes, as far as the server said."""
        return sum(message.size for message in self.messages)

    @property
    def alone(self) -> bool:
        """Whether it is one message, so that an answer is about this one."""
        return len(self.messages) == 1


def together(messages: Iterable[Fetched], alone: Callable[[Fetched], bool]) -> Iterator[list[Fetched]]:
    """Put messages together by their sizes, but for those that are to be `alone`."""
    some: list[Fetched] = []
    size = 0
    for message in messages:
        apart = alone(message)
        if some and (apart or len(some) == _MOST or size + message.size > _MOST_BYTES):
            yield some
            some, size = [], 0
        if apart:
            yield [message]
        else:
            some.append(message)
            size += message.size
    if some:
        yield some


def settled(batch: Batch) -> tuple[Outcome, GatewayError | None, bool]:
    """Wait for a batch's commits; return what became of its messages, and what keeps the store from taking more.

    And whether there is a hole: a message of which nothing is known and nothing marked, which must not be passed by.
    """
    outcome = Outcome()
    trouble: GatewayError | None = None
    hole = False
    for uid in batch.uids:
        error = _judge(batch, uid, outcome)
        trouble = trouble or error
        hole = hole or error is not None or (batch.cut and uid not in batch.commits and uid not in batch.failed)
        if batch.forward and not hole:
            outcome.upto = uid
    return outcome, trouble, hole


def _judge(batch: Batch, uid: int, outcome: Outcome) -> GatewayError | None:
    """Put a message where it belongs; return an error that is not this message's."""
    if uid in batch.failed:
        outcome.failed[uid] = batch.failed[uid]
    elif uid in batch.commits:
        return _committed(batch.commits[uid], uid, outcome)
    elif batch.alone and batch.refusal:
        outcome.failed[uid] = Failure(batch.refusal)
    elif not batch.cut:
        outcome.apart[uid] = batch.refusal or _APART
    return None


def _committed(commit: "Future[Receipt]", uid: int, outcome: Outcome) -> GatewayError | None:
    try:
        commit.result(COMMIT_SECONDS)
    except Permanent as error:
        outcome.failed[uid] = Failure(str(error), lasting=True)
    except GatewayError as error:
        return error
    except Exception as error:  # noqa: BLE001 - whatever keeps the store from it, the message stays where it is
        return Temporary(f"the store: {error!r}")
    else:
        outcome.taken.append(uid)
    return None
