"""`winmail.dat`: what Outlook packs a mail into (MS-OXTNEF): a body as text, HTML or packed rich text, and files.

Read by our own code: `tnefparse` is an oracle in the tests, and no more, since 33 bytes that promise four thousand
million properties keep it busy for a quarter of an hour.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.mail import rtf
from gateway.mail.charset import decode
from gateway.mail.field import clean
from gateway.mail.mapi import BINARY, OBJECT, STRING, TIME, UNICODE, Property, integer, properties
from gateway.mail.parameter import media_type
from gateway.model import Address

MEDIA_TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
NAMES = frozenset({"winmail.dat", "win.dat"})
SIGNATURE = b"\x78\x9f\x3e\x22"
_START = 6
_OBJECT = struct.Struct("<BHHI")
_CHECKSUM = 2
_OBJECTS = 10_000
_FILES = 500
_RTF = 8_000_000
_CODE_PAGE, _BODY, _PROPERTIES = 0x9007, 0x800C, 0x9003
_NEW_FILE, _TITLE, _DATA, _OF_FILE = 0x9002, 0x8010, 0x800F, 0x9005
_TEXT, _HTML, _RTF_PACKED, _INTERNET_CODE_PAGE = 0x1000, 0x1013, 0x1009, 0x3FDE
_CONTENT, _LONG_NAME, _SHORT_NAME, _DISPLAY_NAME = 0x3701, 0x3707, 0x3704, 0x3001
_MEDIA_TYPE, _CONTENT_ID = 0x370E, 0x3712
_SUBJECT, _SENDER, _SENT = 0x0037, 0x0C1A, 0x0039
_ADDRESSES = (0x5D01, 0x0C1F)
_OF_THE_HEAD = frozenset({_SUBJECT, _SENDER, *_ADDRESSES})
# Its time is in tenths of microseconds since 1601 (MS-DTYP 2.3.3).
_PER_SECOND, _FROM_1601, _FAR = 10_000_000, 11_644_473_600, 1 << 33
_ID_LENGTH = 16
_LONGEST_ID = 998


_NOBODY = Address("", "")


@dataclass(frozen=True, slots=True)
class Packed:
    """A file in it: `name` as the sender has it, `media_type` "" where none is said, `content_id` "" for none."""

    name: str
    media_type: str
    content: bytes
    content_id: str


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What is in it: the body as text and as HTML ("" for none), files, and what a message among them says of itself.

    `sent` is Unix time in seconds, None where it is not said.
    """

    text: str
    html: str
    files: tuple[Packed, ...]
    subject: str = ""
    sender: Address = _NOBODY
    sent: int | None = None


class NotTnef(ValueError):
    """It is none, or damaged, or built to cost time or memory."""


class _Thing(NamedTuple):
    id: int
    content: bytes


@dataclass(slots=True)
class _Message:
    """What was found so far."""

    codec: str = "cp1252"
    body: bytes = b""
    properties: dict[int, Property] = field(default_factory=dict)
    files: list[list[_Thing]] = field(default_factory=list)


def open_tnef(content: bytes, limit: int) -> Unpacked | None:
    """Open a winmail.dat; None where it is none, is damaged, or has more than `limit` bytes in it. Never raises."""
    try:
        message = _message(_things(content))
    except NotTnef:
        return None
    files = tuple(file for things in message.files if (file := _file(things, message.codec)))
    if sum(len(file.content) for file in files) > limit:
        return None
    text, html = _body(message, limit)
    subject, sender, sent = _head(message)
    return Unpacked(text, html, files, subject, sender, sent)


def _things(content: bytes) -> Iterator[_Thing]:
    if not content.startswith(SIGNATURE):
        raise NotTnef
    at = _START
    for _ in range(_OBJECTS):
        if at + _OBJECT.size > len(content):
            return
        _, number, _, length = _OBJECT.unpack_from(content, at)
        start = at + _OBJECT.size
        at = start + length + _CHECKSUM
        if start + length > len(content):
            raise NotTnef
        yield _Thing(number, content[start : start + length])
    raise NotTnef


def _message(things: Iterable[_Thing]) -> _Message:
    message = _Message()
    for thing in things:
        if thing.id == _CODE_PAGE:
            message.codec = f"cp{integer(thing.content)}"
        elif thing.id == _BODY:
            message.body = thing.content
        elif thing.id == _PROPERTIES:
            message.properties |= {one.id: one for one in properties(thing.content)}
        elif thing.id == _NEW_FILE:
            message.files.append([])
            if len(message.files) > _FILES:
                raise NotTnef
        elif thing.id in {_TITLE, _DATA, _OF_FILE} and message.files:
            message.files[-1].append(thing)
    return message


def _file(things: list[_Thing], codec: str) -> Packed | None:
    said: dict[int, Property] = {}
    content, title = b"", ""
    for thing in things:
        if thing.id == _OF_FILE:
            said |= {one.id: one for one in properties(thing.content)}
        elif thing.id == _DATA:
            content = thing.content
        else:
            title = _text(Property(_TITLE, STRING, thing.content), codec)
    if _CONTENT in said:
        held = said[_CONTENT]
        content = held.value[_ID_LENGTH:] if held.kind == OBJECT else held.value
    if not content:
        return None
    names = [_text(said[key], codec) for key in (_LONG_NAME, _SHORT_NAME, _DISPLAY_NAME) if key in said]
    name = next(filter(None, [*names[:1], title, *names[1:]]), "")
    kind = media_type(_text(said[_MEDIA_TYPE], codec).encode()).value if _MEDIA_TYPE in said else ""
    if content.startswith(SIGNATURE):  # a message that was attached
        name, kind = f"{name.removesuffix('.dat') or 'message'}.dat", "application/ms-tnef"
    content_id = clean(_text(said[_CONTENT_ID], codec), _LONGEST_ID).strip("<> ") if _CONTENT_ID in said else ""
    return Packed(name, kind, content, content_id)


def _head(message: _Message) -> tuple[str, Address, int | None]:
    said = {number: _text(one, message.codec) for number, one in message.properties.items() if number in _OF_THE_HEAD}
    address = next((said[number] for number in _ADDRESSES if "@" in said.get(number, "")), "")
    sent = message.properties.get(_SENT)
    seconds = int.from_bytes(sent.value, "little") // _PER_SECOND - _FROM_1601 if sent and sent.kind == TIME else -1
    return (
        said.get(_SUBJECT, ""),
        Address(said.get(_SENDER, ""), address),
        seconds if 0 <= seconds < _FAR else None,
    )


def _body(message: _Message, limit: int) -> tuple[str, str]:
    said = message.properties
    internet = f"cp{integer(said[_INTERNET_CODE_PAGE].value)}" if _INTERNET_CODE_PAGE in said else message.codec
    text = _text(said[_TEXT], message.codec) if _TEXT in said else ""
    text = text or _text(Property(_BODY, STRING, message.body), message.codec)
    html = _text(said[_HTML], internet) if _HTML in said else ""
    if _RTF_PACKED in said and not html:
        try:
            plain, html = rtf.read(rtf.unpack(said[_RTF_PACKED].value, min(limit, _RTF)))
        except rtf.BadRtf:
            plain = ""
        text = text or plain
    return text, html


def _text(said: Property, codec: str) -> str:
    """Return a property's text, which a zero ends."""
    if said.kind == UNICODE:
        text = said.value.decode("utf-16-le", "replace")
    elif said.kind in {STRING, BINARY, OBJECT}:
        text, _ = decode(said.value.rstrip(b"\0"), "utf-8" if codec == "cp65001" else codec)
    else:
        return ""
    return text.split("\0", 1)[0].replace("\r\n", "\n")
