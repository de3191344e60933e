"""The one table of all fault cases: what was accepted, what came of it, and what was lost.

A test gets it as the fixture `faults` and adds a row when its case is over, before it asserts, so that a failed case
shows its numbers too. The table is printed at the end of the run, and written as Markdown to `.build/fault.md`.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

FILE = Path(__file__).parents[2] / ".build" / "fault.md"


@dataclass(frozen=True, slots=True)
class Row:
    """A case and its counts; None where a case has nothing of the kind."""

    case: str
    accepted: int | None
    errands: int | None
    repeats: int | None
    left: int | None
    lost: int | None

    def cells(self) -> list[str]:
        """The row as it is printed."""
        return ["-" if value is None else str(value) for value in astuple(self)]


class Table:
    """Lives as long as the pytest session; rows stand in the order in which the cases ended."""

    def __init__(self) -> None:
        self._rows: list[Row] = []

    def row(
        self,
        case: str,
        *,
        accepted: int | None = None,
        errands: int | None = None,
        repeats: int | None = None,
        left: int | None = None,
        lost: int | None = None,
    ) -> None:
        """Add what came of a case, named in a few words.

        `accepted` mails got their 250, `errands` were made at Cention, `repeats` of those for a mail that had one,
        `left` mails are still with us (waiting, parked), `lost` mails are nowhere. Leave out what does not apply.
        """
        self._rows.append(Row(case, accepted, errands, repeats, left, lost))

    def __bool__(self) -> bool:
        """Whether any case has ended."""
        return bool(self._rows)

    def markdown(self) -> str:
        """The table as Markdown that is aligned for reading as text as well."""
        head = [field.name for field in fields(Row)]
        return "\n".join(_aligned([head, *(row.cells() for row in self._rows)])) + "\n"

    def write(self, file: Path = FILE) -> None:
        """Write the table to a file, `.build/fault.md` unless another is named."""
        file.parent.mkdir(exist_ok=True)
        file.write_text(self.markdown())


def _aligned(rows: list[list[str]]) -> Iterable[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    for row in (rows[0], rule, *rows[1:]):
        case, *counts = row
        cells = [case.ljust(widths[0]), *(count.rjust(width) for count, width in zip(counts, widths[1:], strict=True))]
        yield f"| {' | '.join(cells)} |"
