"""Which parts of a mail are its text, and which are files: what a good mail program shows (RFC 2046 5.1, RFC 2387).

Every leaf is shown, is among the files, or is left out with a note that says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gateway.mail import calendar, smime, tnef, told
from gateway.mail.enclosed import TOO_MANY
from gateway.mail.enriched import enriched_text, rich_text
from gateway.mail.html import to_text
from gateway.mail.layout import Kept, Layout, Segment, alternative, html_of, text_of, together, with_packed
from gateway.mail.leaf import Leaf, Notes, open_leaf
from gateway.mail.location import rewritten
from gateway.mail.manner import Manner
from gateway.mail.packed import files_of
from gateway.mail.readable import PAGES, safe, text_of_file, without_what_is_told
from gateway.mail.scan import Part, scan

_TEXTS = frozenset(
    {"", "text/plain", "text/markdown", "text/x-markdown", "text/enriched", "text/richtext", "application/pgp"}
)
_CONVERTED = {"text/enriched": enriched_text, "text/richtext": rich_text}
_UNSEEN_PAGE = 2_000
_DEEPEST_PACKED = 3
_NUL_AMONG = 1_000  # by accident; packed data has one among 256 bytes


@dataclass(frozen=True, slots=True)
class Body:
    """A mail divided: `text` and `html` as they are shown ("" for none), and what is kept as files.

    `complete` is false where a bound left something undivided.
    """

    text: str
    html: str
    files: tuple[Kept, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a mail a part is. `raw` is the mail that it is of; `packed` how many others that one was packed into.

    In an alternative a name does not make a text a file; beside a page (`related`) a Content-ID does. `locations` are
    the Content-IDs of what a page calls by its place.
    """

    raw: bytes
    depth: int = 0
    packed: int = 0
    alternative: bool = False
    related: bool = False
    locations: Mapping[str, str] = field(default_factory=dict)


def read_body(root: Part, raw: bytes, charset: str, notes: Notes, manner: Manner) -> Body:
    """Divide a mail into text and files. Where there is no text but in a file, the file is shown as well as kept.

    `charset` is for raw 8-bit in the headers of parts; what had to be repaired goes into `notes`.
    """
    walk = _Walk(charset, notes, manner, manner.bounds.parts)
    layout = walk.part(root, _Place(raw))
    if layout.packed:
        layout = with_packed(layout)
    if any(segment.aside for segment in layout.shown):
        layout = replace(layout, shown=without_what_is_told(layout.shown))
    text = text_of(layout.shown)
    if not text.strip():
        leaves = (kept for kept in layout.files if isinstance(kept, Leaf))
        read = (text_of_file(leaf, notes, manner, alone=leaf.part is root) for leaf in leaves)
        shown = next(filter(None, read), None)
        if shown:
            layout = replace(layout, shown=(*layout.shown, shown))
            text = text_of(layout.shown)
    return Body(text, html_of(layout.shown), layout.files, TOO_MANY not in notes)


@dataclass(slots=True)
class _Walk:
    """What a walk through the parts carries along. `room` is for how many files there may still be in texts."""

    charset: str
    notes: Notes
    manner: Manner
    room: int

    def part(self, part: Part, place: _Place) -> Layout:
        if not part.parts:
            return self.leaf(part, place)
        kind = part.content_type.value
        is_alternative = kind == "multipart/alternative"
        below = replace(place, depth=place.depth + 1, alternative=place.alternative or is_alternative)
        if is_alternative:
            return alternative([self.part(child, below) for child in part.parts])
        if kind == "multipart/related":
            return self.related(part, below)
        layout = together([self.part(child, below) for child in part.parts])
        if kind == "multipart/encrypted":
            return replace(layout, shown=(*layout.shown, Segment(told.ENCRYPTED_PGP)))
        return layout

    def related(self, part: Part, place: _Place) -> Layout:
        """Lay out a page and what belongs to it; the page is what `start` names, else the first part."""
        start = part.content_type.raw("start").strip().encode("latin-1", "replace")
        named = (child for child in part.parts if start and child.header.raw("content-id") == start)
        root = next(named, part.parts[0])
        others = [child for child in part.parts if child is not root]
        located = [open_leaf(place.raw, one, "") for one in others if one.header.raw("content-location")]
        page = replace(place, related=False, locations={leaf.location: leaf.content_id for leaf in located})
        beside = replace(place, alternative=False, related=True)
        return together([self.part(child, page if child is root else beside) for child in part.parts])

    def leaf(self, part: Part, place: _Place) -> Layout:
        leaf = open_leaf(place.raw, part, self.charset, related=place.related)
        bounds = self.manner.bounds
        if part.content_type.value.startswith("multipart/") and (place.depth >= bounds.depth or part.body >= part.end):
            return Layout()
        opened = self.opened(leaf, place)
        if opened:
            return opened
        if leaf.media_type in _TEXTS | PAGES and self.is_shown(leaf, place):
            return self.page(leaf, place) if leaf.media_type in PAGES else self.text(leaf)
        if place.alternative and not leaf.detached and self.manner.alternatives == "leave-out" and not leaf.related:
            self.notes[f"an alternative that nobody shows was left out ({leaf.media_type})"] = None
            return Layout()
        return Layout(files=(leaf,))

    def is_shown(self, leaf: Leaf, place: _Place) -> bool:
        if leaf.detached or leaf.related or (leaf.name and not place.alternative and (place.depth or not leaf.size)):
            return False
        if leaf.media_type and not leaf.name:
            return True
        content = leaf.content({})
        return content.count(b"\0") <= (0 if leaf.name else max(1, len(content) // _NUL_AMONG))

    def text(self, leaf: Leaf) -> Layout:
        text, files = leaf.text_and_files(self.notes, self.room)
        self.room -= len(files)
        convert = _CONVERTED.get(leaf.media_type)
        return Layout((Segment(convert(text) if convert else text, source=leaf),), files)

    def page(self, leaf: Leaf, place: _Place) -> Layout:
        """Lay HTML out; what nothing safe is left of is kept as a file too, unless it was next to nothing."""
        source = leaf.text(self.notes)
        if place.locations:
            source = rewritten(source, place.locations, leaf.location)
        html = safe(source, self.manner)
        if html or len(source) < _UNSEEN_PAGE:
            return Layout((Segment(None, html, source=leaf),))
        self.notes["HTML that could not be shown is kept as a file"] = None
        return Layout((Segment(to_text(source), source=leaf),), (leaf,))

    def opened(self, leaf: Leaf, place: _Place) -> Layout | None:
        """Lay out what is more than its bytes: packed mails, calendars, and parts that say where something is."""
        kind = leaf.media_type
        if kind in smime.MEDIA_TYPES or leaf.name.lower() == smime.NAME:
            return self.unsealed(leaf, place)
        if kind in tnef.MEDIA_TYPES or leaf.name.lower() in tnef.NAMES:
            return self.unpacked(leaf, place)
        if kind == "text/calendar" and not leaf.detached:
            summary = calendar.summary(leaf.text(self.notes))
            return Layout((Segment(summary, aside=True, source=leaf),) if summary else (), (leaf,))
        if kind in {"message/partial", "message/external-body"}:
            say = told.partial if kind == "message/partial" else told.external
            return Layout((Segment(say(leaf.part.content_type)),), (leaf,))
        return None

    def unsealed(self, leaf: Leaf, place: _Place) -> Layout | None:
        """Lay out the mail in an S/MIME message. The message is kept too: the signature cannot be taken out of it."""
        inner = smime.open_seal(leaf.content(self.notes), self.manner.bounds.opened)
        said = leaf.part.content_type.raw("smime-type").lower()
        if inner is smime.Sealed.ENCRYPTED or (inner is smime.Sealed.UNKNOWN and said in smime.ENCRYPTED_TYPES):
            return Layout((Segment(told.ENCRYPTED_SMIME),), (leaf,))
        if isinstance(inner, smime.Sealed) or place.packed >= _DEEPEST_PACKED:
            return None
        structure = scan(inner, self.manner.bounds)
        if not structure.root.content_type.value:
            return None  # a document that was signed, not a mail
        self.notes.update(dict.fromkeys(structure.notes))
        layout = self.part(structure.root, _Place(inner, place.depth + 1, place.packed + 1))
        return replace(layout, files=(*layout.files, leaf))

    def unpacked(self, leaf: Leaf, place: _Place) -> Layout | None:
        """Lay out what is in a winmail.dat, which is kept as it is where it cannot be opened."""
        content = leaf.content(self.notes)
        opened = tnef.open_tnef(content, self.manner.bounds.opened)
        if opened is None:
            if content.startswith(tnef.SIGNATURE):
                self.notes["a winmail.dat could not be opened and is kept as it is"] = None
            return None
        self.notes[f"{leaf.name or 'winmail.dat'} was opened; what was in it takes its place"] = None
        html = safe(opened.html, self.manner) if opened.html else None
        says = Segment(opened.text or None, html) if opened.text.strip() or html else None
        files = files_of(opened, self.manner.bounds.opened)
        return Layout(files=files, packed=(says,) if says and not place.packed else ())
