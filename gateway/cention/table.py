"""The contract's tables as values: from them an object of a document is written and checked, and read back."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from gateway.cention.validity import Invalid, shown


class Presence(Enum):
    """Whether a field stands in the document: always, though it may be empty, or only where it says something."""

    MANDATORY = "mandatory, and never empty"
    ALWAYS = "always, though it may be empty"
    OPTIONAL = "left out where it is empty"


@dataclass(frozen=True, slots=True)
class Field:
    """A row: the field's name in the document, that of the model's attribute, what it must be."""

    name: str
    attribute: str
    kind: Callable[[object], Any]
    presence: Presence = Presence.OPTIONAL


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the contract: where its object stands (`integrationData`), its section, its rows.

    `parts` are members that have a table of their own, or need more than a row.
    """

    place: str
    section: str
    fields: tuple[Field, ...]
    parts: tuple[str, ...] = ()

    def at(self, place: str) -> "Table":
        """Return the same table for an object that stands elsewhere."""
        return Table(place, self.section, self.fields, self.parts)

    def written(self, source: object) -> dict[str, Any]:
        """Return the object that a value of the model becomes; Invalid names the field that the contract forbids."""
        found = {}
        for field in self.fields:
            value = getattr(source, field.attribute)
            if field.presence is Presence.MANDATORY and (value is None or not str(value).strip()):
                raise self.wrong(field.name, "is mandatory, and missing or empty")
            if field.presence is Presence.OPTIONAL and (value is None or value == ""):
                continue
            try:
                found[field.name] = field.kind(value)
            except ValueError as error:
                raise self.wrong(field.name, f"expected {error}, found {shown(value)}") from error
        return found

    def read(self, value: object) -> dict[str, Any]:
        """Return an object's rows as arguments for the model's class. Invalid for what is no object or not known.

        Only the shape is seen to here: what the values must be is seen to when they are written.
        """
        members = self.members(value)
        return {field.attribute: members[field.name] for field in self.fields if members.get(field.name) is not None}

    def members(self, value: object) -> Mapping[str, Any]:
        """Return an object's members, of which each is known; none for null."""
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise Invalid(self.place or "attributes", f"expected an object, found {shown(value)}", self.section)
        known = [*(field.name for field in self.fields), *self.parts]
        for name in value:
            if name not in known:
                close = difflib.get_close_matches(str(name), known, n=1)
                hint = f'did you mean "{close[0]}"?' if close else f"there are {', '.join(known)}"
                raise self.wrong(str(name), f"is not known here; {hint}")
        return value

    def wrong(self, name: str, said: str) -> Invalid:
        """Return the error that says what is wrong with a member."""
        return Invalid(f"{self.place}.{name}" if self.place else name, said, self.section)
