"""Shapes of JSON values, put together from small checks, so that a document's rules read as a table.

A check takes a value and yields what is wrong with it, each flaw with the way to the part that is meant.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pybase64


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong ("must be a string, found null") and the steps that lead there: names and array positions.

    `status` is the HTTP status that it deserves; `unknown` that it is a member which nobody has heard of.
    """

    said: str
    path: tuple[str | int, ...] = ()
    status: int = 422
    unknown: bool = False

    def under(self, step: str | int) -> "Flaw":
        """The same flaw, seen from one level up."""
        return replace(self, path=(step, *self.path))

    @property
    def pointer(self) -> str:
        """The way as a JSON pointer (RFC 6901)."""
        return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in self.path)


Check = Callable[[Any], Iterator[Flaw]]


def kind(value: Any) -> str:
    """How a sentence calls a JSON value."""
    names = {type(None): "null", bool: "a boolean", str: "a string", list: "an array", dict: "an object"}
    return names.get(type(value), "a number")


def anything(_value: Any) -> Iterator[Flaw]:
    """Any JSON."""
    yield from ()


def shallow(most: int) -> Check:
    """Any JSON of at most so many levels of objects and arrays."""

    def check(value: Any) -> Iterator[Flaw]:
        level: list[Any] = [[value]]
        for _ in range(most + 1):
            members_of = (one.values() if isinstance(one, dict) else one for one in level)
            level = [inner for inside in members_of for inner in inside if isinstance(inner, dict | list)]
            if not level:
                return
        yield Flaw(f"must have at most {most} levels of objects and arrays, and has more")

    return check


def text(value: Any) -> Iterator[Flaw]:
    """A string, which may be empty."""
    if not isinstance(value, str):
        yield Flaw(f"must be a string, found {kind(value)}")


def boolean(value: Any) -> Iterator[Flaw]:
    """True or false."""
    if not isinstance(value, bool):
        yield Flaw(f"must be true or false, found {kind(value)}")


def integer(value: Any) -> Iterator[Flaw]:
    """A whole number; true and false are none, nor is 1.0."""
    if isinstance(value, float):
        yield Flaw("must be an integer, found a number with a fraction or an exponent")
    elif not isinstance(value, int) or isinstance(value, bool):
        yield Flaw(f"must be an integer, found {kind(value)}")


def base64(value: Any) -> Iterator[Flaw]:
    """A string that is base64 with padding and without line breaks (RFC 4648, section 4)."""
    if not isinstance(value, str):
        yield Flaw(f"must be a string of base64, found {kind(value)}")
        return
    try:
        pybase64.b64decode(value, validate=True)
    except ValueError:
        yield Flaw("must be base64 (RFC 4648), and is not")


def matching(pattern: str, meaning: str) -> Check:
    """A string that the whole of `pattern` matches; `meaning` completes "must be ..."."""
    compiled = re.compile(pattern)

    def check(value: Any) -> Iterator[Flaw]:
        if not isinstance(value, str):
            yield Flaw(f"must be {meaning}, found {kind(value)}")
        elif not compiled.fullmatch(value):
            yield Flaw(f"must be {meaning}, found {value[:60]!r}")

    return check


def number(least: float, most: float) -> Check:
    """A number within bounds, both included."""

    def check(value: Any) -> Iterator[Flaw]:
        if not isinstance(value, int | float) or isinstance(value, bool):
            yield Flaw(f"must be a number, found {kind(value)}")
        elif not least <= value <= most:
            yield Flaw(f"must be from {least:g} to {most:g}, found {value:g}")

    return check


def whole(least: int, most: int) -> Check:
    """A whole number within bounds, both included."""
    return every(integer, number(least, most))


def one_of(*values: Any) -> Check:
    """One of the values named; true is not 1."""
    expected = ", ".join(str(value).lower() if isinstance(value, bool) else repr(value) for value in values)

    def check(value: Any) -> Iterator[Flaw]:
        if not any(value == allowed and type(value) is type(allowed) for allowed in values):
            found = repr(value[:60]) if isinstance(value, str) else kind(value)
            yield Flaw(f"must be one of {expected}, found {found}")

    return check


def every(*checks: Check) -> Check:
    """The first of the checks that finds something."""

    def check(value: Any) -> Iterator[Flaw]:
        for part in checks:
            if found := tuple(part(value)):
                yield from found
                return

    return check


def together(*checks: Check) -> Check:
    """What each of the checks finds."""

    def check(value: Any) -> Iterator[Flaw]:
        for part in checks:
            yield from part(value)

    return check


def answered(status: int, check: Check) -> Check:
    """What the check finds, to be answered with this status."""
    return lambda value: (replace(flaw, status=status) for flaw in check(value))


def array(item: Check) -> Check:
    """An array, each of its items of one shape."""

    def check(value: Any) -> Iterator[Flaw]:
        if not isinstance(value, list):
            yield Flaw(f"must be an array, found {kind(value)}")
            return
        for position, entry in enumerate(value):
            yield from (flaw.under(position) for flaw in item(entry))

    return check


def members(value_shape: Check) -> Check:
    """An object with any names, each of its values of one shape."""

    def check(value: Any) -> Iterator[Flaw]:
        if not isinstance(value, dict):
            yield Flaw(f"must be an object, found {kind(value)}")
            return
        for name, entry in value.items():
            yield from (flaw.under(name) for flaw in value_shape(entry))

    return check


def record(
    required: Mapping[str, Check], optional: Mapping[str, Check] | None = None, *, others: bool = False
) -> Check:
    """An object with the members named; any `others` are refused unless they are allowed."""
    known = {**required, **(optional or {})}

    def check(value: Any) -> Iterator[Flaw]:
        if not isinstance(value, dict):
            yield Flaw(f"must be an object, found {kind(value)}")
            return
        yield from (Flaw("is missing", (name,)) for name in required if name not in value)
        for name, entry in value.items():
            if name in known:
                yield from (flaw.under(name) for flaw in known[name](entry))
            elif not others:
                yield Flaw(f"is not known here; known are {', '.join(known)}", (name,), unknown=True)

    return check
