"""An errand as a conversation: what the customer wrote, what agents answered, how it was closed, in order."""

from collections.abc import Iterator, Sequence
from typing import Any

from gateway.simulator.errand import Answer, Entry, Errand, File, Kind


def conversation(errand: Errand) -> tuple[Entry, ...]:
    """Return the errand's entries, oldest first: at least the customer's message."""
    return tuple(sorted(_entries(errand), key=lambda entry: entry.at))


def original(errand: Errand) -> Entry:
    """Return the message that the errand was created with."""
    message = errand.message
    return _written("message", errand, message, errand.created, message.get("name", ""), message["from"])


def _entries(errand: Errand) -> Iterator[Entry]:
    yield original(errand)
    template = errand.attributes.get("watemplate")
    if template is not None:
        yield _template(errand, template)
    yield from (_answered(answer) for answer in errand.answers)
    if errand.closed is not None:
        yield _closing(errand, errand.closed.at)


def _written(kind: Kind, errand: Errand, message: dict[str, Any], at: float, name: str, address: str) -> Entry:
    """An entry from an object with a message's fields; each may be absent (contract, Create)."""
    files = _files(errand, message.get("attachments", []), message.get("html_body", ""))
    subject, body, html = (message.get(field, "") for field in ("subject", "body", "html_body"))
    return Entry(kind, at, name, address, subject, body, html, files)


def _files(errand: Errand, attachments: Sequence[dict[str, str]], html: str) -> tuple[File, ...]:
    return tuple(
        File(
            errand.area.workspace,
            "",
            position,
            file["name"],
            file["content_type"],
            file["content"],
            file.get("content_id", ""),
            inline=bool(file.get("content_id")) and f"cid:{file['content_id']}" in html,
        )
        for position, file in enumerate(attachments, start=1)
    )


def _template(errand: Errand, template: dict[str, Any]) -> Entry:
    named = [f"{name}: {text}" for parameter in template.get("params", []) for name, text in parameter.items()]
    body = "\n".join([f"{template['namespace']} / {template['elementname']}", *named])
    return Entry("template", errand.created, _user(errand), "", "WhatsApp template", body, "")


def _answered(answer: Answer) -> Entry:
    name, address = answer.to[0] if answer.to else ("", "")
    files = (*answer.attachments, *answer.archives)
    return Entry("answer", answer.at, name, address, answer.subject, answer.body, answer.html_body, files, answer)


def _closing(errand: Errand, at: float) -> Entry:
    """How it was closed; the answer that an errand was created with is what closed it."""
    assert errand.closed is not None
    if errand.closed.how == "created":
        return _written("closing", errand, errand.attributes["answer"], at, _user(errand), "")
    call = errand.closed.call or {}
    body = "\n".join(f"{name}: {value}" for name, value in call.items())
    return Entry("closing", at, errand.closed.how, "", "", body, "")


def _user(errand: Errand) -> str:
    """Who closed or sent it: "cention 12", or "system" where no user is named (contract, answer)."""
    answer = errand.attributes.get("answer", {})
    return " ".join(filter(None, (answer.get("user_type", "").lower(), answer.get("user_id", "")))) or "system"
