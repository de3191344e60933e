"""What a search asks of the index of words: FTS5 on SQLite, a `tsquery` on PostgreSQL; pure but for the statement."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    bindparam,
    column,
    false,
    func,
    literal_column,
    or_,
    select,
    table,
    text,
)

from gateway.spool.index import COLUMNS, trait
from gateway.spool.tables import job
from gateway.spool.tokens import tokens
from gateway.spool.wanted import Term

_COLUMNS = {"": "", "from": "sender", "to": "recipients", "subject": "subject", "trait": "traits"}
_WEIGHTS = {"": "", "from": "B", "to": "C", "subject": "A", "trait": "D"}
_LARGEST = 48
_FEWEST = 2
_finding = table("finding", *map(column, ("rowid", "job", "words")), *(column(name, Text()) for name in COLUMNS))
_BLANK = literal_column("' '", Text())
_NUMBER = {"sqlite": _finding.c.rowid, "postgresql": _finding.c.job}


@dataclass(frozen=True, slots=True)
class Literal:
    """Words that stand next to one another in a field ("": any); the last may go on where `begins`."""

    field: str
    words: tuple[str, ...]
    begins: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """Of each list in `all` one has to be there, and none of `none`."""

    all: tuple[tuple[Literal, ...], ...]
    none: tuple[Literal, ...]

    def by_index(self, wanted: Select[Any], dialect: str) -> Select[Any]:
        """Narrow a selection of jobs by asking the index, which is quick for what is rare."""
        if not self.all and not self.none:
            return wanted
        if dialect == "postgresql":
            return self._first(wanted) if self.all else self.by_rows(wanted, dialect)
        asked, number = _asked_sqlite(self._sqlite()), _NUMBER[dialect]
        if not self.all:  # what nobody has read yet has no words either
            return wanted.where(job.c.id.not_in(select(number).select_from(_finding).where(asked)))
        # The sum keeps SQLite from asking the index once for each job, instead of going through what it finds.
        return wanted.join(_finding, job.c.id == number + 0).where(asked)

    def _first(self, wanted: Select[Any]) -> Select[Any]:
        """Have PostgreSQL ask its index first, which it would not for the sake of the order."""
        asked = _asked_postgresql(self._postgresql())
        hits = select(_finding.c.job).where(asked).cte("hits").prefix_with("MATERIALIZED")
        return wanted.join(hits, job.c.id == hits.c.job)

    def by_rows(self, wanted: Select[Any], dialect: str) -> Select[Any]:
        """Narrow a selection of few jobs by looking at the words of each."""
        if not self.all and not self.none:
            return wanted
        joined = wanted.join(_finding, job.c.id == _NUMBER[dialect], isouter=not self.all)
        if dialect == "sqlite":
            said = [or_(*map(_like, one)) for one in self.all]
            return joined.where(*said, *(~func.coalesce(_like(one), false()) for one in self.none))
        asked = _asked_postgresql(self._postgresql())
        return joined.where(asked if self.all else ~func.coalesce(asked, false()))

    def _sqlite(self) -> str:
        if not self.all:
            return _any_sqlite(self.none)
        said = " AND ".join(_any_sqlite(one) for one in self.all)
        return f"({said}) NOT {_any_sqlite(self.none)}" if self.none else said

    def _postgresql(self) -> str:
        if not self.all:
            return _any_postgresql(self.none)
        return " & ".join([*map(_any_postgresql, self.all), *(f"!{_one_postgresql(one)}" for one in self.none)])


def _like(literal: Literal) -> ColumnElement[bool]:
    """Say for SQLite's rows, whose words stand apart by a blank, what `_one_sqlite` says to its index."""
    wanted = f"% {' '.join(literal.words)}{'' if literal.begins else ' '}%"
    fields = [_COLUMNS[literal.field]] if literal.field else COLUMNS
    return or_(*((_BLANK + _finding.c[name] + _BLANK).like(wanted) for name in fields))


def _asked_sqlite(said: str) -> ColumnElement[bool]:
    return literal_column("finding").op("MATCH")(bindparam("said", said))


def _asked_postgresql(said: str) -> ColumnElement[bool]:
    return literal_column("finding.words").op("@@")(text("cast(:said as tsquery)").bindparams(said=said))


def _any_sqlite(literals: Sequence[Literal]) -> str:
    return f"({' OR '.join(map(_one_sqlite, literals))})"


def _one_sqlite(literal: Literal) -> str:
    field = f"{_COLUMNS[literal.field]} : " if literal.field else ""
    return f'{field}"{" ".join(literal.words)}"{" *" if literal.begins else ""}'


def _any_postgresql(literals: Sequence[Literal]) -> str:
    return f"({' | '.join(map(_one_postgresql, literals))})"


def _one_postgresql(literal: Literal) -> str:
    weight = _WEIGHTS[literal.field]
    ends = [weight] * (len(literal.words) - 1) + [f"{'*' if literal.begins else ''}{weight}"]
    words = (f"'{word}'{':' if end else ''}{end}" for word, end in zip(literal.words, ends, strict=True))
    return f"({' <-> '.join(words)})"


def match(terms: Sequence[Term]) -> Match:
    """Return what the index answers of these terms; traits only narrow, so who asks looks at the rows as well."""
    wanted = tuple(tuple(_literals(term)) for term in terms if not term.negated)
    unwanted = tuple(one for term in terms if term.negated and _decides(term) for one in _literals(term))
    return Match(tuple(one for one in wanted if one), unwanted)


def _decides(term: Term) -> bool:
    """Whether the index alone tells if a term holds, with no row to look at."""
    return term.key in {"", "from", "to", "subject", "has"}


def _literals(term: Term) -> Iterator[Literal]:
    if term.key in {"", "from", "to", "subject"}:
        words = tuple(tokens(str(term.value), 20))
        yield Literal(term.key, words, begins=len(words[-1]) >= _FEWEST)
    elif term.key in {"route", "source"}:
        yield _trait(term.key, str(term.value))
    elif term.key in {"kind", "has"}:
        yield from (_trait(term.key, value) for value in str(term.value).split(","))
    elif term.key == "larger":
        yield from (_trait("size", str(bits)) for bits in range(int(term.value).bit_length(), _LARGEST))


def _trait(key: str, value: str) -> Literal:
    return Literal("trait", (trait(key, value),))
