"""What to do for each reason that something waits for a person for, read from `parked.md` beside this.

That file is docs/parked.md as well: `scripts/docs --write` copies it, a test compares.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from gateway.errors import Reason

_SECTION = re.compile(r"^## (\S+)\n\n\*\*(.+?)\.\*\* (.+?)\n\n(.+?)(?=\n## |\Z)", re.DOTALL | re.MULTILINE)
_STEP = re.compile(r"^\d+\. (.+?)(?=^\d+\. |\Z)", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Advice:
    """A reason in a few words, what has happened, and what a person does, step by step; `code` stands in backquotes."""

    title: str
    happened: str
    steps: tuple[str, ...]


def page() -> str:
    """Return the file."""
    return files("gateway.flow").joinpath("parked.md").read_text(encoding="utf-8")


@cache
def advice() -> Mapping[Reason, Advice]:
    """Return what to do, by reason, in the file's order."""
    return {
        Reason(word): Advice(title, _line(happened), tuple(_line(one[1]) for one in _STEP.finditer(steps)))
        for word, title, happened, steps in _SECTION.findall(page())
    }


def _line(text: str) -> str:
    return " ".join(text.split())
