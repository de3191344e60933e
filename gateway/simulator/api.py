"""Cention's API: `/s/<workspace>/capi/json/<type>`, checked in the order in which a server comes to know things.

Resource (404), method (405), token (401), claim (403), content type (415, 406), size (413), JSON (400), each field
(422; 403 and 409 where JSON:API says so).
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.simulator import contract, jsonapi, wire
from gateway.simulator.asked import DOORS, Asked, Rules, address, bearer, joined, negotiated, resource
from gateway.simulator.calls import Call, Calls
from gateway.simulator.errands import State
from gateway.simulator.faults import Fault, Faults
from gateway.simulator.jsonapi import Refusal
from gateway.simulator.shape import Check
from gateway.simulator.tokens import Denied, Grant, Tokens


class Api:
    """The ASGI application for every path that is not the simulator's own. Set `closing` to end what is delayed."""

    def __init__(self, rules: Rules, tokens: Tokens, state: State, faults: Faults, calls: Calls) -> None:
        self._rules = rules
        self._tokens = tokens
        self._state = state
        self._faults = faults
        self._calls = calls
        self.closing = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Record the call, then answer it, rightly unless a fault falls on it."""
        request = Request(scope, receive)
        asked = Asked(*resource(scope["path"], self._rules), request.method, request.headers)
        target = DOORS[asked.kind].target if asked.kind else ""
        call = Call(request.method, address(scope), joined(request.headers), target)
        self._calls.append(call)
        try:
            asked = replace(asked, body=await self._body(request, call))
        except ClientDisconnect:
            return
        if target and (fault := self._faults.take(target)):
            response = await self._spoilt(fault, asked, call)
            await _send(response, fault, call, scope, receive, send)
        else:
            response = self._work(asked, call)
            call.status = response.status_code
            await response(scope, receive, send)

    async def _body(self, request: Request, call: Call) -> bytes | None:
        """The body, or None when there is too much of it; that is read to its end too, lest the client never listen."""
        taken: list[bytes] = []
        async for chunk in request.stream():
            call.size += len(chunk)
            if call.size <= self._rules.largest:
                taken.append(chunk)
        return b"".join(taken) if call.size <= self._rules.largest else None

    async def _spoilt(self, fault: Fault, asked: Asked, call: Call) -> Response:
        """The answer as the fault has it; the work is done where the fault only changes its answer, or asks for it."""
        done = self._work(asked, call) if fault.after_create else None
        with suppress(TimeoutError):
            await asyncio.wait_for(self.closing.wait(), fault.lateness(self._faults.chance))
        if done is None and not fault.replaces and fault.cut is not True:
            done = self._work(asked, call)
        return fault.answer(done)

    def _work(self, asked: Asked, call: Call) -> Response:
        try:
            grant = self._admit(asked)
            match asked.kind:
                case contract.CREATE:
                    return self._create(asked, grant, call)
                case contract.END:
                    return self._end(asked, call)
                case _:
                    return self._fetch(asked)
        except Refusal as refusal:
            return refusal.response

    def _admit(self, asked: Asked) -> Grant:
        """Everything that is known before the body is looked at (contract, Transport)."""
        door = DOORS.get(asked.kind)
        if door is None:
            raise Refusal(jsonapi.error(404, "There is no such resource; the contract names the four that there are."))
        if asked.method != door.method:
            detail = f"{asked.method} is not for this resource, {door.method} is."
            raise Refusal(jsonapi.error(405, detail, {"Allow": door.method}))
        try:
            grant = self._tokens.grant(bearer(asked.headers), asked.workspace, time.time())
        except Denied as denied:
            detail = f"Authorization: Bearer <token> is needed, with a token that is good here. {denied}"
            raise Refusal(jsonapi.error(401, detail, {"WWW-Authenticate": "Bearer"})) from denied
        if door.right not in grant.rights:
            raise Refusal(jsonapi.error(403, f"The token does not carry the claim {door.right.value}."))
        negotiated(asked.headers)
        return grant

    def _read(self, asked: Asked, check: Check, section: str) -> Any:
        if asked.body is None:
            raise Refusal(jsonapi.error(413, f"At most {self._rules.largest} bytes are taken."))
        return jsonapi.read(asked.body, check, section, ignore_unknown=self._rules.ignore_unknown)

    def _create(self, asked: Asked, grant: Grant, call: Call) -> Response:
        posted = self._read(asked, contract.NEW_ERRAND, "contract, Create: POST c3_new_errands")
        assert grant.area is not None
        errand = self._state.create(grant.area, posted, time.time())
        call.errand_id = errand.id
        return jsonapi.document(201, {"data": {"type": contract.CREATE, "id": errand.id}})

    def _end(self, asked: Asked, call: Call) -> Response:
        """Close an errand, by its id or by the telephone call; the contract does not say how Cention finds it."""
        posted = self._read(asked, contract.END_ERRAND, "contract, Close: POST c3_end_errands")["data"]
        ended = posted["attributes"]["integrationData"]
        if named := posted.get("id"):
            errand = self._state.errand(named)
            if errand is None or errand.area.workspace != asked.workspace:
                raise Refusal(jsonapi.error(404, f"There is no errand {named}."))
        else:
            errand = self._state.of_call(asked.workspace, ended)
        if errand is None:
            return jsonapi.document(200, {"data": None})
        self._state.close(errand.id, time.time(), contract.END, ended)
        call.errand_id = errand.id
        return jsonapi.document(200, {"data": {"type": contract.END, "id": errand.id}})

    def _fetch(self, asked: Asked) -> Response:
        file = self._state.file(asked.workspace, asked.kind, asked.id)
        if file is None:
            raise Refusal(jsonapi.error(404, f"There is no {asked.kind} {asked.id}."))
        return jsonapi.document(200, file.resource())


async def _send(response: Response, fault: Fault, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
    """Give the answer to the client, or as much of it as the fault leaves."""
    if fault.cut is True or (fault.cut and not response.body):
        await wire.cut(scope, receive)
    elif fault.cut:
        await wire.cut_amid(response, scope, receive, send)
    else:
        call.status = response.status_code
        await response(scope, receive, send)
