"""Cention's API: `/s/<workspace>/capi/json/<type>`, checked in the order in which a server comes to know things.

Resource (404), method (405), token (401), claim (403), content type (415), JSON (400), each field (422).
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.simulator import contract, jsonapi, wire
from gateway.simulator.calls import Call, Calls
from gateway.simulator.errands import Errands
from gateway.simulator.faults import Fault, Faults
from gateway.simulator.jsonapi import Refusal
from gateway.simulator.tokens import Right, Token, rights


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
    """A request: the resource's type ("" for none that exists), its id ("" for the collection), what came with it."""

    kind: str
    id: str
    method: str
    headers: Headers
    body: bytes


class Api:
    """The ASGI application for every path that is not the simulator's own. Set `closing` to end what is delayed."""

    def __init__(self, workspace: str, tokens: Sequence[Token], errands: Errands, faults: Faults, calls: Calls) -> None:
        self._path = f"/s/{workspace}/capi/json/"
        self._tokens = tokens
        self._errands = errands
        self._faults = faults
        self._calls = calls
        self.closing = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Record the call, then answer it, rightly unless a fault falls on it."""
        request = Request(scope, receive)
        kind, resource_id = self._resource(scope["path"])
        target = DOORS[kind].target if kind else ""
        call = Call(request.method, _address(scope), _joined(request.headers), target)
        self._calls.append(call)
        try:
            body = await request.body()
        except ClientDisconnect:
            return
        call.size = len(body)
        asked = Asked(kind, resource_id, request.method, request.headers, body)
        if target and (fault := self._faults.take(target)):
            response = await self._spoilt(fault, asked, call)
            await _send(response, fault, call, scope, receive, send)
        else:
            response = self._work(asked, call)
            call.status = response.status_code
            await response(scope, receive, send)

    def _resource(self, path: str) -> tuple[str, str]:
        """Type and id that a path names; ("", "") when there is no such resource."""
        kind, slash, resource_id = path.removeprefix(self._path).partition("/")
        by_id = kind in {contract.ATTACHMENT, contract.ARCHIVE}
        exists = path.startswith(self._path) and kind in DOORS and bool(slash) == bool(resource_id) == by_id
        return (kind, resource_id) if exists else ("", "")

    async def _spoilt(self, fault: Fault, asked: Asked, call: Call) -> Response:
        """The answer as the fault has it; the work is done where the fault only changes its answer, or asks for it."""
        done = self._work(asked, call) if fault.after_create else None
        with suppress(TimeoutError):
            await asyncio.wait_for(self.closing.wait(), fault.delay)
        if done is None and not fault.replaces and fault.cut is not True:
            done = self._work(asked, call)
        return fault.answer(done)

    def _work(self, asked: Asked, call: Call) -> Response:
        try:
            _admit(asked, self._tokens)
            match asked.kind:
                case contract.CREATE:
                    return self._create(asked, call)
                case contract.END:
                    return self._end(asked, call)
                case _:
                    return self._fetch(asked)
        except Refusal as refusal:
            return refusal.response

    def _create(self, asked: Asked, call: Call) -> Response:
        posted = jsonapi.read(asked.body, contract.NEW_ERRAND, "contract, Create: POST c3_new_errands")
        errand = self._errands.create(posted["data"]["attributes"], time.time())
        call.errand_id = errand.id
        return jsonapi.document(201, {"data": {"type": contract.CREATE, "id": errand.id}})

    def _end(self, asked: Asked, call: Call) -> Response:
        """Close an errand, by its id or by the telephone call; the contract does not say how Cention finds it."""
        posted = jsonapi.read(asked.body, contract.END_ERRAND, "contract, Close: POST c3_end_errands")["data"]
        if posted.get("id"):
            errand = self._errands.find(posted["id"])
            if errand is None:
                raise Refusal(jsonapi.error(404, f"There is no errand {posted['id']}."))
        else:
            errand = self._errands.of_call(posted["attributes"]["integrationData"])
        if errand is None:
            return jsonapi.document(200, {"data": None})
        self._errands.close(errand)
        call.errand_id = errand.id
        return jsonapi.document(200, {"data": {"type": contract.END, "id": errand.id}})

    def _fetch(self, asked: Asked) -> Response:
        file = self._errands.file(asked.kind, asked.id)
        if file is None:
            raise Refusal(jsonapi.error(404, f"There is no {asked.kind} {asked.id}."))
        return jsonapi.document(200, file.shown())


def _admit(asked: Asked, tokens: Sequence[Token]) -> None:
    """Everything that is known before the body is looked at (contract, Transport)."""
    door = DOORS.get(asked.kind)
    if door is None:
        raise Refusal(jsonapi.error(404, "There is no such resource; the contract names the four that there are."))
    if asked.method != door.method:
        detail = f"{asked.method} is not for this resource, {door.method} is."
        raise Refusal(jsonapi.error(405, detail, {"Allow": door.method}))
    scheme, _, bearer = asked.headers.get("authorization", "").partition(" ")
    granted = rights(bearer.strip(), tokens, time.time()) if scheme.lower() == "bearer" else frozenset()
    if not granted:
        detail = "Authorization: Bearer <token> is needed, with a token that is known here and has not expired."
        raise Refusal(jsonapi.error(401, detail, {"WWW-Authenticate": "Bearer"}))
    if door.right not in granted:
        raise Refusal(jsonapi.error(403, f"The token does not carry the claim {door.right.value}."))
    if asked.headers.get("content-type") != jsonapi.MEDIA_TYPE:
        detail = f"Content-Type must be {jsonapi.MEDIA_TYPE}, without parameters, on GET as well (contract, Transport)."
        raise Refusal(jsonapi.error(415, detail))


async def _send(response: Response, fault: Fault, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
    """Give the answer to the client, or as much of it as the fault leaves."""
    if fault.cut is True or (fault.cut and not response.body):
        await wire.cut(scope, receive)
    elif fault.cut:
        await wire.cut_amid(response, scope, receive, send)
    else:
        call.status = response.status_code
        await response(scope, receive, send)


def _address(scope: Scope) -> str:
    """Path and query as they stood in the request line."""
    query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
    return f"{scope['raw_path'].decode('latin-1')}{query}"


def _joined(headers: Headers) -> dict[str, str]:
    """Headers by their names in lower case; those of one name joined by a comma (RFC 9110, section 5.2)."""
    return {name: ", ".join(headers.getlist(name)) for name in headers}
