"""A request to Cention's API as far as its head says it: which resource, by which door, in which media type."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Scope

from gateway.simulator import contract, jsonapi
from gateway.simulator.jsonapi import Refusal
from gateway.simulator.tokens import Denied, Right


@dataclass(frozen=True, slots=True)
class Door:
    """How a resource type may be asked for: a fault's name for it, its only method, the claim that it needs."""

    target: str
    method: str
    right: Right


DOORS: Mapping[str, Door] = {
    contract.CREATE: Door("create", "POST", Right.CREATE),
    contract.END: Door("end", "POST", Right.CREATE),
    contract.ATTACHMENT: Door("attachment", "GET", Right.FETCH),
    contract.ARCHIVE: Door("archive", "GET", Right.FETCH),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: workspace and resource type ("" for none that exists), its id ("" for the collection), and the rest.

    `body` is None when it was larger than is taken.
    """

    workspace: str
    kind: str
    id: str
    method: str
    headers: Headers
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What the API goes by: its workspaces, the path of resources below each, and how strict and large it may be."""

    workspaces: frozenset[str]
    roots: tuple[str, ...]
    ignore_unknown: bool
    largest: int


def resource(path: str, rules: Rules) -> tuple[str, str, str]:
    """Workspace, type and id that a path names; three times "" when there is no such resource."""
    found = re.fullmatch(r"/s/([^/]+)(/.+/)(c3_[a-z_]+)(?:/([^/]+))?", path)
    if not found or found[1] not in rules.workspaces or found[2] not in rules.roots or found[3] not in DOORS:
        return "", "", ""
    by_id = found[3] in {contract.ATTACHMENT, contract.ARCHIVE}
    return (found[1], found[3], found[4] or "") if bool(found[4]) == by_id else ("", "", "")


def negotiated(headers: Headers) -> None:
    """Refuse another Content-Type (415), and an Accept that takes the media type only with parameters (406).

    Both are JSON:API's rules (Content Negotiation); an Accept that does not speak of the media type is anybody's own.
    """
    kind, parameters = _media_type(headers.get("content-type", ""))
    if kind != jsonapi.MEDIA_TYPE or parameters:
        detail = f"Content-Type must be {jsonapi.MEDIA_TYPE}, without parameters, on GET as well (contract, Transport)."
        raise Refusal(jsonapi.error(415, detail))
    ranges = [_media_type(one) for value in headers.getlist("accept") for one in value.split(",")]
    ours = [_is_weight(parameters) for kind, parameters in ranges if kind == jsonapi.MEDIA_TYPE]
    if ours and not any(ours):
        detail = f"Accept must name {jsonapi.MEDIA_TYPE} without parameters (contract, Transport)."
        raise Refusal(jsonapi.error(406, detail))


def _media_type(value: str) -> tuple[str, str]:
    """A media type in lower case, and everything from its first semicolon on."""
    kind, semicolon, parameters = value.partition(";")
    return kind.strip().lower(), semicolon + parameters.strip()


def _is_weight(parameters: str) -> bool:
    """Whether what follows a media type is only how much it is liked (RFC 9110, section 12.4.2)."""
    return not parameters or re.fullmatch(r"(?i); *q=[0-9.]+", parameters) is not None


def bearer(headers: Headers) -> str:
    """The token (RFC 6750, section 2.1); Denied when none is there."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Denied("None was sent.")
    return token.strip()


def address(scope: Scope) -> str:
    """Path and query as they stood in the request line."""
    query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
    return f"{scope['raw_path'].decode('latin-1')}{query}"


def joined(headers: Headers) -> dict[str, str]:
    """Headers by their names in lower case; those of one name joined by a comma (RFC 9110, section 5.2)."""
    return {name: ", ".join(headers.getlist(name)) for name in headers}
