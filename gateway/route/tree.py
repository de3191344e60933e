"""A table of the settings with templates at its leaves: read once, filled for each mail, laid over what was set before.

It keeps the API's own names and shape, so that what a rule sets reads like the document that it changes.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from gateway.route.facts import Facts
from gateway.route.template import Slot, Template, template

Tree = Any
"""A Template, a mapping or list of trees, or a plain JSON value."""


def tree(given: Any, key: str, groups: Collection[str], mistakes: list[str]) -> Tree:
    """Read the templates of a table; what is wrong with one goes to `mistakes`, with its key."""
    match given:
        case str():
            try:
                return template(given, groups)
            except ValueError as error:
                mistakes.append(f"{key}: {error}")
                return None
        case Mapping():
            return {name: tree(one, f"{key}.{name}", groups, mistakes) for name, one in given.items()}
        case list():
            return [tree(one, f"{key}[{number}]", groups, mistakes) for number, one in enumerate(given, 1)]
        case _:
            return given


def fill(grown: Tree, facts: Facts, groups: Mapping[str, str]) -> Any:
    """Return the table for this mail, as JSON has it. What comes out empty is left out; an empty table stays one."""
    match grown:
        case Template():
            return grown.fill(facts, groups) or None
        case Mapping():
            filled = {name: fill(one, facts, groups) for name, one in grown.items()}
            return {name: one for name, one in filled.items() if one is not None}
        case list():
            return [one for one in (fill(each, facts, groups) for each in grown) if one is not None]
        case _:
            return grown


def overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a table over another: tables are joined, everything else replaces what was there."""
    joined = dict(below)
    for name, one in above.items():
        old = joined.get(name)
        joined[name] = overlay(old, one) if isinstance(old, Mapping) and isinstance(one, Mapping) else one
    return joined


def slots(grown: Tree) -> Iterator[Slot]:
    """Return everything that a table names of a mail."""
    match grown:
        case Template():
            yield from grown.slots()
        case Mapping():
            for one in grown.values():
                yield from slots(one)
        case list():
            for one in grown:
                yield from slots(one)
