"""Patterns of the settings: a glob over a whole value, or a regular expression between slashes found anywhere in it.

Both are matched in linear time (RE2), whatever the mail says; letter case does not matter to either.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import re2

LONGEST_GROUP = 2_000
"""Characters of a named group that are kept."""

_LONGEST_PATTERN = 10_000
_SHOWN = 100
_WILD = {"*": ".*", "?": "."}


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern as it stands in the settings, ready to be looked for; `groups` are the names of its named groups."""

    source: str
    groups: tuple[str, ...] = ()
    _find: Any = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        shown = self.source if len(self.source) <= _SHOWN else f"{self.source[:_SHOWN]}…"
        return shown if shown.startswith("/") else f'"{shown}"'

    def find(self, text: str) -> dict[str, str] | None:
        """Return the named groups where the text fits, "" for one that took no part; None where it does not."""
        found = self._find(text)
        if found is None:
            return None
        return {name: (value or "")[:LONGEST_GROUP] for name, value in found.groupdict().items()}


def pattern(source: str) -> Pattern:
    """Read a pattern; ValueError, with the reason, for one that is none."""
    if len(source) > _LONGEST_PATTERN:
        raise ValueError(f"expected a pattern of at most {_LONGEST_PATTERN} characters, found {len(source)}")
    if source.startswith("/"):
        return _expression(source)
    compiled = re2.compile("".join(_WILD.get(one) or re2.escape(one) for one in source), _options(dot_nl=True))
    return Pattern(source, (), compiled.fullmatch)


def patterns(given: Sequence[str], key: str, mistakes: list[str]) -> tuple[Pattern, ...]:
    """Read patterns; what is wrong with one goes to `mistakes`, with its key."""
    found = []
    for one in given:
        try:
            found.append(pattern(one))
        except ValueError as error:
            mistakes.append(f"{key}: {error}")
    return tuple(found)


def _expression(source: str) -> Pattern:
    inner = re.fullmatch(r"/(.+)/", source, re.DOTALL)
    if inner is None:
        raise ValueError(f"expected a regular expression between slashes, /.../, found {source!r:.100}")
    try:
        compiled = re2.compile(f"(?m){inner[1]}", _options(dot_nl=False))
    except re2.error as error:
        said = error.args[0].decode("utf-8", "replace").replace("(?m)", "", 1)
        raise ValueError(f"not a regular expression of RE2 (no look-around, no back-references): {said}") from None
    return Pattern(source, tuple(compiled.groupindex), compiled.search)


def _options(*, dot_nl: bool) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    options.dot_nl = dot_nl
    return options
