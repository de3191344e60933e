"""Files of a mail as attachments: each with a name of its own, a type, and its place in the page where it has one."""

import re
from collections.abc import Iterable
from html import unescape
from urllib.parse import unquote

import pybase64

from gateway.mail.contenttype import detect, is_any
from gateway.mail.embed import cids
from gateway.mail.filename import made_name
from gateway.mail.header import read_header, to_text
from gateway.mail.layout import Kept
from gateway.mail.leaf import File, Leaf, Notes
from gateway.mail.manner import Manner
from gateway.model import Attachment

MAILS = frozenset({"message/rfc822", "message/global"})
_HEADER_OF_ATTACHED_MAIL = 64 * 1024
_PICTURE = re.compile(r"<img\b[^<>]*\bsrc=\"cid:[^\"]*\"[^<>]*>", re.IGNORECASE)
_CALL = re.compile(
    r"(?<=[=(][\"'])cid:([^\"'()<>]+)|(?<=url\()cid:([^\"'()<>]+)|(?<=url\(&quot;)cid:([^\"'()<>&]+)", re.IGNORECASE
)
_BACKGROUND = re.compile(r" background=\"cid:[^\"]*\"|(url\((?:&quot;|')?cid:[^\"()<>]*\))", re.IGNORECASE)
_AS_DATA = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"})
_LARGEST_AS_DATA = 5_000_000
_LONGEST_ENDING = 6


def attach(files: Iterable[Kept], html: str, notes: Notes, manner: Manner) -> tuple[tuple[Attachment, ...], str]:
    """Return the attachments that `files` become, and the HTML, whose pictures are where `manner` wants them.

    A picture is inline, and has a `content_id`, where the page says `cid:` to it or it came with the page.
    """
    called = cids(html) if "cid:" in html.lower() else frozenset()
    names: dict[str, int] = {}
    made = [_attachment(file, number, called, names, notes) for number, file in enumerate(files, 1)]
    if manner.inline_images == "attach" or not called:
        return tuple(made), html
    return _without_pictures(made, html, notes) if manner.inline_images == "strip" else _as_data(made, html)


def unique(name: str, taken: dict[str, int]) -> str:
    """Return `name`, numbered as `a (2).pdf` where it is taken; it is taken from now on.

    `taken` has the names, in one case, each with the highest number that was put to it, 1 for none.
    """
    stem, dot, ending = name.rpartition(".")
    if not stem:
        stem, dot, ending = name, "", ""
    number, candidate = taken.get(name.casefold(), 1), name
    while candidate.casefold() in taken:
        number += 1
        candidate = f"{stem} ({number}){dot}{ending}"
    taken |= {candidate.casefold(): 1, name.casefold(): number}
    return candidate


def _attachment(kept: Kept, number: int, called: frozenset[str], names: dict[str, int], notes: Notes) -> Attachment:
    file = kept.file(notes) if isinstance(kept, Leaf) else kept
    media_type = file.media_type
    if is_any(media_type):
        found = detect(file.content, file.name)
        if found and media_type:
            notes[f"a file of unknown type is {found} by its content"] = None
        media_type = found or "application/octet-stream"
    name = unique(_name(file, media_type, number), names)
    inline = file.related or file.content_id in called
    return Attachment(name, media_type, file.content, file.content_id if inline else "")


def _name(file: File, media_type: str, number: int) -> str:
    """Return a file's name, or make one of what is known of it."""
    if file.name:
        bare = media_type in MAILS and "." not in file.name[-_LONGEST_ENDING:]
        return f"{file.name}.eml" if bare else file.name
    subject = _subject(file.content) if media_type in MAILS else ""
    return made_name(subject, number, media_type)


def _subject(content: bytes) -> str:
    header, _ = read_header(content, 0, min(len(content), _HEADER_OF_ATTACHED_MAIL))
    return to_text(header.raw("subject"))


def _without_pictures(made: list[Attachment], html: str, notes: Notes) -> tuple[tuple[Attachment, ...], str]:
    kept = [one for one in made if not (one.content_id and one.content_type.startswith("image/"))]
    left_out = [one for one in made if one.content_id and one.content_type.startswith("image/")]
    notes.update(dict.fromkeys(f"a picture in the text was left out, as is set ({one.name})" for one in left_out))
    html = _BACKGROUND.sub(lambda call: "none" if call[1] else "", html)
    return tuple(kept), _PICTURE.sub("", html)


def _as_data(made: list[Attachment], html: str) -> tuple[tuple[Attachment, ...], str]:
    """Put the pictures into the HTML itself, as far as they are small and of kinds that are safe there."""
    addresses: dict[str, str] = {}

    def address(call: re.Match[str]) -> str:
        name = unquote(unescape(call[call.lastindex or 0])).strip()
        picture = pictures.get(name)
        if picture is None:
            return call[0]
        if name not in addresses:
            addresses[name] = f"data:{picture.content_type};base64,{pybase64.b64encode_as_string(picture.content)}"
        return addresses[name]

    pictures = {one.content_id: one for one in made if one.content_id and one.content_type in _AS_DATA}
    if sum(len(one.content) for one in pictures.values()) > _LARGEST_AS_DATA:
        return tuple(made), html
    html = _CALL.sub(address, html)
    return tuple(one for one in made if one.content_id not in addresses), html
