"""Rules on a mail that was read: what is known of it is gathered, and what they set is checked against the contract."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from gateway.cention.document import pieces
from gateway.cention.validity import Invalid
from gateway.flow.edit import edited
from gateway.mail.authentication import results
from gateway.mail.automatic import automatic
from gateway.mail.header import Header, to_text
from gateway.model import Errand
from gateway.route.facts import Facts, with_fields
from gateway.route.outcome import Create, Hold, Outcome
from gateway.route.rules import Rules, apply
from gateway.route.source import read

_VALUES = 20
# The attributes of a document that rules can set, and where an errand has them; a template stands with its answer.
_PARTS: Mapping[str, Mapping[str, Any]] = {
    "answer": {"closing": None, "template": None},
    "watemplate": {"closing": None, "template": None},
    "integrationData": {"call": None},
    "extradata": {"extradata": None},
    "cuid": {"cuid": ""},
}


@dataclass(frozen=True, slots=True)
class Arrived:
    """How a mail came, as far as rules look at that.

    `rules` is what `gateway.route.source` made of the settings. `route` is where the mail came in; `further` that a
    rule sent it there as well. `reverse_path` is the envelope's, None where it is not known, `recipients` those that
    lead to the route. `released` says that a person lets it go on.
    """

    rules: bytes
    route: str
    reverse_path: str | None = None
    recipients: tuple[str, ...] = ()
    further: bool = False
    released: bool = False


def ruled(
    header: Header, size: int, errand: Errand, arrived: Arrived, changed: Mapping[str, str] | None = None
) -> Outcome:
    """Apply the rules to a mail of this header and size in bytes; `errand` is what it would become without them.

    `changed` are the fields that a person has set, whatever rules made of them.
    """
    rules = read(arrived.rules)
    facts = _facts(header, size, errand, arrived, rules)
    outcome = apply(rules, facts, arrived.route, further=arrived.further, released=arrived.released)
    outcome = replace(outcome, errand=edited(outcome.errand, changed))
    return _allowed(outcome, released=arrived.released)


def _facts(header: Header, size: int, errand: Errand, arrived: Arrived, rules: Rules) -> Facts:
    return Facts(
        errand=errand,
        envelope_sender=arrived.reverse_path or "",
        recipients=arrived.recipients,
        size=size,
        automatic=automatic(header, arrived.reverse_path),
        headers={name: tuple(map(to_text, islice(header.all(name), _VALUES))) for name in rules.headers},
        authentication=results(header, rules.authserv_id),
        fields=with_fields(errand) if rules.fields else {},
    )


def _allowed(outcome: Outcome, *, released: bool) -> Outcome:
    """Hold a mail that rules have made something of which the contract forbids; released, it goes without that."""
    while outcome.by and isinstance(outcome.disposition, Create):
        try:
            next(pieces(outcome.errand))
        except Invalid as error:
            part = error.field.partition(".")[0]
            if part not in _PARTS:
                raise
            if not released:
                rule = outcome.by.get(part) or outcome.by.get("watemplate", "")
                return replace(outcome, disposition=Hold(str(error), rule))
            outcome = replace(outcome, errand=replace(outcome.errand, **_PARTS[part]))
        else:
            break
    return outcome
