"""Conditions of a rule: what must hold of a mail, and in words why it does or does not."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from gateway.route.choice import FileChoice, between, choices
from gateway.route.facts import BY_NAME, CONDITIONS, Facts, Read
from gateway.route.pattern import Pattern, patterns

_SHOWN = 60
# What a mail says at length is not for a trace.
_NOT_SHOWN = ("body", "field")


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a condition holds, why in words, and the named groups that it found."""

    holds: bool
    why: str
    groups: Mapping[str, str] = field(default_factory=dict)


class Condition(Protocol):
    """What must hold; `look` says whether it does."""

    def look(self, facts: Facts) -> Finding:
        """Look at a mail."""
        ...


@dataclass(frozen=True, slots=True)
class Says:
    """One of the values fits one of the patterns. `key` is the condition as the settings call it."""

    key: str
    read: Read
    patterns: tuple[Pattern, ...]

    def look(self, facts: Facts) -> Finding:
        """Look at a mail."""
        values = self.read(facts)
        for one in self.patterns:
            for value in values:
                groups = one.find(value)
                if groups is not None:
                    return _yes(f"{self._shown((value,))} fits {one}", groups)
        return _no(f"{self._shown(values)} does not fit {' or '.join(map(str, self.patterns))}")

    def _shown(self, values: Sequence[str]) -> str:
        if self.key.partition(".")[0] in _NOT_SHOWN and values:
            return self.key
        return f"{self.key} {', '.join(map(_short, values))}" if values else f"{self.key} is not there and"


@dataclass(frozen=True, slots=True)
class Measures:
    """The mail's size in bytes is between two bounds, None for no bound."""

    over: int | None
    under: int | None

    def look(self, facts: Facts) -> Finding:
        """Look at a mail."""
        holds = between(facts.size, self.over, self.under)
        said = f"size {facts.size} B is {'' if holds else 'not '}{_bounds(self.over, self.under)}"
        return _yes(said) if holds else _no(said)


@dataclass(frozen=True, slots=True)
class Carries:
    """An attachment is there that one of the choices takes."""

    choices: tuple[FileChoice, ...]

    def look(self, facts: Facts) -> Finding:
        """Look at a mail."""
        files = facts.errand.attachments
        found = next((file for file in files if any(one.takes(file) for one in self.choices)), None)
        if found is not None:
            return _yes(f"attachment {_short(found.name)} ({found.content_type}) is one")
        return _no(f"none of {len(files)} attachments is one" if files else "there is no attachment")


@dataclass(frozen=True, slots=True)
class NoneOf:
    """None of these holds."""

    conditions: tuple[Condition, ...]

    def look(self, facts: Facts) -> Finding:
        """Look at a mail."""
        for one in self.conditions:
            found = one.look(facts)
            if found.holds:
                return _no(f"not: {found.why}")
        return _yes("nothing of `not` holds")


def conditions(table: Mapping[str, Any], key: str, mistakes: list[str]) -> tuple[Condition, ...]:
    """Read `when`, whose shape the settings' classes have checked; what is wrong with a pattern goes to `mistakes`."""
    return tuple(_read(table, key, mistakes))


def groups_of(when: Sequence[Condition]) -> frozenset[str]:
    """Return the named groups that conditions can find."""
    said = (one for condition in when if isinstance(condition, Says) for one in condition.patterns)
    return frozenset(name for one in said for name in one.groups)


def keys_of(when: Sequence[Condition]) -> frozenset[str]:
    """Return what conditions look at, such as "subject" and "header.X-Case"."""
    keys: frozenset[str] = frozenset()
    for one in when:
        if isinstance(one, Says):
            keys |= {one.key}
        elif isinstance(one, NoneOf):
            keys |= keys_of(one.conditions)
    return keys


def _read(table: Mapping[str, Any], key: str, mistakes: list[str]) -> Iterator[Condition]:
    for name, given in table.items():
        where = f"{key}.{name}"
        if name in CONDITIONS:
            yield Says(name, CONDITIONS[name], patterns(given, where, mistakes))
        elif name in _NAMED:
            for inner, wanted in given.items():
                found = patterns(wanted, f"{where}.{inner}", mistakes)
                yield Says(f"{name}.{inner}", _named(_NAMED[name], inner), found)
        elif name == "attachment":
            yield Carries(choices(given, where, mistakes))
        elif name == "size":
            yield Measures(given.get("over"), given.get("under"))
        elif name == "not":
            yield NoneOf(conditions(given, where, mistakes))


def _yes(why: str, groups: Mapping[str, str] | None = None) -> Finding:
    return Finding(holds=True, why=why, groups=groups or {})


def _no(why: str) -> Finding:
    return Finding(holds=False, why=why)


def _authentication(facts: Facts, method: str) -> tuple[str, ...]:
    return (facts.authentication.get(method.lower(), "none"),)


_NAMED: Mapping[str, Callable[[Facts, str], tuple[str, ...]]] = {**BY_NAME, "authentication": _authentication}


def _named(read: Callable[[Facts, str], tuple[str, ...]], name: str) -> Read:
    return lambda facts: read(facts, name)


def _bounds(over: int | None, under: int | None) -> str:
    bounds = (("over", over), ("under", under))
    return " and ".join(f"{word} {size} B" for word, size in bounds if size is not None)


def _short(text: str) -> str:
    return f'"{text[:_SHOWN]}…"' if len(text) > _SHOWN else f'"{text}"'
