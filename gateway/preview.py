"""What would be sent, without sending it: a mail's document, an answer's mail."""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import pybase64

from gateway.cention import callback
from gateway.errors import Permanent
from gateway.flow.inbound import Reading, prepare
from gateway.flow.outbound import Origin, to_reply
from gateway.mail.automatic import automatic
from gateway.mail.compose import compose
from gateway.mail.header import header_start, read_header
from gateway.mail.leaf import open_leaf
from gateway.mail.parse import parse
from gateway.mail.scan import Part, scan
from gateway.model import Answer, Attachment, AutoKind, Mail, Resource

_GREY_PIXEL = pybase64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a mail as it came: how deep it lies in others, its type, its name ("" for none), bytes as encoded."""

    depth: int
    media_type: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Sight:
    """A mail as the gateway reads it: its parts in order, who wrote it, and what it says."""

    pieces: tuple[Piece, ...]
    kind: AutoKind
    mail: Mail


def sight(raw: bytes) -> Sight:
    """Return what a person wants to see of a mail before it becomes an errand."""
    header, _ = read_header(raw, header_start(raw), len(raw))
    pieces = tuple(_pieces(raw, scan(raw).root))
    return Sight(pieces, automatic(header, None), parse(raw, _fallback_id(raw)))


def _pieces(raw: bytes, part: Part, depth: int = 0) -> Iterator[Piece]:
    leaf = open_leaf(raw, part, "")
    yield Piece(depth, part.content_type.value or "(no type)", leaf.name, leaf.size)
    for child in part.parts:
        yield from _pieces(raw, child, depth + 1)


def errand_document(raw: bytes, writer: str = "from") -> Any:
    """Return the document that a mail would become; its Message-ID is made from its bytes where it has none."""
    return orjson.loads(prepare(raw, Reading("", _fallback_id(raw), writer)).document)


def _fallback_id(raw: bytes) -> str:
    return f"<{hashlib.sha256(raw).hexdigest()[:32]}@cention-gateway>"


def answer_mail(document: bytes, reply_from: str) -> bytes:
    """Return the mail that a callback would become; what it names and would be fetched is a placeholder."""
    answer = callback.read(callback.parse(document))
    if not isinstance(answer, Answer):
        raise Permanent(f"the callback's event is not known: {answer.type} {answer.event}")
    fetched = {resource: _placeholder(resource) for resource in (*answer.attachments, *answer.archives)}
    return compose(to_reply(answer, Origin("preview", reply_from), fetched, time.time()))


def _placeholder(resource: Resource) -> Attachment:
    return Attachment(f"placeholder-for-{resource.type}-{resource.id}.png", "image/png", _GREY_PIXEL)
