"""What a page shows of a mail or an answer, worked out in a child process: what it says, its parts, what becomes of it.

Everything that goes back is bounded.
"""

import html as entities
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import orjson
import pybase64

from gateway.config.settings import Settings
from gateway.errors import GatewayError
from gateway.flow.rehearsal import Came, Rehearsal, rehearse
from gateway.mail.header import header_start, read_header
from gateway.model import Attachment, Mail
from gateway.preview import Piece, Sender, answer_mail, sender, sight

_TEXT, _HEADER, _DOCUMENT, _PARTS, _FILES = 200_000, 100_000, 300_000, 500, 500
_PICTURES = 8_000_000
_MEASURED = 50_000
_BREAK = re.compile(r"(?i)<(?:br|/p|/?div|/tr|/li|/h[1-6]|/?blockquote)\b")
_TAG = re.compile(r"<[^<>]*>")
_CID = re.compile(r"cid:([^\"'\s<>)]{1,998})", re.IGNORECASE)
_LINE, _LONG_LINE, _PICTURE, _MARGIN, _LOWEST, _HIGHEST = 22, 100, 120, 40, 120, 640


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page wants of an answer's `document` or a mail that came so: all, its `place`-th file, or its `html`."""

    document: bool = False
    route: str = ""
    recipients: tuple[str, ...] = ()
    reverse_path: str | None = None
    place: int | None = None
    html: bool = False
    settings: Settings | None = None

    def of(self, settings: Settings) -> "Asked":
        """Return the same, by these settings."""
        return replace(self, settings=settings)


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of a mail, without its content."""

    name: str
    media_type: str
    size: int
    content_id: str


@dataclass(frozen=True, slots=True)
class File:
    """A file of a mail, or its page as HTML."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Tried:
    """A rule: whether it matched, why or why not, what it did."""

    rule: str
    matched: bool
    why: str
    did: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A mail for a page. `height` is a guess at its frame's pixels, 0 where it has no HTML; `document` is laid out.

    `becomes` says in a line what would become of it, "" where its route is not in the settings any more; `trouble` why
    that cannot be said.
    """

    sender: str
    kind: str
    text: str
    height: int
    remote: bool
    notes: tuple[str, ...]
    files: tuple[Listed, ...]
    pieces: tuple[Piece, ...]
    header: str
    becomes: str = ""
    rules: tuple[Tried, ...] = ()
    document: str = ""
    trouble: str = ""


def answered(source: bytes | Path, asked: Asked) -> Seen | File | None:
    """Do what a child is asked for."""
    raw = source if isinstance(source, bytes) else source.read_bytes()
    assert asked.settings is not None
    posted = raw
    if asked.document:
        raw = answer_mail(raw, _sender(asked.settings, asked.route))
    seen = sight(raw)
    if asked.html:
        return File("mail.html", "text/html", with_pictures(seen.mail).encode())
    if asked.place is not None:
        files = seen.mail.attachments
        return _file(files[asked.place]) if asked.place < len(files) else None
    found = _seen(raw, seen.mail, seen.pieces, f"{seen.signs.kind}" + (f": {seen.signs.why}" if seen.signs.why else ""))
    return replace(found, document=_laid_out(orjson.loads(posted))) if asked.document else _fated(found, raw, asked)


def _sender(settings: Settings, route: str) -> Sender:
    return sender(settings, route if settings.route_named(route) else "", "console")


def _file(one: Attachment) -> File:
    return File(one.name, one.content_type, one.content)


def _seen(raw: bytes, mail: Mail, pieces: tuple[Piece, ...], kind: str) -> Seen:
    _, end = read_header(raw, header_start(raw), len(raw))
    return Seen(
        sender=f"{mail.sender.name} <{mail.sender.email}>".strip(),
        kind=kind,
        text=mail.body[:_TEXT],
        height=_height(mail.html_body) if mail.html_body else 0,
        remote=bool(re.search(r"(?i)(?:src|background|url\()\W{0,9}https?:", mail.html_body)),
        notes=mail.notes,
        files=tuple(Listed(one.name, one.content_type, len(one.content), one.content_id) for one in mail.attachments)[
            :_FILES
        ],
        pieces=pieces[:_PARTS],
        header=raw[header_start(raw) : min(end, _HEADER)].decode("utf-8", "replace"),
    )


def _fated(seen: Seen, raw: bytes, asked: Asked) -> Seen:
    """Add what would become of the mail by today's settings."""
    assert asked.settings is not None
    route = asked.settings.route_named(asked.route)
    if route is None:
        return seen
    try:
        found = rehearse(raw, asked.settings, Came(route, asked.recipients, asked.reverse_path))
    except GatewayError as error:
        return replace(seen, trouble=str(error))
    return replace(seen, becomes=found.said(), rules=tuple(_tried(found)), document=_document(found))


def _tried(found: Rehearsal) -> Iterator[Tried]:
    for one in found.outcome.trials:
        yield Tried(one.rule, one.matched, "; ".join(one.why), ", ".join(one.did))


def _document(found: Rehearsal) -> str:
    return _laid_out(found.after or found.ending or found.before)


def _laid_out(document: Any) -> str:
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return text if len(text) <= _DOCUMENT else f"{text[:_DOCUMENT]}\n... ({len(text) - _DOCUMENT:,} more characters)"


def _height(html: str) -> int:
    """Guess at how high a frame has to be: its own script would know, but none may run there."""
    breaks = len(_BREAK.findall(html, 0, _MEASURED))
    letters = len(_TAG.sub("", html[:_MEASURED]))
    high = (breaks + letters // _LONG_LINE) * _LINE + html[:_MEASURED].lower().count("<img") * _PICTURE + _MARGIN
    return min(max(high, _LOWEST), _HIGHEST)


def with_pictures(mail: Mail) -> str:
    """Return a mail's HTML with its own pictures in it, so that its frame asks nobody for anything."""
    pictures = {one.content_id: one for one in mail.attachments if one.content_id}
    left = _PICTURES

    def put(found: re.Match[str]) -> str:
        nonlocal left
        one = pictures.get(unquote(entities.unescape(found[1])))
        if one is None or len(one.content) > left or not one.content_type.startswith("image/"):
            return found[0]
        left -= len(one.content)
        return f"data:{one.content_type};base64,{pybase64.b64encode(one.content).decode()}"

    return _CID.sub(put, mail.html_body)
