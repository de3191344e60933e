"""What would be sent, without sending it: a mail's document, an answer's mail."""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pybase64

from gateway.cention import callback
from gateway.config.automatic import AutomaticSection
from gateway.config.cention import Route
from gateway.config.settings import Settings
from gateway.errors import Permanent, SettingsError
from gateway.flow.automatic import Handling, Signs, fitted, signs
from gateway.flow.handling import aside, handling, handling_by
from gateway.flow.handling import choices as automatic
from gateway.flow.inbound import Reading, prepare, to_errand
from gateway.flow.manner import manner
from gateway.flow.outbound import Origin, to_reply
from gateway.flow.presentation import PLAIN, Presentation, presentations
from gateway.mail.address import mailboxes
from gateway.mail.compose import compose
from gateway.mail.leaf import open_leaf
from gateway.mail.manner import USUAL, Manner
from gateway.mail.parse import read
from gateway.mail.scan import Part, scan
from gateway.model import Answer, Attachment, Mail, Resource

_RECIPIENTS = ("delivered-to", "to", "cc")
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
    """A mail as the gateway reads it: its parts in order, who wrote it and where it belongs, and what it says.

    `mail` has the text and the files that its errand has; `becomes` says in words what is made of it.
    """

    pieces: tuple[Piece, ...]
    signs: Signs
    mail: Mail
    becomes: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """What the settings say of how a mail is read and what becomes of it. `hostname` is our own."""

    manner: Manner
    handling: Handling
    automatic: AutomaticSection
    writer: str = "from"
    hostname: str = ""


BY_DEFAULT = Choices(USUAL, handling_by(AutomaticSection()), AutomaticSection())
"""What is done where there are no settings."""


def choices(settings: Settings, name: str, where: str) -> Choices:
    """Return those of a route by its name, of the first one for ""; SettingsError with what there is."""
    route = _route(settings, name)
    if route is None:
        raise SettingsError([f"{where}: {_unknown(settings, name)}"])
    own = automatic(settings, route)
    return Choices(manner(settings.mail), handling(settings, route), own, route.sender, settings.gateway.hostname)


def _route(settings: Settings, name: str) -> Route | None:
    return settings.route_named(name) if name else settings.route[0]


def _unknown(settings: Settings, name: str) -> str:
    return f'route: there is no "{name}"; there is {", ".join(one.name for one in settings.route)}'


def sight(raw: bytes, by: Choices = BY_DEFAULT) -> Sight:
    """Return what a person wants to see of a mail before it becomes an errand."""
    root = scan(raw, by.manner.bounds).root
    parsed = read(raw, _fallback_id(raw), by.manner)
    recipients = (one.email for name in _RECIPIENTS for value in root.header.all(name) for one in mailboxes(value))
    found = signs(raw, parsed, None, tuple(recipients), by.handling)
    errand = fitted(to_errand(parsed.mail, Reading("", "", by.writer)), found, None, by.handling)
    mail = replace(parsed.mail, body=errand.body, attachments=errand.attachments)
    return Sight(tuple(_pieces(raw, root)), found, mail, _becomes(found, by))


def _becomes(found: Signs, by: Choices) -> str:
    """Say what is made of a mail, as far as it can be told without the spool."""
    if why := aside(found, by.automatic, by.hostname):
        return f"nothing until a person releases it ({why.reason})" if why.held else f"nothing ({why.reason})"
    if found.kind in by.handling.closed:
        return "an errand that is closed at once"
    if found.kind in by.handling.attached:
        return "an errand, closed at once if the one that it belongs to is known"
    return "an errand"


def _pieces(raw: bytes, part: Part, depth: int = 0) -> Iterator[Piece]:
    leaf = open_leaf(raw, part, "")
    yield Piece(depth, part.content_type.value or "(no type)", leaf.name, leaf.size)
    for child in part.parts:
        yield from _pieces(raw, child, depth + 1)


def errand_document(raw: bytes, by: Choices = BY_DEFAULT) -> Any:
    """Return the document that a mail would become; its Message-ID is made from its bytes where it has none."""
    reading = Reading("", _fallback_id(raw), by.writer, manner=by.manner, handling=by.handling)
    return orjson.loads(prepare(raw, reading).document)


def _fallback_id(raw: bytes) -> str:
    return f"<{hashlib.sha256(raw).hexdigest()[:32]}@cention-gateway>"


@dataclass(frozen=True, slots=True)
class Sender:
    """A route as far as its answers' mails tell of it: its name, its `reply_from`, and how they look."""

    reply_from: str
    route: str = ""
    look: Presentation = PLAIN


def sender(settings: Settings, name: str, where: str) -> Sender:
    """Return a route of the settings by its name, the first one for ""; SettingsError with all that is wrong."""
    lines: list[str] = []
    looks = presentations(settings, lines)
    route = _route(settings, name)
    if route is None:
        lines.append(_unknown(settings, name))
    if lines or route is None:
        raise SettingsError([f"{where}: {line}" for line in lines])
    return Sender(route.reply_from, route.name, looks[route.name])


def answer_mail(document: bytes, given: Sender) -> bytes:
    """Return the mail that a callback would become; what it names and would be fetched is a placeholder."""
    answer = callback.read(callback.parse(document))
    if not isinstance(answer, Answer):
        raise Permanent(f"the callback's event is not known: {answer.type} {answer.event}")
    fetched = {resource: _placeholder(resource) for resource in (*answer.attachments, *answer.archives)}
    origin = Origin("preview", given.reply_from)
    return compose(to_reply(answer, origin, fetched, time.time(), (), given.look, given.route))


def _placeholder(resource: Resource) -> Attachment:
    # What follows a PNG's end is nothing to a reader; with it no two are the same picture.
    content = _GREY_PIXEL + f"{resource.type} {resource.id}".encode()
    return Attachment(f"placeholder-for-{resource.type}-{resource.id}.png", "image/png", content)
