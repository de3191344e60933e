"""Building the documents that Cention is sent (contract.md, Create), and reading what it says to them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import escape

import orjson
import pybase64

from gateway.cention.node import Malformed, Node
from gateway.errors import Permanent, Temporary
from gateway.model import Attachment, Errand

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_MEDIA_TYPE = re.compile(r"[^\s/;]+/[^\s/;]+")
# A multiple of three, so that base64 of slices is the slices of base64.
_SLICE = 3 * 64 * 1024


def new_errand(errand: Errand) -> bytes:
    """Return the JSON:API document that creates an errand; Permanent, with the field, where the contract forbids it."""
    return b"".join(pieces(errand))


def pieces(errand: Errand) -> Iterator[bytes]:
    """Yield the document of `new_errand` piece by piece, so that files of many megabytes are never in memory twice."""
    _check(errand)
    message = {
        "message_id": errand.message_id,
        "name": errand.name,
        "from": errand.sender,
        "subject": errand.subject,
        "body": errand.body,
        "html_body": errand.html_body,
    }
    yield b'{"data":{"type":"c3_new_errands","attributes":{"msg":%b,"attachments":[' % orjson.dumps(message)[:-1]
    for place, attachment in enumerate(errand.attachments):
        yield b"," if place else b""
        yield from _attachment(attachment)
    yield b"]}}}}"


def _attachment(attachment: Attachment) -> Iterator[bytes]:
    described = {"content_type": attachment.content_type, "name": attachment.name}
    if attachment.content_id:
        described["content_id"] = attachment.content_id
    yield b'%b,"content":"' % orjson.dumps(described)[:-1]
    content = memoryview(attachment.content)
    for start in range(0, len(content), _SLICE):
        yield pybase64.b64encode(content[start : start + _SLICE])
    yield b'"}'


def _check(errand: Errand) -> None:
    if not errand.message_id.strip():
        raise Permanent("msg.message_id is empty, but it is what tells a retry from a new mail")
    header = {"message_id": errand.message_id, "name": errand.name, "from": errand.sender, "subject": errand.subject}
    for field, value in header.items():
        _check_line(f"msg.{field}", value)
    _check_text("msg.body", errand.body)
    _check_text("msg.html_body", errand.html_body)
    for place, attachment in enumerate(errand.attachments):
        field = f"msg.attachments[{place}]"
        _check_line(f"{field}.name", attachment.name)
        _check_line(f"{field}.content_id", attachment.content_id)
        if not _MEDIA_TYPE.fullmatch(attachment.content_type):
            raise Permanent(f"{field}.content_type is not a media type: {attachment.content_type[:100]!r}")


def _check_line(field: str, value: str) -> None:
    _check_text(field, value)
    if _CONTROLS.search(value):
        raise Permanent(f"{field} has a line break or another control character in it: {value[:100]!r}")


def _check_text(field: str, value: str) -> None:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Permanent(f"{field} cannot be written as UTF-8: {error.reason} at character {error.start}") from error


def without_largest(errand: Errand, keep: int = 1_000_000) -> tuple[Errand, tuple[str, ...]]:
    """Return the errand without its largest attachment, and further ones until at most `keep` bytes of them remain.

    What was left out is said at the top of the text, and returned by name; an errand without attachments comes back as
    it is. It is the answer to TooLarge (413), which does not say how large a mail may be.
    """
    sizes = [len(attachment.content) for attachment in errand.attachments]
    kept = set(range(len(sizes)))
    left_out: list[Attachment] = []
    for place in sorted(kept, key=lambda place: sizes[place], reverse=True):
        if left_out and sum(sizes[other] for other in kept) <= keep:
            break
        left_out.append(errand.attachments[place])
        kept.remove(place)
    if not left_out:
        return errand, ()
    remaining = tuple(errand.attachments[place] for place in sorted(kept))
    return _noted(replace(errand, attachments=remaining), left_out), tuple(attachment.name for attachment in left_out)


def _noted(errand: Errand, left_out: list[Attachment]) -> Errand:
    what = "this attachment" if len(left_out) == 1 else "these attachments"
    first = f"This mail was too large for Cention, so the mail gateway left out {what}:"
    last = "The operator of the mail gateway has the whole mail."
    files = [f"{attachment.name} ({_size(len(attachment.content))})" for attachment in left_out]
    body = "\n".join([first, *(f"- {file}" for file in files), last, "", errand.body])
    if not errand.html_body:
        return replace(errand, body=body)
    listed = "".join(f"<li>{escape(file)}</li>" for file in files)
    return replace(errand, body=body, html_body=f"<p>{first}</p><ul>{listed}</ul><p>{last}</p>{errand.html_body}")


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"  # noqa: PLR2004 - from 0.1 MB on, in MB


def created_id(status: int, body: bytes) -> str:
    """Return the id of the errand that a 2xx answer says was created; Temporary where it says none."""
    try:
        return Node(orjson.loads(body)).get("data").get("id").id()
    except orjson.JSONDecodeError as error:
        raise Temporary(f"Cention answered {status}, but not with JSON, so no errand is known") from error
    except Malformed as error:
        raise Temporary(f"Cention answered {status}, but named no errand: {error}") from error
