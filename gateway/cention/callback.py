"""Reading Cention's callback (contract.md, Callback): from a document as any server writes it to an Answer.

A request is read in steps, its secret seen before anything is believed: `parse`, `secret`, `matches`, `kept`, `read`.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from gateway.cention import jsontext
from gateway.cention.node import Malformed, Node
from gateway.cention.resource import ARCHIVE_TYPES, RESOURCE_TYPES
from gateway.model import Address, Answer, Resource, Service

__all__ = ["Malformed", "UnknownEvent", "identity", "kept", "matches", "parse", "read", "secret"]

# The second of each is what older servers write [sdk].
_TYPES = ("c3_callback_answer_errands", "c3_callback_answer_errand")
_ERRANDS = ("c3_answer_errands", "c3_errand")
_ANSWERED = "1"


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """A callback that is well formed but says nothing that we know: `data.type` and event ("" where it has none)."""

    type: str
    event: str


def parse(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a request's body; Malformed where there is none, as `jsontext.load` says."""
    document = jsontext.load(body)
    if not isinstance(document, dict):
        raise Node(document).wrong("an object")
    return document


def secret(document: Mapping[str, Any]) -> str | None:
    """Return `meta.api_secret`, or None where the document has none."""
    meta = document.get("meta")
    found = meta.get("api_secret") if isinstance(meta, dict) else None
    return found if isinstance(found, str) else None


def kept(document: Mapping[str, Any]) -> bytes:
    """Return a parsed callback as it is stored: without its secret, which has served its purpose.

    `parse` takes it again. Malformed where it is nested too deep to be written, as no callback is.
    """
    meta = document.get("meta")
    if isinstance(meta, dict) and "api_secret" in meta:
        document = {**document, "meta": {name: value for name, value in meta.items() if name != "api_secret"}}
    return jsontext.dump(document)


def matches(given: str | None, secrets: Sequence[str]) -> bool:
    """Tell whether a callback's secret is one of those configured; any is right where none is configured.

    All are compared, each in constant time: how long it takes tells neither which one was right nor how much of it.
    """
    if not secrets:
        return True
    offered = (given or "").encode("utf-8", "surrogatepass")
    hits = [hmac.compare_digest(offered, known.encode("utf-8", "surrogatepass")) for known in secrets]
    return bool(given) and any(hits)


def identity(workspace: str, answer: Answer) -> str:
    """Return what tells this answer from every other, and is the same when Cention sends it again (contract.md)."""
    parts = (workspace, answer.errand_id, answer.answer_id, answer.response_id)
    return ":".join(quote(part, safe="") for part in parts)


def read(document: Mapping[str, Any]) -> Answer | UnknownEvent:
    """Return what a parsed callback says; Malformed where it breaks the contract's shape.

    Resources come as the union of those that the answer's relationships name, in that order, and those only included.
    """
    root = Node(document)
    data = root.get("data")
    kind = data.get("type").word()
    if kind not in _TYPES:
        return UnknownEvent(kind, _said(data.get("attributes"), "event"))
    event = data.get("attributes").get("event").id()
    if event != _ANSWERED:
        return UnknownEvent(kind, event)
    included = root.get("included").items()
    return _answer(_errand(data, included), included)


def _errand(data: Node, included: Sequence[Node]) -> Node:
    """Find the resource that the callback is about: the one that it names, or the only one there."""
    errands = [node for node in included if node.get("type").value in _ERRANDS]
    named = data.get("relationships").get("errand").get("data").get("id")
    if named.value is not None:
        errands = [node for node in errands if node.get("id").id() == named.id()]
    if not errands:
        which = "" if named.value is None else f" with the id {named.id()}"
        raise Malformed("/included", f"expected a resource of type {_ERRANDS[0]}{which}, found none")
    return errands[0]


def _answer(errand: Node, included: Sequence[Node]) -> Answer:
    answer = errand.get("attributes").get("answer")
    response = answer.get("response")
    resources = _resources(errand, included)
    return Answer(
        errand_id=errand.get("id").id(),
        answer_id=answer.get("c3_id").id(),
        response_id=response.get("c3_id").id(),
        subject=response.get("subject").line(),
        body=response.get("body").text(),
        html_body=response.get("html_body", "htmlBody").text(),
        to=_recipients(response.get("to")),
        attachments=tuple(resource for resource in resources if resource.type not in ARCHIVE_TYPES),
        archives=tuple(resource for resource in resources if resource.type in ARCHIVE_TYPES),
        service=_service(errand.get("attributes")),
    )


def _recipients(to: Node) -> tuple[Address, ...]:
    """Read the recipients, each once; one without an address is left out, since there is nowhere to send its mail."""
    found: dict[tuple[str, str], Address] = {}
    for node in to.items():
        address = Address(node.get("name").line(), node.get("email_address", "emailAddress").line())
        if address.email:
            found.setdefault(_mailbox(address), address)
    return tuple(found.values())


def _mailbox(address: Address) -> tuple[str, str]:
    """Return what tells mailboxes apart: letter case does not matter in a domain."""
    local, _, domain = address.email.rpartition("@")
    return local, domain.lower()


def _service(attributes: Node) -> Service:
    """Read `service`; what it says there in another shape is nothing, for an answer can be sent without it."""
    said = attributes.get("service")
    return Service(_said(said, "type"), _said(said, "name"))


def _said(node: Node, name: str) -> str:
    try:
        return node.get(name).id()
    except Malformed:
        return ""


def _resources(errand: Node, included: Sequence[Node]) -> list[Resource]:
    links = {_key(node): _link(node.value) for node in included if node.get("type").value in RESOURCE_TYPES}
    relationships = errand.get("relationships")
    named = [
        _key(node)
        for relationship in ("attachments", "embedded_archives")
        for node in relationships.get(relationship).get("data").items()
    ]
    return [Resource(kind, number, links.get((kind, number))) for kind, number in dict.fromkeys([*named, *links])]


def _key(node: Node) -> tuple[str, str]:
    return node.get("type").word(), node.get("id").id()


def _link(resource: Mapping[str, Any]) -> str | None:
    """Read `links.self`, a string or {"href": string}; any other shape is no link, and the address follows without."""
    links = resource.get("links")
    own = links.get("self") if isinstance(links, dict) else None
    href = own.get("href") if isinstance(own, dict) else own
    return href if isinstance(href, str) and href else None
