"""How mail is read where an operator has a choice: bounds, and what becomes of pictures and of other forms."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Pictures: TypeAlias = Literal["attach", "data", "strip"]
Alternatives: TypeAlias = Literal["attach", "leave-out"]
Kept: TypeAlias = Literal["keep", "strip"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is read of a mail; one that goes beyond is attached whole.

    `header` is the bytes of one part's header, `fields` the number of its fields, `addresses` those in a field that
    names a writer. `opened` is the bytes that something packed into a part (TNEF, S/MIME) may have once it is unpacked.
    """

    depth: int = 50
    parts: int = 1_000
    header: int = 256 * 1024
    fields: int = 2_000
    addresses: int = 1_000
    opened: int = 100_000_000


@dataclass(frozen=True, slots=True)
class Manner:
    """The choices: see the settings' `[mail]`.

    `inline_images` are those of the mail that its HTML shows, `remote_images` those that it would fetch from elsewhere.
    `alternatives` are forms of the text that nobody shows, AMP first of all.
    """

    inline_images: Pictures = "attach"
    alternatives: Alternatives = "attach"
    remote_images: Kept = "keep"
    tracking_pixels: Kept = "strip"
    bounds: Bounds = Bounds()


WITHIN = Bounds()
"""The usual bounds."""

USUAL = Manner()
"""What is done where nothing else is said."""
