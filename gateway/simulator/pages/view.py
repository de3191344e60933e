"""An errand as the templates show it: values made from the simulator's own, in words, sizes and addresses."""

from dataclasses import dataclass

from gateway.simulator.conversation import conversation
from gateway.simulator.errand import Answer, Delivery, Entry, Errand, File
from gateway.simulator.pages import frame, jsonview
from gateway.simulator.pages.listing import subject, writer
from gateway.simulator.pages.words import When, duration, size, when

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
SIGNS = {"open": "wait", "answered": "good", "closed": ""}


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of a message: `picture` when a browser may show it itself, `inline` when the text shows it."""

    name: str
    address: str
    size: str
    picture: bool
    inline: bool


@dataclass(frozen=True, slots=True)
class Chip:
    """A state as a word and a sign: "good", "wait", "bad" or "" for neither."""

    words: str
    sign: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """An entry of the conversation; `frame` is the address of its HTML ("" for none), `height` is in pixels."""

    key: str
    ours: bool
    who: str
    note: str
    when: When
    text: str
    frame: str
    height: int
    files: tuple[Attached, ...]
    chips: tuple[Chip, ...]
    answer: int | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The errand that is open beside the list."""

    id: str
    address: str
    subject: str
    message_id: str
    writer: str
    state: Chip
    closed: bool
    talk: tuple[Said, ...]
    facts: tuple[tuple[str, str], ...]


def chosen(errand: Errand, now: float) -> Chosen:
    """The errand with all that is said of it."""
    return Chosen(
        id=errand.id,
        address=f"/errands/{errand.id}",
        subject=subject(errand),
        message_id=errand.message["message_id"],
        writer=writer(errand),
        state=Chip(errand.state, SIGNS[errand.state]),
        closed=errand.state == "closed",
        talk=tuple(said(errand, entry, now) for entry in conversation(errand)),
        facts=tuple(_facts(errand)),
    )


def key(entry: Entry) -> str:
    """What an entry is called in an address: there is one of each kind, but for answers."""
    return f"answer-{entry.answer.number}" if entry.answer else entry.kind


def said(errand: Errand, entry: Entry, now: float) -> Said:
    """One entry of the errand's conversation."""
    address = f"/errands/{errand.id}/{key(entry)}"
    return Said(
        key=key(entry),
        ours=entry.kind != "message",
        who=_who(entry),
        note=_entry_note(entry),
        when=when(entry.at, now),
        text=entry.body.strip("\r\n"),
        frame=f"{address}/html" if entry.html_body else "",
        height=frame.height(entry.html_body),
        files=tuple(attached(file, f"{address}/files/{place}") for place, file in enumerate(entry.files, start=1)),
        chips=_chips(entry.answer) if entry.answer else (),
        answer=entry.answer.number if entry.answer else None,
    )


def attached(file: File, address: str) -> Attached:
    """A file as a link."""
    picture = file.content_type.lower() in PICTURES
    return Attached(file.name or "(no name)", address, size(file.size), picture=picture, inline=file.inline)


def delivery(tried: Delivery) -> Chip:
    """How a callback's POST went."""
    if tried.status is None:
        return Chip(f"callback failed: {tried.error}", "bad")
    outcome, sign = ("delivered", "good") if tried.taken else ("refused", "bad")
    return Chip(f"callback {outcome}: {tried.status} in {duration(tried.seconds)}", sign)


def _chips(answer: Answer) -> tuple[Chip, ...]:
    tried = [one for sent in answer.sent for one in sent.deliveries]
    return tuple(delivery(one) for one in tried) or (Chip("no callback sent yet", "wait"),)


def _who(entry: Entry) -> str:
    if entry.kind == "closing":
        return "Closed"
    return "Agent" if entry.kind != "message" else entry.name or entry.address


def _entry_note(entry: Entry) -> str:
    if entry.answer:
        to = ", ".join(address for _, address in entry.answer.to) or "nobody"
        return f"answer {entry.answer.answer_id} to {to}"
    if entry.kind == "message":
        return entry.address if entry.name else ""
    return f"by {entry.name}"


def _facts(errand: Errand) -> list[tuple[str, str]]:
    facts = [("area", errand.area.path), ("channel", errand.area.channel)]
    if errand.repeat:
        facts.append(("repeat", f"{errand.repeat} came before with the same message_id"))
    facts += [
        (name, jsonview.line(errand.attributes[name]))
        for name in ("extradata", "integrationData", "watemplate")
        if name in errand.attributes
    ]
    return facts + ([("cuid", errand.attributes["cuid"])] if errand.attributes.get("cuid") else [])
