"""HTML of strangers: made safe to show beside an agent's own page, and made readable as text.

`nh3` keeps what is on a list and nothing else.
"""

import re
from functools import lru_cache
from typing import Literal

import nh3

from gateway.mail.allowlist import (
    ATTRIBUTES,
    GONE_WITH_CONTENT,
    SCHEMES,
    TAGS,
    attribute,
    attribute_without_remote,
    relative,
)
from gateway.mail.hidden import telling, without_hidden
from gateway.mail.markup import is_forbidding, strip_tags
from gateway.mail.page import absolute, base, in_its_colours, tight_paragraphs
from gateway.mail.pictures import without_remote, without_tracking_pixels
from gateway.mail.plain import as_text

Kept = Literal["keep", "strip"]
"""What becomes of pictures that are fetched from elsewhere."""

_LARGEST = 5_000_000
# What plain text has no way to say.
_UNMARKED = frozenset(
    re.findall(r"\w+", "abbr acronym area b big code del em font i kbd map s small strike strong tt u")
)
_SPAN = re.compile(r"</?span>")


def sanitise(html: str, *, remote_images: Kept = "keep", tracking_pixels: Kept = "strip") -> str:
    """Return what of `html` is safe to show: text, tables, inline styles, pictures and links, as a fragment.

    Links go to http, https, mailto and tel, relative ones from what `<base>` says; pictures come from http, https,
    `cid:` and, where they are the picture itself, `data:`. Style sheets are left out: they are for the whole of a page,
    and the fragment is shown in somebody else's; mail that has to look well everywhere has its styles inline. Of the
    pictures that are fetched, those which cannot be seen go by `tracking_pixels`, the others by `remote_images`, which
    leaves their alternative text. "" where it is too large, or built to cost time. Never raises.
    """
    if len(html) > _LARGEST or is_forbidding(html):
        return ""
    cleaner = _cleaner(without_remote_images=remote_images == "strip", start=base(html))
    clean = cleaner.clean(tight_paragraphs(html)).strip()
    if "<img" in clean and tracking_pixels == "strip":
        clean = without_tracking_pixels(clean)
    if "<img" in clean and remote_images == "strip":
        clean = without_remote(clean)
    return in_its_colours(clean, html)


def to_text(html: str) -> str:
    """Return `html` as plain text: links behind their words, rows of tables in lines, pictures by their alternative.

    Lines are not wrapped. What is too large or built to cost time only loses its tags. Never raises.
    """
    if len(html) > _LARGEST or is_forbidding(html):
        return strip_tags(html)
    bare = _SPAN.sub("", without_hidden(_BARE.clean(tight_paragraphs(html))))
    text = as_text(bare)
    return strip_tags(bare) if text is None else text


@lru_cache(maxsize=16)
def _cleaner(*, without_remote_images: bool, start: str) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=TAGS,
        clean_content_tags=GONE_WITH_CONTENT,
        attributes=ATTRIBUTES,
        attribute_filter=attribute_without_remote if without_remote_images else attribute,
        url_schemes=SCHEMES,
        url_relative=(lambda address: absolute(address, start)) if start else relative,
    )


_BARE = nh3.Cleaner(
    tags=TAGS - _UNMARKED,
    clean_content_tags=GONE_WITH_CONTENT,
    attributes={"*": {"style"}, "a": {"href"}, "img": {"alt", "src"}, "ol": {"start"}, "table": {"border"}},
    attribute_filter=telling,
    url_schemes={"http", "https", "mailto", "tel", "cid"},
    url_relative="deny",
    link_rel=None,
)
