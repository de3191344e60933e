"""JSON as it is shown to a person: long strings, such as a file's base64, are cut, and their length is said."""

import re
from typing import Any

import orjson

SHOWN, MOST_WHOLE = 160, 400
STRING = re.compile(rf'"((?:[^"\\]|\\.){{0,{SHOWN}}}+)((?:[^"\\]++|\\.)*+)"')


def line(value: Any) -> str:
    """The value in one line."""
    return _cut(value, 0)


def laid_out(value: Any) -> str:
    """The value on many lines, indented."""
    return _cut(value, orjson.OPT_INDENT_2)


def _cut(value: Any, option: int) -> str:
    try:
        text = orjson.dumps(value, option=option).decode()
    except orjson.JSONEncodeError as wrong:
        return f"It cannot be shown: {wrong}"
    return STRING.sub(_short, text)


def _short(found: re.Match[str]) -> str:
    length = len(found[0]) - 2
    return found[0] if length <= MOST_WHOLE else f'"{found[1]}… ({length:,} characters)"'
