"""Building the document that creates an errand (contract.md, Create), and reading what Cention says to it.

What the contract forbids cannot be built: Invalid names the field. All of a document is checked before any of it is
written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import escape
from typing import Any

import orjson
import pybase64

from gateway.cention.closing import answer, sender, template
from gateway.cention.contract import ATTACHMENT, CUID, MESSAGE
from gateway.cention.integration import integration
from gateway.cention.node import Malformed, Node
from gateway.cention.validity import Invalid, json_value
from gateway.errors import Temporary
from gateway.model import Attachment, Errand

# A multiple of three, so that base64 of slices is the slices of base64.
_SLICE = 3 * 64 * 1024


def new_errand(errand: Errand) -> bytes:
    """Return the JSON:API document that creates an errand; Invalid, with the field, where the contract forbids it."""
    return b"".join(pieces(errand))


def pieces(errand: Errand) -> Iterator[bytes]:
    """Yield the document of `new_errand` piece by piece, so that files of many megabytes are never in memory twice."""
    message = MESSAGE.written(errand)
    described = _described("msg", errand.attachments)
    closing = _closing(errand)
    files = errand.closing.attachments if errand.closing is not None else ()
    described_there = _described("answer", files)
    beside = _beside(errand)
    yield b'{"data":{"type":"c3_new_errands","attributes":{"msg":%b' % orjson.dumps(message)[:-1]
    yield from _attachments(errand.attachments, described)
    if closing:
        yield b',"answer":%b' % orjson.dumps(closing)[: -1 if files else None]
        yield from _attachments(files, described_there) if files else ()
    for name, value in beside.items():
        yield b',"%b":%b' % (name.encode(), orjson.dumps(value))
    yield b"}}}"


def _closing(errand: Errand) -> dict[str, Any]:
    if errand.template is not None:
        return sender(errand.closing)
    return answer(errand.closing) if errand.closing is not None else {}


def _beside(errand: Errand) -> dict[str, Any]:
    """Return the attributes other than `msg` and `answer`, in the order of the contract's page."""
    beside: dict[str, Any] = {}
    if errand.template is not None:
        beside["watemplate"] = template(errand.template)
    if errand.extradata is not None:
        try:
            beside["extradata"] = json_value(errand.extradata)
        except ValueError as error:
            raise Invalid("extradata", f"expected {error}", "Create Errand, extradata") from error
    if errand.call is not None:
        beside["integrationData"] = integration(errand.call)
    return beside | CUID.written(errand)


def _described(owner: str, attachments: Sequence[Attachment]) -> list[dict[str, Any]]:
    """Return what is said of each attachment, without its content."""
    return [ATTACHMENT.at(f"{owner}.attachments[{place}]").written(each) for place, each in enumerate(attachments)]


def _attachments(attachments: Sequence[Attachment], described: Sequence[dict[str, Any]]) -> Iterator[bytes]:
    """Yield the end of an object: its attachments, whose base64 is made slice by slice."""
    yield b',"attachments":['
    for place, (attachment, said) in enumerate(zip(attachments, described, strict=True)):
        yield b'%b%b,"content":"' % (b"," if place else b"", orjson.dumps(said)[:-1])
        content = memoryview(attachment.content)
        for start in range(0, len(content), _SLICE):
            yield pybase64.b64encode(content[start : start + _SLICE])
        yield b'"}'
    yield b"]}"


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
