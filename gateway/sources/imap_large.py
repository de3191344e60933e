"""A large message, in ranges (RFC 3501 6.4.5, partial FETCH): no answer is long, and memory holds only a few pieces."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future

from gateway.errors import GatewayError, Permanent, TooLarge
from gateway.model import Envelope, Receipt
from gateway.sources.imap_dialog import Dialog
from gateway.sources.imap_envelope import head_of, identified
from gateway.sources.imap_progress import Failure
from gateway.sources.imap_response import Fetched, fetched
from gateway.sources.poller import Delivery, Ground

_PIECE = 1024 * 1024
RANGE = 8 * 1024 * 1024

Addressed = Callable[[bytes], tuple[Envelope, Sequence[str]]]
"""Makes envelope and routes from a header block."""


class Stopped(Exception):
    """We were told to stop in the middle of an answer: the connection cannot be used any more."""


class Large:
    """One message on its way.

    `refusal` is what the server said instead of a range, "" for nothing; `gone`: it knows the message no more.
    """

    def __init__(self, ground: Ground, delivery: Delivery, dialog: Dialog, message: Fetched, name: str) -> None:
        self.refusal = ""
        self.gone = False
        self.size = 0
        self._ground = ground
        self._delivery = delivery
        self._dialog = dialog
        self._message = message
        self._name = name
        self._trouble: GatewayError | None = None
        self._held: list[bytes] = []
        self._held_size = 0

    def fetch(self, most: int) -> None:
        """Fetch it whole: to the end that the server shows, whatever size it said before."""
        while not self._range() and self._trouble is None and self.size <= most:
            pass
        if self._trouble is not None:
            raise self._trouble
        if self.size > most:
            raise TooLarge(f"it has more than max_size ({most}) bytes")

    def _range(self) -> bool:
        """Fetch the next range; return whether it was the last one."""
        before = self.size
        tag = self._dialog.send(f"UID FETCH {self._message.uid} (UID BODY.PEEK[]<{before}.{RANGE}>)")
        self.gone = True
        for response in self._dialog.answers(tag, RANGE, sink=self._write):
            found = fetched(response)
            if found is not None and found.uid == self._message.uid:
                self.gone = False
                self._write(found.body or b"")  # it may come as a string, not as a literal
        self._flush()
        ended, came = self._dialog.ended, self.size - before
        if ended.status != "OK":
            self.refusal = f"{ended.status} {ended.text}"
        return bool(self.refusal) or not came or (came < RANGE and self.size >= self._message.size)

    def _write(self, piece: bytes) -> None:
        if self._ground.stopping.is_set():
            raise Stopped
        self.size += len(piece)
        self._held.append(piece)
        self._held_size += len(piece)
        if self._held_size >= _PIECE:
            self._flush()

    def _flush(self) -> None:
        """Hand on what is held: in pieces as they come from the network, most of the time would go into handing on."""
        piece = b"".join(self._held)
        first = self._held_size == self.size
        self._held.clear()
        self._held_size = 0
        if piece and self._trouble is None:
            try:
                self._delivery.write(identified(piece, head_of(piece), self._name) if first else piece)
            except GatewayError as error:
                self._trouble = error


def fetch_large(
    dialog: Dialog, message: Fetched, most: int, name: str, ground: Ground, addressed: Addressed
) -> "Future[Receipt] | Failure | None":
    """Fetch a message and hand it to the store: its commit, or why it was not to be had; None when nothing came.

    Temporary is raised when the store cannot take more now.
    """
    with ground.open() as delivery:
        large = Large(ground, delivery, dialog, message, name)
        try:
            large.fetch(most)
            if large.refusal:
                return Failure(large.refusal)
            return None if large.gone or not large.size else delivery.give(*addressed(delivery.head))
        except Permanent as error:
            return Failure(str(error), lasting=True)
