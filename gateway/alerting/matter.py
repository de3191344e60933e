"""What can be wrong, and what is to be told of it: pure, from what is seen and what was told to notices."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

GROWN_SECONDS = 3600.0
"""What has grown is told again, but no more often than this."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What is seen of something that can go wrong, now. `what` names it, `said` says what is wrong, "" for nothing.

    `number` is how many things are wrong with it, where these are counted. It is told once it has been wrong for
    `settle` seconds: what mends itself by then is no news.
    """

    what: str
    said: str = ""
    number: int = 0
    settle: float = 0.0


@dataclass(frozen=True, slots=True)
class Known:
    """Something that is wrong, or was until `right_since` (0.0: it still is). Times are Unix seconds.

    `told_at` is when it was told last, 0.0 while that has not reached everybody yet.
    """

    what: str
    said: str
    since: float
    number: int = 0
    told_at: float = 0.0
    right_since: float = 0.0


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told of something: that it is wrong, or right again. Times are Unix seconds."""

    what: str
    wrong: bool
    said: str
    since: float
    at: float


@dataclass(frozen=True, slots=True)
class Patience:
    """How long something must be right before that is told, and how often is reminded of it (0: never), in seconds."""

    calm: float
    remind: float = 0.0


def taken_in(known: Mapping[str, Known], seen: Iterable[Matter], now: float) -> dict[str, Known]:
    """Return what is known once this was seen as well; what is not seen stays as it was."""
    after = dict(known)
    for matter in seen:
        before = known.get(matter.what)
        if matter.said:
            after[matter.what] = _wrong(before, matter, now)
        elif before is not None and not before.right_since:
            after[matter.what] = replace(before, right_since=now)
    return after


def _wrong(before: Known | None, matter: Matter, now: float) -> Known:
    if before is None:
        return Known(matter.what, matter.said, now, matter.number)
    # What was told of stays told of, however many of it there are by now, until it is told again.
    number = before.number if before.told_at else matter.number
    return replace(before, said=matter.said, number=min(number, matter.number), right_since=0.0)


def due(known: Mapping[str, Known], seen: Iterable[Matter], patience: Patience, now: float) -> list[Notice]:
    """Return what is to be told now: what is new, has grown or is to be reminded of, and what is right again."""
    by_name = {matter.what: matter for matter in seen}
    notices = []
    for one in known.values():
        if one.right_since:
            if one.told_at and now - one.right_since >= patience.calm:
                notices.append(Notice(one.what, wrong=False, said=one.said, since=one.since, at=now))
        elif _is_due(one, by_name.get(one.what, Matter(one.what, number=one.number)), patience, now):
            notices.append(Notice(one.what, wrong=True, said=one.said, since=one.since, at=now))
    return notices


def _is_due(one: Known, seen: Matter, patience: Patience, now: float) -> bool:
    if not one.told_at:
        return now - one.since >= seen.settle
    age = now - one.told_at
    grown = seen.number > one.number and age >= GROWN_SECONDS
    return grown or bool(patience.remind and age >= patience.remind)


def told(known: Mapping[str, Known], notices: Iterable[Notice], seen: Iterable[Matter]) -> dict[str, Known]:
    """Return what is known once everybody has these notices: what is right again is forgotten."""
    numbers = {matter.what: matter.number for matter in seen}
    after = dict(known)
    for notice in notices:
        if not notice.wrong:
            after.pop(notice.what, None)
        elif (one := after.get(notice.what)) is not None:
            after[notice.what] = replace(one, told_at=notice.at, number=numbers.get(notice.what, one.number))
    return after


def forgotten(known: Mapping[str, Known]) -> dict[str, Known]:
    """Leave out what nobody need hear of: what became right before anybody was told that it was wrong."""
    return {what: one for what, one in known.items() if one.told_at or not one.right_since}
