"""What a value must be to stand in a document (contract.md, Create and Close).

Each kind takes any value and returns it as the document has it; ValueError says what was expected.
"""

import math
import re
from collections.abc import Iterator
from typing import Any

from gateway.errors import Permanent, Reason

USER_TYPES = ("cention", "solidus", "clearinteract")

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_MEDIA_TYPE = re.compile(r"[^\s/;]+/[^\s/;]+")
_MSISDN = re.compile(r"\+?[1-9][0-9]{4,14}", re.ASCII)
_UNIX_TIME = re.compile(r"[0-9]{1,19}", re.ASCII)
# Beyond it, a reader that takes numbers for floats has another one (RFC 8259 section 6).
_EXACT = 2**53
_INTEGERS = range(-(2**63), 2**64)
_DEEPEST = 100
_SHOWN = 60


class Invalid(Permanent):
    """A document that the contract forbids: the `field` by its name there, what is wrong, the contract's `section`."""

    reason = Reason.DOCUMENT_INVALID

    def __init__(self, field: str, said: str, section: str) -> None:
        super().__init__(field, said, section)
        self.field = field
        self.said = said
        self.section = section

    def __str__(self) -> str:
        return f"{self.field}: {self.said} (Cention's API: {self.section})"


def shown(value: object) -> str:
    """Return a value for a sentence: what it is, and how it begins."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def text(value: object) -> str:
    """Any text that UTF-8 can carry, line breaks included."""
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise ValueError(f"text that UTF-8 can carry (character {error.start}: {error.reason})") from error
        return value
    raise ValueError("a string")


def line(value: object) -> str:
    """Text without line breaks and other control characters."""
    found = text(value)
    if _CONTROLS.search(found):
        raise ValueError("text without line breaks and control characters")
    return found


def media_type(value: object) -> str:
    """A `type/subtype` without parameters."""
    if not _MEDIA_TYPE.fullmatch(line(value)):
        raise ValueError('a media type such as "text/plain"')
    return line(value)


def integer(value: object) -> int:
    """A whole number; true and false are none."""
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _EXACT:
        raise ValueError("a whole number of at most 2^53")
    return value


def msisdn(value: object) -> str:
    """A telephone number with its country code (E.164), which is written without its plus sign."""
    if not isinstance(value, str) or not _MSISDN.fullmatch(value):
        raise ValueError("a telephone number with its country code, 5 to 15 digits such as 46850000000")
    return value.removeprefix("+")


def unix_time(value: object) -> str:
    """Unix time in seconds, as a string of digits."""
    if not isinstance(value, str) or not _UNIX_TIME.fullmatch(value):
        raise ValueError("a Unix time as a string of digits")
    return value


def user_type(value: object) -> str:
    """A kind of user; the case does not matter, and the page's own, lower case is written. "" is the system."""
    if not isinstance(value, str) or (value and value.lower() not in USER_TYPES):
        raise ValueError(", ".join(USER_TYPES[:-1]) + f" or {USER_TYPES[-1]}, or nothing for the system")
    return value.lower()


def json_value(value: object) -> Any:
    """Anything that JSON can say: no NaN, no number over 64 bits, names that are text, at most 100 levels."""
    waiting: list[tuple[object, int]] = [(value, 1)]
    while waiting:
        found, level = waiting.pop()
        if level > _DEEPEST:
            raise ValueError(f"at most {_DEEPEST} levels of objects and arrays")
        waiting += ((child, level + 1) for child in _children(found))
    return value


def _children(value: object) -> Iterator[object]:
    """Yield what stands in an object or array, names included; ValueError for a value that is no JSON."""
    match value:
        case dict():
            if not all(isinstance(name, str) for name in value):
                raise ValueError("JSON, where every name is a string")
            yield from value
            yield from value.values()
        case list() | tuple():
            yield from value
        case str():
            text(value)
        case float() if not math.isfinite(value):
            raise ValueError(f"JSON, which has no {value}")
        case int() if value not in _INTEGERS:
            raise ValueError("JSON, with numbers of at most 64 bits")
        case None | bool() | int() | float():
            pass
        case _:
            raise ValueError(f"JSON, which has no {type(value).__name__}")
