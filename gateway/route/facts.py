"""A mail as rules look at it: the errand that it would become, and what else is known of it and its envelope."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gateway.model import AutoKind, Errand
from gateway.route.lines import LOOKED_AT, fields, same_name


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules know. `size` is the whole mail's, in bytes.

    `headers` has the fields that rules ask for, by name in lower case; `authentication` has results by method. `fields`
    are the `name: value` lines of the text, as written.
    """

    errand: Errand
    envelope_sender: str = ""
    recipients: tuple[str, ...] = ()
    size: int = 0
    automatic: AutoKind = AutoKind.PERSON
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    authentication: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> str:
        """As much of the text as rules look at."""
        return self.errand.body[:LOOKED_AT]

    def header(self, name: str) -> tuple[str, ...]:
        """Return a header's values, none where the mail has no such header."""
        return self.headers.get(name.lower(), ())

    def line(self, name: str) -> tuple[str, ...]:
        """Return what a `name: value` line says, nothing where there is no such line."""
        wanted = same_name(name)
        return tuple(value for written, value in self.fields.items() if same_name(written) == wanted)


Read = Callable[[Facts], tuple[str, ...]]

_VALUES: dict[str, Read] = {
    "subject": lambda facts: (facts.errand.subject,),
    "body": lambda facts: (facts.body,),
    "envelope_sender": lambda facts: (facts.envelope_sender,),
    "recipient": lambda facts: facts.recipients,
    "domain": lambda facts: (facts.errand.sender.rpartition("@")[2],),
}

CONDITIONS: dict[str, Read] = _VALUES | {
    "sender": lambda facts: (facts.errand.sender,),
    "automatic": lambda facts: (facts.automatic,),
}
"""What conditions look at, as the settings call it."""

TEMPLATES: dict[str, Read] = _VALUES | {
    "from": lambda facts: (facts.errand.sender,),
    "name": lambda facts: (facts.errand.name,),
    "message_id": lambda facts: (facts.errand.message_id,),
}
"""What templates name."""

BY_NAME: Mapping[str, Callable[[Facts, str], tuple[str, ...]]] = {
    "header": Facts.header,
    "field": Facts.line,
}
"""What needs a name, in conditions (`header = {…}`) and templates (`{header:X-Case}`)."""


def with_fields(errand: Errand) -> Mapping[str, str]:
    """Read the fields of an errand's text."""
    return fields(errand.body)
