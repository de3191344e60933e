"""Templates of the settings: text with `{name}` in it, filled from a mail. Nothing is evaluated.

A name is a named group of the rule's conditions, one of the mail's own (`{subject}`), or `{header:NAME}` or
`{field:NAME}`; filters follow, `{case|digits}`. `{{` and `}}` are brackets themselves.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from gateway.route.facts import BY_NAME, TEMPLATES, Facts

LONGEST = 65_536
"""Characters that a template comes to at most."""

_PIECE = re.compile(r"(?P<open>\{\{)|(?P<close>\}\})|\{(?P<slot>[^{}]*)\}|(?P<stray>[{}])|(?P<text>[^{}]+)")
FILTERS: Mapping[str, Callable[[str], str]] = {
    "lower": str.lower,
    "upper": str.upper,
    "digits": lambda text: "".join(one for one in text if one in "0123456789"),
}


@dataclass(frozen=True, slots=True)
class Slot:
    """A place to fill: `kind` is "header", "field" or "" for a plain name; filters in order, `default` as given."""

    kind: str
    name: str
    filters: tuple[str, ...] = ()
    default: str = ""

    def fill(self, facts: Facts, groups: Mapping[str, str]) -> str:
        """Return what stands here for this mail, "" or the default where it says nothing."""
        if self.kind:
            values = BY_NAME[self.kind](facts, self.name)
        elif self.name in groups:
            values = (groups[self.name],)
        else:
            values = TEMPLATES[self.name](facts) if self.name in TEMPLATES else ()
        text = values[0].strip() if values else ""
        for name in self.filters:
            text = FILTERS[name](text)
        return text or self.default


@dataclass(frozen=True, slots=True)
class Template:
    """A template that was read."""

    pieces: tuple[str | Slot, ...]

    def fill(self, facts: Facts, groups: Mapping[str, str]) -> str:
        """Return the text for this mail."""
        return "".join(one if isinstance(one, str) else one.fill(facts, groups) for one in self.pieces)[:LONGEST]

    def slots(self) -> Iterator[Slot]:
        """Return what is to be filled."""
        return (one for one in self.pieces if isinstance(one, Slot))


def template(source: str, groups: Collection[str]) -> Template:
    """Read a template in which `groups` may be named; ValueError, with what there is, for a name that is not known."""
    pieces: list[str | Slot] = []
    for match in _PIECE.finditer(source):
        match match.lastgroup:
            case "slot":
                pieces.append(_slot(match["slot"], groups))
            case "stray":
                raise ValueError(f'"{match[0]}" stands alone in {source!r:.100}; a bracket itself is written twice')
            case "text":
                pieces.append(match[0])
            case _:
                pieces.append(match[0][0])
    return Template(tuple(pieces))


def _slot(inner: str, groups: Collection[str]) -> Slot:
    named, *filters = inner.split("|")
    kind, colon, name = named.strip().partition(":")
    if colon and kind in BY_NAME and name.strip():
        return _filtered(Slot(kind, name.strip()), filters, inner)
    if colon or (kind not in groups and kind not in TEMPLATES):
        known = [*dict.fromkeys((*sorted(groups), *TEMPLATES)), *(f"{one}:NAME" for one in BY_NAME)]
        raise ValueError(f"unknown name {{{inner}}}; there is {', '.join(f'{{{one}}}' for one in known)}")
    return _filtered(Slot("", kind), filters, inner)


def _filtered(slot: Slot, filters: list[str], inner: str) -> Slot:
    default = ""
    names = []
    for one in filters:
        if one.strip().startswith("default:"):
            default = one.strip().removeprefix("default:")
        elif one.strip() in FILTERS:
            names.append(one.strip())
        else:
            raise ValueError(f"unknown filter in {{{inner}}}: {one!r}; there is {', '.join(FILTERS)}, default:TEXT")
    return Slot(slot.kind, slot.name, tuple(names), default)
