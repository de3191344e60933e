"""Pictures in the text: finds what an HTML body calls by `cid:` (RFC 2392), and gives it the Content-IDs of the mail.

Only places where a reader loads something count: attributes with an address, `srcset`, and `url()` in styles. A name in
visible text or in a comment is no reference, except in the conditional comments that Outlook reads.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from html import escape, unescape
from urllib.parse import unquote

# Comments, style sheets and tags. A quote opens only after `=`, as in browsers, and nothing is tried twice.
_MARKUP = re.compile(
    r"""<!(?=--)(?!--\s*\[if\b).*?(?:-->|\Z)
    | <style\b[^<>]*>.*?(?:</style|\Z)
    | <[a-z](?:[^<>=]++|=\s*+(?:"[^"]*+"|'[^']*+')?+)*+>""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_CALL = re.compile("cid:", re.IGNORECASE)
_IMAGE = re.compile(r"<img\b", re.IGNORECASE)
_STYLE_SHEET = re.compile(r"<style\b", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"""(?<=[\s"'/])(?P<name>[^\s"'<>/=]+)\s*=\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>(?:[^\s"'<>`/]|/(?!>))+))"""
)
_ADDRESSES = frozenset({"src", "background", "poster", "href", "xlink:href", "data", "lowsrc", "dynsrc"})
_ADDRESS = re.compile(r"(?P<url>cid:(?P<name>.*\S))", re.IGNORECASE | re.DOTALL)
_SOURCE_SET = re.compile(r"""(?<![^\s,"'=])(?P<url>cid:(?P<name>[^\s,]+))""", re.IGNORECASE)
_STYLE = re.compile(
    r"""url\(\s*(?:["']|&(?:quot|apos|\#0*39|\#x0*27|\#0*34|\#x0*22);)?\s*(?P<url>cid:(?P<name>[^"')\s&]+))""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class _Reference:
    """Where in a piece of markup something is called: the span of `cid:name`, the name, and the attribute's name."""

    start: int
    end: int
    name: str
    attribute: str


def cids(html: str) -> frozenset[str]:
    """Return the names that `html` says `cid:` to, decoded."""
    return frozenset(_names(html))


def missing_cids(html: str, names: Collection[str]) -> tuple[str, ...]:
    """Return what `html` says `cid:` to and `names` does not have, each once, in the order of the text."""
    return tuple(dict.fromkeys(name for name in _names(html) if name not in names))


def embed(html: str, content_ids: Mapping[str, str]) -> str:
    """Return `html` calling each picture by its Content-ID (`content_ids`: name to id, without angle brackets).

    An `<img>` whose picture is not there becomes its alternative text; any other call for it stays, and shows nothing.
    """
    # Most mails show nothing: one look for that is cheaper than one for each tag.
    return _MARKUP.sub(lambda match: _rewritten(match[0], content_ids), html) if _CALL.search(html) else html


def _names(html: str) -> Iterator[str]:
    if _CALL.search(html):
        for match in _MARKUP.finditer(html):
            yield from (reference.name for reference in _references(match[0]))


def _rewritten(markup: str, content_ids: Mapping[str, str]) -> str:
    pieces, done = [], 0
    for reference in _references(markup):
        if reference.name in content_ids:
            pieces += [markup[done : reference.start], "cid:", content_ids[reference.name]]
            done = reference.end
        elif reference.attribute == "src" and _IMAGE.match(markup):
            return _alternative_text(markup)
    return "".join([*pieces, markup[done:]])


def _references(markup: str) -> Iterator[_Reference]:
    if markup.startswith("<!") or not _CALL.search(markup):
        return
    if _STYLE_SHEET.match(markup):
        yield from _called(_STYLE, markup, 0, len(markup), "style")
        return
    for attribute in _ATTRIBUTE.finditer(markup):
        name, (start, end) = attribute["name"].lower(), attribute.span(attribute.lastgroup or 0)
        if name == "style":
            yield from _called(_STYLE, markup, start, end, name)
        elif name == "srcset":
            yield from _called(_SOURCE_SET, markup, start, end, name)
        elif name in _ADDRESSES:
            yield from _called(_ADDRESS, markup, start, end, name)


def _called(pattern: re.Pattern[str], markup: str, start: int, end: int, attribute: str) -> Iterator[_Reference]:
    for match in pattern.finditer(markup, start, end):
        name = unquote(unescape(match["name"])).strip()
        yield _Reference(*match.span("url"), name, attribute)


def _alternative_text(tag: str) -> str:
    for attribute in _ATTRIBUTE.finditer(tag):
        if attribute["name"].lower() == "alt":
            return escape(unescape(attribute[attribute.lastgroup or 0]), quote=False)
    return ""
