"""Texts with markup older than HTML: text/enriched (RFC 1896) and text/richtext (RFC 1341 7.1.3), as plain text."""

import re

_COMMAND = re.compile(r"<(/?)([A-Za-z0-9-]{1,60})>|(<<)")
_BREAKS = re.compile(r"\n+")
_LINE_ENDS = re.compile(r"(?<![ \t])[ \t]*\n[ \t]*")
_RICH = {"nl": "\n", "np": "\n\n", "lt": "<", "paragraph": "\n\n"}


def enriched_text(source: str) -> str:
    """Return text/enriched without its commands: one line end is a space, n are n - 1, but within `nofill`.

    What stands in `param` is for the command before it; quotations (`excerpt`) are indented by `> `.
    """
    pieces: list[str] = []
    unfilled = unread = quoted = 0
    for text, closing, command in _tokens(source):
        if text and not unread:
            flowing = text if unfilled else _BREAKS.sub(lambda match: "\n" * (len(match[0]) - 1) or " ", text)
            pieces.append(flowing.replace("\n", "\n> ") if quoted else flowing)
        step = -1 if closing else 1
        if command == "param":
            unread = max(0, unread + step)
        elif command in {"nofill", "verbatim"}:
            unfilled = max(0, unfilled + step)
        elif command == "excerpt":
            quoted = max(0, quoted + step)
            pieces.append("\n> " if quoted else "\n")
    return _LINE_ENDS.sub("\n", "".join(pieces)).strip()


def rich_text(source: str) -> str:
    """Return text/richtext without its commands: line ends are spaces, `<nl>` is a line end, `<lt>` is `<`."""
    pieces: list[str] = []
    unread = 0
    for text, closing, command in _tokens(source.replace("\n", " "), doubled=False):
        if text and not unread:
            pieces.append(text)
        if command == "comment":
            unread = max(0, unread + (-1 if closing else 1))
        elif command in _RICH and (not closing or command == "paragraph") and not unread:
            pieces.append(_RICH[command])
    return _LINE_ENDS.sub("\n", "".join(pieces)).strip()


def _tokens(source: str, *, doubled: bool = True) -> list[tuple[str, bool, str]]:
    """Return each text with the command behind it, and whether that closes; `<<` is `<` where that is `doubled`."""
    tokens, at, text = [], 0, ""
    for match in _COMMAND.finditer(source):
        text += source[at : match.start()]
        at = match.end()
        if match[3]:
            text += "<" if doubled else "<<"
        else:
            tokens.append((text, bool(match[1]), match[2].lower()))
            text = ""
    return [*tokens, (text + source[at:], False, "")]
