"""Reading Cention's callback (contract.md, Callback): from a document as any server writes it to an Answer.

A request is read in steps, its secret seen before anything is believed: `parse`, `secret`, `matches`, `read`.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson

from gateway.cention.node import Malformed, Node
from gateway.cention.resource import ARCHIVES, RESOURCE_TYPES
from gateway.model import Address, Answer, Resource

__all__ = ["Malformed", "UnknownEvent", "identity", "matches", "parse", "read", "secret"]

_TYPE = "c3_callback_answer_errands"
_ANSWERED = "1"


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """A callback that is well formed but says nothing that we know: `data.type` and event ("" where it has none)."""

    type: str
    event: str


def parse(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a request's body; Malformed where it is not UTF-8, not JSON, too deep or no object."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed("", f"expected JSON: {error}") from error
    if not isinstance(document, dict):
        raise Node(document).wrong("an object")
    return document


def secret(document: Mapping[str, Any]) -> str | None:
    """Return `meta.api_secret`, or None where the document has none."""
    meta = document.get("meta")
    found = meta.get("api_secret") if isinstance(meta, dict) else None
    return found if isinstance(found, str) else None


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
    if kind != _TYPE:
        return UnknownEvent(kind, _event(data))
    event = data.get("attributes").get("event").id()
    if event != _ANSWERED:
        return UnknownEvent(kind, event)
    included = root.get("included").items()
    return _answer(_errand(data, included), included)


def _event(data: Node) -> str:
    try:
        return data.get("attributes").get("event").id()
    except Malformed:
        return ""


def _errand(data: Node, included: Sequence[Node]) -> Node:
    """Find the resource that the callback is about: the one that it names, or the only one there."""
    errands = [node for node in included if node.get("type").value == "c3_answer_errands"]
    named = data.get("relationships").get("errand").get("data").get("id")
    if named.value is not None:
        errands = [node for node in errands if node.get("id").id() == named.id()]
    if not errands:
        which = "" if named.value is None else f" with the id {named.id()}"
        raise Malformed("/included", f"expected a resource of type c3_answer_errands{which}, found none")
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
        attachments=tuple(resource for resource in resources if resource.type != ARCHIVES),
        archives=tuple(resource for resource in resources if resource.type == ARCHIVES),
    )


def _recipients(to: Node) -> tuple[Address, ...]:
    """Read the recipients; one without an address is left out, since there is nowhere to send its mail."""
    found = [Address(node.get("name").line(), node.get("email_address", "emailAddress").line()) for node in to.items()]
    return tuple(address for address in found if address.email)


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
