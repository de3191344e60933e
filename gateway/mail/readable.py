"""What a person reads of a single leaf: HTML made safe, text of a file where a mail has no other, and nothing twice."""

from gateway.mail import calendar, rtf
from gateway.mail.html import sanitise, to_text
from gateway.mail.layout import Segment, text_of
from gateway.mail.leaf import Leaf, Notes
from gateway.mail.manner import Manner

PAGES = frozenset({"text/html", "application/xhtml+xml"})
_RICH_TEXTS = frozenset({"text/rtf", "application/rtf", "application/x-rtf"})
_REPORTS = frozenset({"message/delivery-status", "message/disposition-notification", "message/feedback-report"})
_LARGEST = 200_000


def safe(html: str, manner: Manner) -> str:
    """Return HTML as it may be shown, with the pictures from elsewhere that the settings let through."""
    return sanitise(html, remote_images=manner.remote_images, tracking_pixels=manner.tracking_pixels)


def text_of_file(leaf: Leaf, notes: Notes, manner: Manner, *, alone: bool) -> Segment | None:
    """Return what a file says, if it is text of a size that people read; of any size where it is `alone`, the mail."""
    kind = leaf.media_type
    if leaf.size > _LARGEST and not alone:
        return None
    if kind in PAGES:
        source = leaf.text(notes)
        html = safe(source, manner)
        return Segment(None if html else to_text(source), html, source=leaf)
    if kind in _RICH_TEXTS:
        return _rich_text(leaf, notes)
    if (not kind.startswith("text/") and kind not in _REPORTS) or b"\0" in leaf.content({}):
        return None
    text = leaf.text(notes)
    return Segment((calendar.summary(text) if kind == "text/calendar" else "") or text, source=leaf)


def without_what_is_told(shown: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """Leave out the summary of a calendar whose events the text tells itself."""
    told = calendar.times(text_of(tuple(segment for segment in shown if not segment.aside)))
    return tuple(
        segment
        for segment in shown
        if not (segment.aside and isinstance(segment.source, Leaf)) or calendar.summary(segment.source.text({}), told)
    )


def _rich_text(leaf: Leaf, notes: Notes) -> Segment | None:
    try:
        plain, page = rtf.read(leaf.content(notes))
    except rtf.BadRtf:
        return None
    return Segment(plain or to_text(page), source=leaf)
