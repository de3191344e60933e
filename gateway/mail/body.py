"""Which parts of a mail are its text, and which are files: what a good mail program shows (RFC 2046 5.1, RFC 2387).

What is shown is a row of segments in the order of the mail; every leaf is in one of them or among the files.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from gateway.mail.html import sanitise, to_text
from gateway.mail.leaf import Leaf, Notes, open_leaf
from gateway.mail.scan import DEPTH, Part

_TEXTS = frozenset({"", "text/plain", "text/markdown", "text/x-markdown", "text/enriched", "text/richtext"})
_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_READABLE_FILE = 200_000
_UNSEEN_PAGE = 2_000


@dataclass(frozen=True, slots=True)
class Body:
    """A mail divided: `text` and `html` as they are shown ("" for none), and the leaves that are kept as files."""

    text: str
    html: str
    files: tuple[Leaf, ...]


@dataclass(frozen=True, slots=True)
class _Segment:
    """Something to show: as text, as safe HTML, or as both; None for what the mail has not."""

    leaf: Leaf
    plain: str | None
    html: str | None = None


@dataclass(frozen=True, slots=True)
class _Layout:
    """What is shown of a part, and what is kept as files."""

    shown: tuple[_Segment, ...] = ()
    files: tuple[Leaf, ...] = ()


def read_body(root: Part, raw: bytes, charset: str, notes: Notes) -> Body:
    """Divide a mail into text and files. Where there is no text but in a file, the file is shown as well as kept.

    `charset` is for raw 8-bit in the headers of parts; what had to be repaired goes into `notes`.
    """
    walk = _Walk(raw, charset, notes)
    layout = walk.part(root)
    text = _text(layout.shown)
    if not text.strip():
        shown = next((segment for leaf in layout.files if (segment := walk.readable_file(leaf, root))), None)
        if shown:
            layout = _Layout((*layout.shown, shown), layout.files)
            text = _text(layout.shown)
    return Body(text, _html(layout.shown), layout.files)


@dataclass(frozen=True, slots=True)
class _Walk:
    """What a walk through the parts carries along."""

    raw: bytes
    charset: str
    notes: Notes

    def part(self, part: Part, depth: int = 0, *, alternative: bool = False, related: bool = False) -> _Layout:
        """Lay a part out. In an alternative a name does not make a text a file; beside a page, a Content-ID does."""
        if not part.parts:
            return self.leaf(part, depth, alternative=alternative, related=related)
        kind = part.content_type.value
        if kind == "multipart/alternative":
            return _alternative([self.part(child, depth + 1, alternative=True) for child in part.parts])
        if kind == "multipart/related":
            return self.related(part, depth, alternative=alternative)
        return _sum(self.part(child, depth + 1, alternative=alternative, related=related) for child in part.parts)

    def related(self, part: Part, depth: int, *, alternative: bool) -> _Layout:
        """Lay out a page and what belongs to it; the page is what `start` names, else the first part."""
        start = part.content_type.raw("start").strip().encode("latin-1", "replace")
        named = (child for child in part.parts if start and child.header.raw("content-id") == start)
        root = next(named, part.parts[0])
        return _sum(
            self.part(child, depth + 1, alternative=alternative and child is root, related=child is not root)
            for child in part.parts
        )

    def leaf(self, part: Part, depth: int, *, alternative: bool, related: bool) -> _Layout:
        leaf = open_leaf(part, self.charset, related=related)
        if part.content_type.value.startswith("multipart/") and (depth >= DEPTH or part.body >= part.end):
            return _Layout()
        if leaf.detached or leaf.related or (leaf.name and not alternative):
            return _Layout(files=(leaf,))
        if leaf.media_type in _PAGES:
            return self.page(leaf)
        if leaf.media_type in _TEXTS and (leaf.media_type or b"\0" not in leaf.content(self.raw, {})):
            return _Layout((_Segment(leaf, leaf.text(self.raw, self.notes)),))
        return _Layout(files=(leaf,))

    def page(self, leaf: Leaf) -> _Layout:
        """Lay HTML out; what nothing safe is left of is kept as a file too, unless it was next to nothing."""
        source = leaf.text(self.raw, self.notes)
        html = sanitise(source)
        if html or len(source) < _UNSEEN_PAGE:
            return _Layout((_Segment(leaf, None, html),))
        self.notes["HTML that could not be shown is kept as a file"] = None
        return _Layout((_Segment(leaf, to_text(source)),), (leaf,))

    def readable_file(self, leaf: Leaf, root: Part) -> _Segment | None:
        """Show a file as the text of a mail that has no other, if it is text and of a size that people read."""
        if leaf.part is not root and leaf.part.end - leaf.part.body > _READABLE_FILE:
            return None
        if leaf.media_type in _PAGES:
            return next(iter(self.page(leaf).shown))
        if not leaf.media_type.startswith("text/") and leaf.media_type != "message/delivery-status":
            return None
        if b"\0" in leaf.content(self.raw, {}):
            return None
        return _Segment(leaf, leaf.text(self.raw, self.notes))


def _alternative(children: list[_Layout]) -> _Layout:
    """Choose among alternatives: the last that has HTML, with the texts beside it as its plain form.

    Texts are not dropped for one another, since senders that give two mean both; an earlier HTML is kept as a file.
    """
    every = _sum(children)
    pages = [child for child in children if any(segment.html for segment in child.shown)]
    if not pages:
        return every
    page = pages[-1].shown
    texts = [child.shown for child in children if child not in pages]
    plain = _joined([_text(shown) for shown in texts]) or _plain(page)
    earlier = tuple(segment.leaf for child in pages[:-1] for segment in child.shown)
    return _Layout((_Segment(page[0].leaf, plain, _html(page)),), every.files + earlier)


def _sum(layouts: Iterable[_Layout]) -> _Layout:
    every = list(layouts)
    return _Layout(
        tuple(segment for layout in every for segment in layout.shown),
        tuple(leaf for layout in every for leaf in layout.files),
    )


def _plain(shown: tuple[_Segment, ...]) -> str | None:
    """Return the text that the mail itself has for what is shown; None where some of it is HTML only."""
    texts = [segment.plain for segment in shown if segment.plain is not None]
    return _joined(texts) if len(texts) == len(shown) else None


def _text(shown: tuple[_Segment, ...]) -> str:
    return _joined([to_text(segment.html or "") if segment.plain is None else segment.plain for segment in shown])


def _html(shown: tuple[_Segment, ...]) -> str:
    if not any(segment.html for segment in shown):
        return ""
    return "\n".join(segment.html or _text_as_html(segment.plain or "") for segment in shown).strip()


def _text_as_html(text: str) -> str:
    return f'<div style="white-space: pre-wrap">{escape(text.strip(), quote=False)}</div>' if text.strip() else ""


def _joined(texts: list[str]) -> str:
    """Put texts one after the other, an empty line between them; blank ones are left out. One alone stays as it is."""
    speaking = [text for text in texts if text.strip()]
    return "\n\n".join([*(text.rstrip("\n") for text in speaking[:-1]), *speaking[-1:]])
