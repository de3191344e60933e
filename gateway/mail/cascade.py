"""Style sheets in a page, copied to the elements that they speak of, for readers that drop `<style>`.

The sheets stay beside that: what no element can carry, such as `@media`, is for readers that keep them.
"""

import re

from css_inline import CSSInliner, InlineError

from gateway.mail.document import fragment, is_whole
from gateway.mail.markup import is_forbidding

_SHEET = re.compile(r"<style\b[^<>]*>(.*?)(?:</style|\Z)", re.IGNORECASE | re.DOTALL)
_LARGEST = 2_000_000
# Each element may come to have all that the sheets say; a large newsletter is a tenth of that.
_MOST_SAID = 100_000_000
# What a mail says is fetched from nowhere, neither the network nor a disk.
_INLINER = CSSInliner(load_remote_stylesheets=False, keep_style_tags=True)


def with_inline_styles(html: str) -> str:
    """Return a page or fragment with the rules of its sheets on its elements; as it is where it has none.

    As it is, too, where it is too large for that or built to cost time.
    """
    said = sum(map(len, _SHEET.findall(html)))
    if not said or len(html) > _LARGEST or said * html.count("<") > _MOST_SAID or is_forbidding(html):
        return html
    try:
        inlined = _INLINER.inline(html)
    except InlineError:
        return html
    if len(inlined) > _LARGEST:
        return html
    return inlined if is_whole(html) else fragment(inlined)
