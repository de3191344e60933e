"""Rules tried on a mail without doing anything: which matched and why, and the document before and after."""

import difflib
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import orjson

from gateway.cention.document import new_errand
from gateway.cention.integration import end_errand
from gateway.config.cention import Route
from gateway.config.settings import Settings
from gateway.flow.inbound import Reading, to_errand
from gateway.flow.manner import manner
from gateway.flow.ruling import Arrived, ruled
from gateway.mail.header import header_start, read_header, to_text
from gateway.mail.parse import read
from gateway.model import Errand
from gateway.route.outcome import Create, Discard, End, Hold, Outcome
from gateway.route.recipient import Recipients
from gateway.route.source import source

_TO = ("delivered-to", "x-original-to", "to", "cc")
_ADDRESS = re.compile(r"[^\s<>,;:\"()]+@[^\s<>,;:\"()]+")
_MARKS = ("---", "+++", "@@")


@dataclass(frozen=True, slots=True)
class Came:
    """How a mail is taken to have come: to which route, by which recipients; `reverse_path` None asks Return-Path."""

    route: Route
    recipients: tuple[str, ...] = ()
    reverse_path: str | None = None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would become of a mail: `before` is the document without rules, `after` with them, None for none.

    `ending` is the document that ends an errand, where that is what becomes of it.
    """

    outcome: Outcome
    before: dict[str, Any]
    after: dict[str, Any] | None
    ending: dict[str, Any] | None

    def said(self) -> str:
        """Say in a line what becomes of the mail."""
        match self.outcome.disposition:
            case Hold(reason, rule):
                return f'held by "{rule}": {reason}'
            case Discard(reason, rule):
                return f'discarded by "{rule}": {reason}'
            case End(rule=rule):
                return f'ends an errand, by "{rule}"'
            case _:
                also = f", and in {', '.join(self.outcome.also)} as well" if self.outcome.also else ""
                return f"becomes an errand in {self.outcome.route}{also}"

    def diff(self) -> Iterator[str]:
        """Return the lines of the documents that differ, with some around them, each begun by a space, + or -."""
        become = self.after or self.ending
        if become is not None:
            changed = difflib.unified_diff(_lines(self.before), _lines(become), n=2, lineterm="")
            yield from (line for line in changed if not line.startswith(_MARKS))

    def as_json(self) -> dict[str, Any]:
        """Return all of it for programs."""
        return {
            "said": self.said(),
            "route": self.outcome.route,
            "also": self.outcome.also,
            "disposition": type(self.outcome.disposition).__name__.lower(),
            "rules": [asdict(trial) for trial in self.outcome.trials],
            "dropped": self.outcome.dropped,
            "before": self.before,
            "after": self.after,
            "ending": self.ending,
        }


def rehearse(raw: bytes, settings: Settings, came: Came) -> Rehearsal:
    """Apply the rules of the settings to a mail that came so."""
    hostname = settings.gateway.hostname
    fallback = f"<{hashlib.sha256(raw).hexdigest()[:32]}@{hostname}>"
    parsed = read(raw, fallback, manner(settings.mail))
    errand = to_errand(parsed.mail, Reading(f"mailer-daemon@{hostname}", fallback, came.route.sender))
    arrived = Arrived(source(settings), came.route.name, came.reverse_path, came.recipients)
    outcome = ruled(parsed.header, len(raw), errand, arrived)
    disposition = outcome.disposition
    return Rehearsal(
        outcome=outcome,
        before=_document(errand),
        after=_document(outcome.errand) if isinstance(disposition, Create) else None,
        ending=orjson.loads(end_errand(disposition.call)) if isinstance(disposition, End) else None,
    )


def guess(raw: bytes, settings: Settings, known: Recipients) -> Came:
    """Take a mail to have come by the addresses of its own header that the settings know, else to the first route."""
    header, _ = read_header(raw, header_start(raw), len(raw))
    named = [one for name in _TO for value in header.all(name) for one in _ADDRESS.findall(to_text(value))]
    recipients = [one for one in dict.fromkeys(named) if known.match(one)]
    route = settings.route_named(known.match(recipients[0]) or "") if recipients else None
    route = route or settings.route[0]
    return Came(route, tuple(one for one in recipients if known.match(one) == route.name))


def _document(errand: Errand) -> dict[str, Any]:
    """Return the document, with the size of each file in place of its content."""
    sizes = [f"({len(file.content)} bytes)" for file in errand.attachments]
    empty = replace(errand, attachments=tuple(replace(file, content=b"") for file in errand.attachments))
    document: dict[str, Any] = orjson.loads(new_errand(empty))
    for file, size in zip(document["data"]["attributes"]["msg"]["attachments"], sizes, strict=True):
        file["content"] = size
    return document


def _lines(document: dict[str, Any]) -> list[str]:
    return json.dumps(document, indent=2, ensure_ascii=False).splitlines()
