"""Invitations (RFC 5545, RFC 5546): what an event says, in a few lines that a person reads."""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass

_LONGEST = 500_000
_EVENTS = 10
_DESCRIPTION = 2_000
_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(r'(?P<name>[A-Za-z-]{1,40})(?P<parameters>(?:;[A-Za-z-]+=(?:"[^"\n]*"|[^";:\n]*))*):(?P<value>.*)')
_ZONE = re.compile(r';TZID="?([^";:]*)', re.IGNORECASE)
_NAME = re.compile(r';CN=(?:"([^"]*)"|([^";:]*))', re.IGNORECASE)
_ESCAPED = re.compile(r"\\([\\;,Nn])")
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d{0,2}(Z?))?")
# As 13:00 or 13.00, and as 1 pm or 1:00 pm.
_OF_24 = re.compile(r"(?<!\d)(?=(\d{1,2})[:.](\d\d)(?!\d))")
_OF_12 = re.compile(r"(?<!\d)(?=(1[0-2]|0?[1-9])(?::(\d\d))?\s?([ap])m)", re.IGNORECASE)
_METHODS = {
    "REQUEST": "Invitation",
    "PUBLISH": "Event",
    "REPLY": "Answer to an invitation",
    "CANCEL": "Cancelled",
    "COUNTER": "Another time is proposed",
    "DECLINECOUNTER": "The other time is declined",
}
_ANSWERS = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "accepted tentatively"}


@dataclass(frozen=True, slots=True)
class _Property:
    parameters: str
    value: str

    def text(self) -> str:
        return _ESCAPED.sub(lambda match: "\n" if match[1] in "Nn" else match[1], self.value).strip()

    def moment(self) -> tuple[str, str, str]:
        """Return date, time and zone; "" for what is not said."""
        found = _TIME.match(self.value.strip())
        if not found:
            return self.text(), "", ""
        date, zone = f"{found[1]}-{found[2]}-{found[3]}", _ZONE.search(self.parameters)
        if not found[4]:
            return date, "", ""
        return date, f"{found[4]}:{found[5]}", "UTC" if found[6] else zone[1] if zone else ""

    def person(self) -> str:
        name = _NAME.search(self.parameters)
        said = (name[1] or name[2] or "").strip() if name else ""
        address = re.sub(r"(?i)^mailto:", "", self.value.strip())
        return f"{said} <{address}>" if said and said != address else address


_Event = dict[str, list[_Property]]


Time = tuple[int, int]
"""Hour and minute."""


def times(text: str) -> frozenset[Time]:
    """Return the times of day that a text has."""
    of_24 = ((int(found[1]), int(found[2])) for found in _OF_24.finditer(text))
    of_12 = ((int(found[1]) % 12 + 12 * (found[3] in "pP"), int(found[2] or 0)) for found in _OF_12.finditer(text))
    return frozenset([*of_24, *of_12])


def summary(calendar: str, told: Container[Time] = ()) -> str:
    """Return in lines what the events of a calendar are: what, when, where, by whom; "" if there is nothing to tell.

    An event that begins at a time that is `told` already, in the text beside it, is left out.
    """
    method, events = _read(_FOLD.sub("", calendar[:_LONGEST]))
    shown = [event for event in events if not _is_told(event, told)]
    return "\n\n".join("\n".join(_lines(method, event)) for event in shown)


def _read(calendar: str) -> tuple[str, list[_Event]]:
    method, inside = "", 0
    events: list[_Event] = []
    for line in calendar.splitlines():
        match = _LINE.fullmatch(line)
        if not match:
            continue
        name, value = match["name"].upper(), match["value"].strip()
        component = value.upper()
        if name == "METHOD":
            method = component
        elif name == "BEGIN" and (component in {"VEVENT", "VTODO"} or inside):
            inside += 1
            if inside == 1 and len(events) < _EVENTS:
                events.append({})
        elif name == "END" and inside:
            inside -= 1
        elif inside == 1 and events:
            events[-1].setdefault(name, []).append(_Property(match["parameters"], match["value"]))
    return method, events


def _lines(method: str, event: _Event) -> Iterator[str]:
    cancelled = any(status.value.strip().upper() == "CANCELLED" for status in event.get("STATUS", ()))
    kind = _METHODS["CANCEL"] if cancelled else _METHODS.get(method, "Event")
    what = next((text for title in event.get("SUMMARY", ()) if (text := " ".join(title.text().split()))), "")
    yield f"{kind}: {what}" if what else kind
    when = _when(event)
    if when:
        yield f"When: {when}"
    for label, name in (("Where", "LOCATION"), ("Organizer", "ORGANIZER")):
        for said in event.get(name, ())[:1]:
            text = said.person() if name == "ORGANIZER" else " ".join(said.text().split())
            if text:
                yield f"{label}: {text}"
    yield from _answers(method, event)
    for description in event.get("DESCRIPTION", ())[:1]:
        if description.text():
            yield f"\n{description.text()[:_DESCRIPTION]}"


def _answers(method: str, event: _Event) -> Iterator[str]:
    """Say who answered what, where the mail is such an answer."""
    for attendee in event.get("ATTENDEE", ()) if method == "REPLY" else ():
        said = re.search(r";PARTSTAT=\"?([A-Z-]+)", attendee.parameters.upper())
        if said and said[1] in _ANSWERS:
            yield f"{attendee.person()}: {_ANSWERS[said[1]]}"


def _when(event: _Event) -> str:
    if "DTSTART" not in event:
        return ""
    date, time, zone = event["DTSTART"][0].moment()
    until = ""
    if "DTEND" in event:
        last, end, _ = event["DTEND"][0].moment()
        if time and end:
            until = f" - {end}" if last == date else f" - {last} {end}"
    every = event["RRULE"][0].value.strip() if "RRULE" in event else ""
    return f"{date} {time}{until} {zone}".strip() + (f", repeated ({every})" if every else "")


def _is_told(event: _Event, told: Container[Time]) -> bool:
    time = event["DTSTART"][0].moment()[1] if "DTSTART" in event else ""
    return bool(time) and (int(time[:2]), int(time[3:])) in told
