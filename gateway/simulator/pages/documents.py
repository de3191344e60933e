"""An errand's raw documents: what was posted to create it, and each callback with what the other side said."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gateway.simulator.errand import Answer, Delivery, Errand, Sent
from gateway.simulator.pages import jsonview, view
from gateway.simulator.pages.view import Chip
from gateway.simulator.pages.words import When, when


@dataclass(frozen=True, slots=True)
class Reply:
    """What the other side said to a callback."""

    chip: Chip
    when: When
    body: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document: `text` as a person reads it, `value` whole, `address` where it can be had."""

    key: str
    title: str
    address: str
    text: str
    value: Any = field(repr=False)
    replies: tuple[Reply, ...] = ()


def documents(errand: Errand, now: float) -> tuple[Document, ...]:
    """Every document of the errand, in the order in which they went."""
    return tuple(_documents(errand, now))


def _documents(errand: Errand, now: float) -> Iterator[Document]:
    yield _document(errand, "posted", "Posted to c3_new_errands", errand.document)
    for answer in errand.answers:
        for sent in answer.sent:
            replies = tuple(_reply(delivery, now) for delivery in sent.deliveries)
            yield _document(
                errand, f"callback-{answer.number}-{sent.setting}", _title(answer, sent), sent.document, replies
            )
    if errand.closed and errand.closed.call is not None:
        yield _document(errand, "ended", "Posted to c3_end_errands: integrationData", errand.closed.call)


def _document(errand: Errand, key: str, title: str, value: Any, replies: tuple[Reply, ...] = ()) -> Document:
    return Document(key, title, f"/errands/{errand.id}/json/{key}", jsonview.laid_out(value), value, replies)


def _title(answer: Answer, sent: Sent) -> str:
    to = f" to {sent.deliveries[-1].url}" if sent.deliveries else ""
    return f"Callback of answer {answer.answer_id}{to}"


def _reply(delivery: Delivery, now: float) -> Reply:
    return Reply(view.delivery(delivery), when(delivery.at, now), delivery.body)
