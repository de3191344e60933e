"""A search as the words of a command line: the console's search, with the options that are short for some of it."""

import re
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand

from gateway.cli.exits import Exit

if TYPE_CHECKING:
    from gateway.spool.wanted import Search

# "-state:done" is a word of a search, and not the option -s.
_NEGATED = re.compile(r"-[A-Za-z][A-Za-z-]*:.+")
_KEYED = re.compile(r"(-?[A-Za-z-]+:)(.*)", re.DOTALL)


class Searching(TyperCommand):
    """A command whose arguments are words of a search, some of which begin with "-" as options do."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put negated words behind all else, where they are read as words."""
        negated = [word for word in args if _NEGATED.fullmatch(word)] if "--" not in args else []
        kept = [word for word in args if word not in negated]
        return super().parse_args(ctx, [*kept, "--", *negated] if negated else args)


def searched(words: Sequence[str], states: Sequence[str] = (), route: str = "") -> "Search":
    """Read a search whose dates are in this machine's zone; what is not understood is said, and ends with 64.

    A script must not act upon everything because of a slip in one word; so unlike the console, nothing is left out.
    """
    from gateway.spool.wanted import Around, parse

    text = " ".join(map(_quoted, words))
    if states:
        text += f" state:{','.join(states)}"
    if route:
        text += f' route:"{route}"'
    found = parse(text, Around(time.time(), datetime.now().astimezone().tzinfo or UTC))
    for one in found.troubles:
        print(f"{one.word}: {one.why}" + (f"; did you mean {one.meant}" if one.meant else ""), file=sys.stderr)
    if found.troubles:
        raise typer.Exit(Exit.USAGE)
    return found


def _quoted(word: str) -> str:
    """Put back the quotes that the shell has taken off: `subject:late parcel` was one word."""
    if not re.search(r"\s", word) or '"' in word:
        return word
    keyed = _KEYED.fullmatch(word)
    return f'{keyed[1]}"{keyed[2]}"' if keyed else f'"{word}"'
