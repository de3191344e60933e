"""Actions of a rule: what it does with a mail that it matches."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.model import Attachment
from gateway.route.choice import FileChoice, choices
from gateway.route.facts import Facts
from gateway.route.outcome import Discard, Disposition, End, Hold
from gateway.route.template import Slot
from gateway.route.tree import Tree, fill, overlay, slots, tree
from gateway.route.typed import Unfit, call_end, line

_ENDS = ("discard", "hold", "end")
ALL_FIELDS = "fields"


@dataclass(frozen=True, slots=True)
class Draft:
    """What rules have made of a mail so far.

    `changes` are in the API's names, `by` says which rule set each of them last. `disposition` is None while nothing
    else is said: an errand is created.
    """

    route: str
    files: tuple[Attachment, ...]
    also: tuple[str, ...] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)
    by: Mapping[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    disposition: Disposition | None = None
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Actions:
    """What a rule does. `all_fields` has every `name: value` line become extradata."""

    set: Tree
    all_fields: bool = False
    route: str = ""
    also: tuple[str, ...] = ()
    drop: tuple[FileChoice, ...] = ()
    discard: Tree = None
    hold: Tree = None
    end: Tree = None
    stop: bool = False

    def slots(self) -> Iterator[Slot]:
        """Return everything that the templates name."""
        for grown in (self.set, self.discard, self.hold, self.end):
            yield from slots(grown)

    def act(self, rule: str, draft: Draft, facts: Facts, groups: Mapping[str, str], *, released: bool) -> Draft:
        """Do it. What a person has `released` goes on, whatever it says."""
        found = fill(self.set, facts, groups)
        if self.all_fields:
            found = overlay({"extradata": dict(facts.fields)}, found)
        dropped = [any(one.takes(file) for one in self.drop) for file in draft.files]
        disposition = self._disposition(rule, facts, groups, released=released)
        return replace(
            draft,
            route=self.route or draft.route,
            files=tuple(file for file, gone in zip(draft.files, dropped, strict=True) if not gone),
            also=tuple(dict.fromkeys((*draft.also, *self.also))),
            changes=overlay(draft.changes, found),
            by={**draft.by, **dict.fromkeys(found, rule)},
            dropped=(*draft.dropped, *(file.name for file, gone in zip(draft.files, dropped, strict=True) if gone)),
            disposition=disposition,
            stopped=self.stop or disposition is not None,
        )

    def did(self, before: Draft, after: Draft) -> tuple[str, ...]:
        """Say what was done, for the trace."""
        done = [f"set {name}" for name in after.changes if after.changes[name] != before.changes.get(name)]
        done += [f"route {after.route}"] if after.route != before.route else []
        done += [f"also {name}" for name in after.also if name not in before.also]
        done += [f"drop {name}" for name in after.dropped[len(before.dropped) :]]
        if after.disposition is not None:
            done.append(type(after.disposition).__name__.lower())
        return tuple(done + (["stop"] if self.stop else []))

    def _disposition(self, rule: str, facts: Facts, groups: Mapping[str, str], *, released: bool) -> Disposition | None:
        if self.discard is not None and not released:
            return Discard(line(fill(self.discard, facts, groups) or rule), rule)
        if self.end is not None:
            return self._end(rule, facts, groups, released=released)
        if self.hold is not None and not released:
            return Hold(line(fill(self.hold, facts, groups) or rule), rule)
        return None

    def _end(self, rule: str, facts: Facts, groups: Mapping[str, str], *, released: bool) -> Disposition | None:
        found = fill(self.end, facts, groups)
        thread = bool(found.get("thread"))
        try:
            ended = End(call_end(found), line(found.get("reference", "")), thread, rule)
        except Unfit as error:
            return None if released else Hold(str(error), rule)
        if ended.call.errand_id or ended.reference or thread:
            return ended
        return None if released else Hold("end: the mail says nothing to find the errand by", rule)


def actions(
    table: Mapping[str, Any], key: str, groups: Collection[str], routes: Sequence[str], mistakes: list[str]
) -> Actions:
    """Read what a rule does, of a table whose shape the settings' classes have checked.

    `groups` may be named in templates, `routes` as routes; what is wrong goes to `mistakes`, with its key.
    """
    changes = dict(table.get("set", {}))
    all_fields = changes.get("extradata") == ALL_FIELDS and bool(changes.pop("extradata"))
    mistakes += _strange_routes(table, key, routes)
    if len([name for name in _ENDS if table.get(name)]) > 1:
        mistakes.append(f"{key}: expected one of {', '.join(_ENDS)}, as each says alone what becomes of the mail")

    def grown(name: str) -> Tree:
        return tree(table[name], f"{key}.{name}", groups, mistakes) if table.get(name) else None

    return Actions(
        set=tree(changes, f"{key}.set", groups, mistakes),
        all_fields=all_fields,
        route=table.get("route", ""),
        also=tuple(table.get("also", ())),
        drop=choices(table.get("drop", ()), f"{key}.drop", mistakes),
        discard=grown("discard"),
        hold=grown("hold"),
        end=grown("end"),
        stop=table.get("stop", False),
    )


def _strange_routes(table: Mapping[str, Any], key: str, routes: Sequence[str]) -> Iterator[str]:
    named = [("route", name) for name in [table.get("route", "")] if name] + [
        (f"also[{number}]", name) for number, name in enumerate(table.get("also", ()), 1)
    ]
    for where, name in named:
        if name not in routes:
            yield f'{key}.{where}: no route "{name}" in this file; there is: {", ".join(routes)}'
