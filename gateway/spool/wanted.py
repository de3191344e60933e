"""What somebody looks for: words of a search to typed terms, and back to a sentence; pure.

`from:ann subject:"late parcel" -state:done after:2d larger:5MB` is a search; a word without a key may stand anywhere.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from difflib import get_close_matches
from typing import TypeAlias

from gateway.model import AutoKind, JobKind, JobState
from gateway.spool.tokens import tokens

Value: TypeAlias = str | float | int
_PIECE = re.compile(r'(-?)(?:([A-Za-z-]+):)?(?:"([^"]*)"?|(\S+))')
_SPAN = re.compile(r"([0-9]{1,6})\s*([mhdw])", re.IGNORECASE)
_SPANS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SIZE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*([kmg]?)i?b?", re.IGNORECASE)
_SIZES = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}
_DAY, _MINUTE, _CLOCK = "%Y-%m-%d", "%Y-%m-%dT%H:%M", "%H:%M"
_MOST_TERMS = 20
_EPOCH, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), 253_370_764_800.0
WAITING = (JobState.QUEUED, JobState.WORKING, JobState.HELD)


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: `key` is "" for a free word; times are Unix seconds, sizes bytes, all else text."""

    key: str
    value: Value
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Trouble:
    """A word of a search that could not be understood, why, and how it may have been meant ("": no idea)."""

    word: str
    why: str
    meant: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for. What stands in `troubles` is not part of `terms`: who shows the result shows these too."""

    terms: tuple[Term, ...] = ()
    troubles: tuple[Trouble, ...] = ()

    def __str__(self) -> str:
        """Say it as a sentence for people."""
        said = [_sentence(term) for term in self.terms]
        return f"mails and answers {', '.join(said)}; newest first" if said else "all mails and answers, newest first"


@dataclass(frozen=True, slots=True)
class Around:
    """What a search is read with: the time now, the zone that its dates are in, names that can be completed."""

    now: float
    zone: tzinfo = UTC
    names: Mapping[str, Sequence[str]] | None = None


def parse(text: str, around: Around) -> Search:
    """Read a search; never an error: what is not understood is told in `troubles`."""
    terms: list[Term] = []
    troubles: list[Trouble] = []
    for found in _PIECE.finditer(text):
        minus, key, quoted, bare = found.groups()
        one = _read(key or "", bare if quoted is None else quoted, found[0], around)
        if isinstance(one, Trouble):
            troubles.append(one)
        elif len(terms) == _MOST_TERMS:
            troubles.append(Trouble(found[0], f"a search has up to {_MOST_TERMS} conditions"))
        elif one is not None:
            terms.append(Term(one.key, one.value, negated=bool(minus)))
    return Search(tuple(terms), tuple(troubles))


def complete(text: str, around: Around) -> list[str]:
    """Return how the last word of a search that is being typed may go on, as whole searches."""
    before, space, last = text.rpartition(" ")
    minus, last = ("-", last[1:]) if last.startswith("-") else ("", last)
    key, colon, begun = last.partition(":")
    if colon:
        values = (around.names or {}).get(key.lower(), ()) or VALUES.get(key.lower(), ())
        ends = [f"{key}:{_quoted(value)}" for value in values if value.lower().startswith(begun.lower().strip('"'))]
    else:
        ends = [f"{name}:" for name in KEYS if last and name.startswith(last.lower())]
    return [f"{before}{space}{minus}{end}" for end in ends]


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value


def _read(key: str, value: str, word: str, around: Around) -> Term | Trouble | None:
    known = key.lower()
    if key and known not in KEYS:
        near = get_close_matches(known, KEYS, 1)
        if not near and "://" in word:
            return _read("", word.lstrip("-"), word, around)
        return Trouble(word, f"there is no {key}:", f"{near[0]}:{value}" if near else "")
    if (begun := value.removesuffix(":").lower()) != value and not known and begun in KEYS:
        return Trouble(word, f"{begun}: wants a value after the colon")
    if not value:
        return None
    read = KEYS[known].read if known else _words
    return read(known, value, word, around)


def _words(key: str, value: str, word: str, _around: Around) -> Term | Trouble:
    if not tokens(value):
        return Trouble(word, "there is no letter and no digit in it to look for")
    return Term(key, value)


def _text(key: str, value: str, _word: str, _around: Around) -> Term | Trouble:
    return Term(key, value)


def _number(key: str, value: str, _word: str, _around: Around) -> Term | Trouble:
    return Term(key, value.lstrip("#"))


def _choice(key: str, value: str, word: str, _around: Around) -> Term | Trouble:
    wanted = [one for one in value.lower().split(",") if one]
    wrong = [one for one in wanted if one not in VALUES[key]]
    if wrong or not wanted:
        near = get_close_matches(wrong[0], VALUES[key], 1) if wrong else []
        return Trouble(word, f"{key}: is one of {', '.join(VALUES[key])}", f"{key}:{near[0]}" if near else "")
    return Term(key, ",".join(wanted))


def _time(key: str, value: str, word: str, around: Around) -> Term | Trouble:
    at = _moment(value, around)
    if at is None:
        how = "a day (2026-11-20), a time (2026-11-20T10:30, 10:30) or so long ago (30m, 2h, 7d)"
        return Trouble(word, f"{key}: is {how}")
    return Term(key, at) if 0 <= at < _LATEST else Trouble(word, f"{key}: is after 1970, and before 10000")


def _moment(value: str, around: Around) -> float | None:
    """Return the Unix time that is meant, however early or late; None for what is no time."""
    if found := _SPAN.fullmatch(value):
        return around.now - timedelta(**{_SPANS[found[2].lower()]: int(found[1])}).total_seconds()
    for form in (_DAY, _MINUTE, _CLOCK):
        try:
            read = datetime.strptime(value, form).replace(tzinfo=around.zone)
        except ValueError:
            continue
        if form == _CLOCK:
            today = datetime.fromtimestamp(around.now, around.zone)
            read = today.replace(hour=read.hour, minute=read.minute, second=0, microsecond=0)
        return (read - _EPOCH).total_seconds()
    return None


def _size(key: str, value: str, word: str, _around: Around) -> Term | Trouble:
    if (found := _SIZE.fullmatch(value)) is None:
        return Trouble(word, f"{key}: is a size such as 500kB or 2MB")
    return Term(key, int(float(found[1]) * _SIZES[found[2].lower()]))


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the search: what its help says, how its value is read, how a term of it is said."""

    help: str
    read: Callable[[str, str, str, Around], Term | Trouble]
    said: str


KEYS: Mapping[str, Key] = {
    "from": Key("who wrote it: a name, an address, a domain or the beginning of one", _words, 'from "{}"'),
    "to": Key("whom it was for", _words, 'to "{}"'),
    "subject": Key("words of the subject", _words, 'with "{}" in the subject'),
    "errand": Key("the number of an errand at Cention", _number, "of errand #{}"),
    "state": Key("where it stands", _choice, "that are {}"),
    "route": Key("the route that it took", _text, 'in route "{}"'),
    "before": Key("came before a day, a time, or so long ago", _time, "from before {}"),
    "after": Key("came after a day, a time, or so long ago", _time, "from after {}"),
    "larger": Key("of at least a size", _size, "of at least {}"),
    "smaller": Key("of less than a size", _size, "of less than {}"),
    "has": Key("with an attachment", _choice, "with an {}"),
    "message-id": Key("the Message-ID in its header, or in the header of our answer", _text, "with Message-ID {}"),
    "kind": Key("an errand or an answer, or who wrote it: a person, or a program and why", _choice, "of kind {}"),
    "source": Key("the way it came in: smtp, lmtp, pipe, imap, pop3, maildir, pickup", _text, 'that came by "{}"'),
}
VALUES: Mapping[str, Sequence[str]] = {
    "state": (*(state.value for state in JobState), "waiting"),
    "has": ("attachment",),
    "kind": (*(kind.value for kind in JobKind), *(kind.value for kind in AutoKind)),
}


def states(term: Term) -> list[str]:
    """Return the states that a term of `state:` names."""
    named = str(term.value).split(",")
    return [state for one in named for state in (WAITING if one == "waiting" else (one,))]


def _sentence(term: Term) -> str:
    said = KEYS[term.key].said if term.key else 'with "{}"'
    return f"{'not ' if term.negated else ''}{said.format(_shown(term))}"


def _shown(term: Term) -> str:
    if term.key in {"before", "after"}:
        return datetime.fromtimestamp(float(term.value), UTC).strftime("%Y-%m-%d %H:%M UTC")
    if term.key in {"larger", "smaller"}:
        return _bytes(int(term.value))
    return " or ".join(str(term.value).split(",")) if term.key in VALUES else str(term.value)


def _bytes(size: int) -> str:
    for unit, factor in (("GB", _SIZES["g"]), ("MB", _SIZES["m"]), ("kB", _SIZES["k"])):
        if size >= factor:
            return f"{size / factor:g} {unit}"
    return f"{size} bytes"
