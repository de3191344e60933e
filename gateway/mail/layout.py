"""What is shown of a mail and what is kept as files, put together from its parts.

What is shown is a row of segments in the order of the mail.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from html import escape
from typing import TypeAlias

from gateway.mail.html import to_text
from gateway.mail.leaf import File, Leaf

Kept: TypeAlias = Leaf | File
"""What is kept as a file."""

_SPACE = re.compile(r"\W+")


@dataclass(frozen=True, slots=True)
class Segment:
    """Something to show: as text, as safe HTML, or as both; None for what the mail has not.

    `aside` is true for what is told beside the text and is no form of it. `source` is what it was made from.
    """

    plain: str | None
    html: str | None = None
    aside: bool = False
    source: Kept | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """What is shown of a part, and what is kept as files. `packed` is a body from within winmail.dat."""

    shown: tuple[Segment, ...] = ()
    files: tuple[Kept, ...] = ()
    packed: tuple[Segment, ...] = ()


def together(layouts: Iterable[Layout]) -> Layout:
    """Put layouts one after the other."""
    every = list(layouts)
    if len(every) == 1:
        return every[0]
    return Layout(
        tuple(segment for layout in every for segment in layout.shown),
        tuple(file for layout in every for file in layout.files),
        tuple(segment for layout in every for segment in layout.packed),
    )


def alternative(children: list[Layout]) -> Layout:
    """Choose among alternatives: the last that has HTML, with the texts beside it as its plain form.

    Texts are not dropped for one another, since senders that give two mean both; an earlier HTML is kept as a file.
    """
    every = together(children)
    asides = tuple(segment for segment in every.shown if segment.aside)
    forms = [tuple(segment for segment in child.shown if not segment.aside) for child in children]
    pages = [shown for shown in forms if any(segment.html for segment in shown)]
    if not pages:
        return replace(every, shown=(*(segment for shown in forms for segment in shown), *asides))
    page = pages[-1]
    texts = [shown for shown in forms if shown not in pages]
    plain = joined([text_of(shown) for shown in texts]) or _plain(page)
    earlier = tuple(segment.source for shown in pages[:-1] for segment in shown if segment.source)
    return replace(every, shown=(Segment(plain, html_of(page)), *asides), files=every.files + earlier)


def with_packed(layout: Layout) -> Layout:
    """Show the body of a winmail.dat: as the HTML of a mail that has none, or after the text if it says more."""
    shown, html = layout.shown, html_of(layout.packed)
    text = text_of(shown)
    if not text.strip():
        return replace(layout, shown=(*shown, *layout.packed), packed=())
    if html and not html_of(shown):
        return replace(layout, shown=(Segment(text, html),), packed=())
    known = _SPACE.sub("", text)
    new = tuple(segment for segment in layout.packed if _SPACE.sub("", text_of((segment,))) not in known)
    return replace(layout, shown=(*shown, *new), packed=())


def text_of(shown: tuple[Segment, ...]) -> str:
    """Return what is shown as text."""
    return joined([to_text(segment.html or "") if segment.plain is None else segment.plain for segment in shown])


def html_of(shown: tuple[Segment, ...]) -> str:
    """Return what is shown as HTML, "" where none of it is."""
    if not any(segment.html for segment in shown):
        return ""
    return "\n".join(segment.html or _text_as_html(segment.plain or "") for segment in shown).strip()


def joined(texts: list[str]) -> str:
    """Put texts one after the other, an empty line between them; blank ones are left out. One alone stays as it is."""
    speaking = [text for text in texts if text.strip()]
    return "\n\n".join([*(text.rstrip("\n") for text in speaking[:-1]), *speaking[-1:]])


def _plain(shown: tuple[Segment, ...]) -> str | None:
    """Return the text that the mail itself has for what is shown; None where some of it is HTML only."""
    texts = [segment.plain for segment in shown if segment.plain is not None]
    return joined(texts) if len(texts) == len(shown) else None


def _text_as_html(text: str) -> str:
    return f'<div style="white-space: pre-wrap">{escape(text.strip(), quote=False)}</div>' if text.strip() else ""
