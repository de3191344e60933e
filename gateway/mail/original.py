"""The block in which Cention puts the customer's message under an answer: found, folded, or left out.

It stands between `--------- Cention Contact Center - Original message ---------` and a line with `End` in it
(contract.md's seed). "Folded" is a quotation: `<blockquote type="cite">` and lines with `>` are what mail programs fold
by themselves, and what others show as it is; `<details>` shows nothing at all in some of them.
"""

import re
from typing import Literal, TypeAlias

Original: TypeAlias = Literal["keep", "fold", "drop"]

_BEGIN = re.compile(r"(?<!-)-{5,}+ *+[^\n<>-]{0,60}- Original message -{5,}", re.IGNORECASE)
_END = re.compile(r"(?<!-)-{5,}+ *+[^\n<>-]{0,60}- Original message - End -{5,}", re.IGNORECASE)
_ERRAND = re.compile(r"Errand: *#[0-9A-Za-z-]{1,40}")
_TAG = re.compile(r"""<(/?)([a-z][a-z0-9:]*+)(?:[^<>"']++|"[^"]*+"|'[^']*+')*+>""", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_EMPTY = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
_QUOTED = (
    '<blockquote type="cite" class="gmail_quote" style="margin:0;padding:0 0 0 1em;border-left:2px solid #cccccc">\n'
)
_QUOTE_END = "\n</blockquote>"
_BLOCK = re.compile(f"(?:{re.escape(_QUOTED)}|> )?(?:{_BEGIN.pattern})", re.IGNORECASE)


def split(body: str) -> tuple[str, str]:
    """Part a body (text or HTML) in the answer itself and what begins with the block, folded or not; "" without one."""
    begin = _BLOCK.search(body)
    return (body[: begin.start()], body[begin.start() :]) if begin else (body, "")


def in_html(html: str, original: Original) -> str:
    """Return an HTML body with its block treated; as it is where the block is not a piece that can be taken out."""
    if original == "keep" or (place := _block(html)) is None or not _is_balanced(html[slice(*place)]):
        return html
    begin, end = place
    block = html[begin:end]
    put = _QUOTED + block + _QUOTE_END if original == "fold" else _errand(block)
    return html[:begin] + put + html[end:]


def in_text(text: str, original: Original) -> str:
    """Return a plain body with its block treated."""
    if original == "keep" or (place := _block(text)) is None:
        return text
    begin, end = place
    lines = re.split(r"\r\n|\r|\n", text[begin:end])
    put = "\n".join(f"> {line}".rstrip() for line in lines) if original == "fold" else _errand(text[begin:end])
    return text[:begin] + put + text[end:]


def _block(body: str) -> tuple[int, int] | None:
    if not (begin := _BEGIN.search(body)):
        return None
    # A customer who answered an answer quotes a block within the block: the last end is this one's.
    ends = [end.end() for end in _END.finditer(body, begin.end())]
    return (begin.start(), ends[-1]) if ends else None


def _errand(block: str) -> str:
    found = _ERRAND.search(block)
    return found[0] if found else ""


def _is_balanced(html: str) -> bool:
    """Whether each element that is opened in a piece of HTML is closed in it, and none else."""
    opened: list[str] = []
    for tag in _TAG.finditer(_COMMENT.sub("", html)):
        name = tag[2].lower()
        if name in _EMPTY or tag[0].endswith("/>"):
            continue
        if not tag[1]:
            opened.append(name)
        elif not opened or opened.pop() != name:
            return False
    return not opened
