"""How what was fetched becomes ours: small messages whole, while the next is fetched, large ones as they come."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar

from gateway.errors import Permanent, TooLarge
from gateway.model import Envelope, Receipt
from gateway.sources.addressing import Addressing
from gateway.sources.imap_envelope import envelope_of, head_of, identified
from gateway.sources.poller import Ground

_WHOLE = 256 * 1024
_BATCH, _BATCH_BYTES = 100, 4 * 1024 * 1024

T = TypeVar("T")


class Stopped(Exception):
    """We were told to stop in the middle of a message; it stays where it is."""


@dataclass(frozen=True, slots=True)
class Intake:
    """Where a poller's messages go. `kind`, `user` and `peer` tell whence they come; `most` is how large one may be."""

    ground: Ground
    kind: str
    addressing: Addressing
    most: int
    user: str = ""
    peer: str = ""

    def take(
        self, key: str, pieces: Iterable[bytes], wanted: Callable[[], bool] = lambda: True
    ) -> "Future[Receipt] | None":
        """Take a message: the future is done after the commit, and carries GatewayError when there is none.

        `key` is what the message is called where it comes from. `wanted` is asked once all of it was read: where it
        says no, the message is let go, and None returned. Raises Permanent for one that can never be taken, Full, and
        what reading `pieces` raises.
        """
        rest = self._bounded(pieces)
        start = bytearray()
        for piece in rest:
            start += piece
            if len(start) > _WHOLE:
                return self._take_large(key, bytes(start), rest, wanted)
        if not start:
            raise Permanent("it is empty")
        if not wanted():
            return None
        raw = bytes(start)
        head = head_of(raw)
        envelope, routes = self._addressed(head)
        return self.ground.take(envelope, [identified(raw, head, self._name(key))], routes)

    def check_size(self, size: int) -> None:
        """Raise TooLarge for a message of more than max_size bytes."""
        if size > self.most:
            raise TooLarge(f"it has more than max_size ({self.most}) bytes")

    def _take_large(
        self, key: str, start: bytes, rest: Iterator[bytes], wanted: Callable[[], bool]
    ) -> "Future[Receipt] | None":
        with self.ground.open() as delivery:
            delivery.write(identified(start, head_of(start), self._name(key)))
            for piece in rest:
                delivery.write(piece)
            return delivery.give(*self._addressed(delivery.head)) if wanted() else None

    def _bounded(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        size = 0
        for piece in pieces:
            if self.ground.stopping.is_set():
                raise Stopped
            size += len(piece)
            self.check_size(size)
            yield piece

    def _addressed(self, head: bytes) -> tuple[Envelope, Sequence[str]]:
        return envelope_of(head, self.addressing, self.user, self.peer, self.kind)

    def _name(self, key: str) -> str:
        """Name a message that does not do so itself, always alike: a key may be any text."""
        return f"{hashlib.sha256(f'{self.peer} {self.user} {key}'.encode()).hexdigest()[:40]}@{self.kind}.invalid"


def batches(items: Iterable[T], size_of: Callable[[T], int]) -> Iterator[list[T]]:
    """Put items together, in order, that are taken and committed together: 100 of them, or 4 MB, or one larger one."""
    batch: list[T] = []
    size = 0
    for item in items:
        if batch and (len(batch) == _BATCH or size + size_of(item) > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += size_of(item)
    if batch:
        yield batch
