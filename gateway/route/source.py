"""The settings' rules on their way to where mails are read: as bytes that are the same for the same rules.

Reading processes are given these with each mail and read them once, since what is known already costs a look only.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from gateway.errors import SettingsError
from gateway.route.action import actions
from gateway.route.condition import conditions, groups_of, keys_of
from gateway.route.facts import TEMPLATES
from gateway.route.rules import Rule, Rules

if TYPE_CHECKING:  # the settings' classes are large, and reading processes have no use for them
    from gateway.config.rules import RuleSection
    from gateway.config.settings import Settings

Table = Mapping[str, Any]


def source(settings: "Settings") -> bytes:
    """Return the rules of the settings; b"" where there are none."""
    if not settings.rule and not any(route.rule for route in settings.route):
        return b""
    by_route = {route.name: _tables(route.rule) for route in settings.route}
    return orjson.dumps(
        {"authserv_id": settings.gateway.authserv_id, "rule": _tables(settings.rule), "route": by_route}
    )


def mistakes(settings: "Settings") -> list[str]:
    """Say, a line each with its key, what is wrong with patterns, templates and names in the rules."""
    lines: list[str] = []
    if given := source(settings):
        _rules(orjson.loads(given), lines)
    return lines


@lru_cache(maxsize=4)
def read(given: bytes) -> Rules:
    """Read what `source` returned; SettingsError where `mistakes` finds something."""
    lines: list[str] = []
    rules = _rules(orjson.loads(given), lines) if given else Rules()
    if lines:
        raise SettingsError(lines)
    return rules


def _tables(rules: "Sequence[RuleSection]") -> list[dict[str, Any]]:
    return [rule.model_dump(by_alias=True, exclude_unset=True, exclude_none=True) for rule in rules]


def _rules(document: Table, lines: list[str]) -> Rules:
    routes = list(document["route"])
    everywhere = _list(document["rule"], "rule", routes, lines)
    of_route = {
        name: _list(tables, f"route[{number}].rule", routes, lines)
        for number, (name, tables) in enumerate(document["route"].items(), 1)
    }
    every = [*everywhere, *(rule for rules in of_route.values() for rule in rules)]
    lines += _doubled(every)
    asked = {name for rule in every for name in _asked(rule)}
    return Rules(
        everywhere=everywhere,
        of_route=of_route,
        headers=frozenset(name.lower() for kind, _, name in (one.partition(".") for one in asked) if kind == "header"),
        fields=any(one.startswith("field.") for one in asked) or any(rule.actions.all_fields for rule in every),
        authserv_id=document["authserv_id"],
    )


def _list(tables: Sequence[Table], key: str, routes: Sequence[str], lines: list[str]) -> tuple[Rule, ...]:
    return tuple(_rule(table, f"{key}[{number}]", routes, lines) for number, table in enumerate(tables, 1))


def _rule(table: Table, key: str, routes: Sequence[str], lines: list[str]) -> Rule:
    when = conditions(table.get("when", {}), f"{key}.when", lines)
    groups = groups_of(when)
    lines += (
        f'{key}.when: the group "{name}" has the name of one of the mail\'s own values; call it otherwise'
        for name in sorted(groups & set(TEMPLATES))
    )
    return Rule(table["name"], when, actions(table, key, groups, routes, lines))


def _asked(rule: Rule) -> Iterator[str]:
    yield from keys_of(rule.when)
    yield from (f"{slot.kind}.{slot.name}" for slot in rule.actions.slots() if slot.kind)


def _doubled(rules: Sequence[Rule]) -> list[str]:
    names = [rule.name for rule in rules]
    return [f'rule: "{name}" is the name of several rules' for name in dict.fromkeys(names) if names.count(name) > 1]
