"""Cention's callbacks (contract.md, Callback): checked, stored, answered; the work is the worker's.

2xx only once the document is durable. Everything else is a JSON:API error that says what is wrong.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from gateway import metrics
from gateway.cention.callback import Malformed, UnknownEvent, identity, matches, parse, read, secret
from gateway.config.settings import Settings
from gateway.errors import GatewayError
from gateway.log import log
from gateway.model import Answer, Receipt

_BODY_SECONDS = 120
MEDIA_TYPES = frozenset({"application/vnd.api+json", "application/json"})


class Store(Protocol):
    """Where callbacks become durable."""

    async def accept_callback(
        self, workspace: str, identity: str, errand: str, document: bytes, note: dict[str, Any], *, work: bool
    ) -> Receipt:
        """Return once the document is durable (rule 1)."""


class _Refusal(Exception):
    def __init__(self, status: int, detail: str, pointer: str = "") -> None:
        super().__init__(detail)
        self.status, self.detail, self.pointer = status, detail, pointer


def error(status: int, title: str, detail: str, pointer: str = "") -> Response:
    """Return a JSON:API error (jsonapi.org, Errors)."""
    said: dict[str, Any] = {"status": str(status), "title": title, "detail": detail}
    if pointer:
        said["source"] = {"pointer": pointer}
    return Response(orjson.dumps({"errors": [said]}), status, media_type="application/vnd.api+json")


def endpoint(settings: Callable[[], Settings], store: Store) -> Callable[[Request], Awaitable[Response]]:
    """Return the handler of `POST /callbacks/<workspace>`; `settings` gives those in force at each call."""

    async def receive(request: Request) -> Response:
        workspace = request.path_params["workspace"]
        known = workspace if workspace in settings().cention else "unknown"
        peer = request.client.host if request.client else ""
        try:
            receipt = await _accept(request, workspace, settings(), store)
        except _Refusal as refusal:
            metrics.callbacks.labels(known, "refused").inc()
            log.callback_refused(workspace, refusal.status, refusal.detail, peer)
            return error(refusal.status, "callback refused", refusal.detail, refusal.pointer)
        except GatewayError as full:
            metrics.callbacks.labels(known, "failed").inc()
            log.callback_refused(workspace, 503, str(full), peer)
            return error(503, "try again later", "the gateway cannot store it now")
        metrics.callbacks.labels(known, "repeat" if receipt.repeat else "accepted").inc()
        return Response(
            orjson.dumps({"meta": {"id": receipt.id, "repeat": receipt.repeat}}), media_type="application/vnd.api+json"
        )

    return receive


async def _accept(request: Request, workspace: str, settings: Settings, store: Store) -> Receipt:
    if workspace not in settings.cention:
        raise _Refusal(404, f"no workspace {workspace[:100]!r} is configured here")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in MEDIA_TYPES:
        raise _Refusal(415, "expected the content type application/vnd.api+json")
    body = await _body(request, settings.http.max_size)
    try:
        document = parse(body)
        _check_secret(document, workspace, settings)
        said = read(document)
    except Malformed as malformed:
        raise _Refusal(400, malformed.detail, malformed.pointer) from malformed
    stored = orjson.dumps(_without_secret(document))
    if isinstance(said, UnknownEvent):
        digest = hashlib.sha256(b"unknown\0" + workspace.encode() + b"\0" + stored).hexdigest()
        note = {"unknown": f"{said.type} event {said.event}", "workspace": workspace}
        receipt = await store.accept_callback(workspace, digest, "", stored, note, work=False)
        log.callback_unknown(receipt.id, workspace, said.type, said.event)
        return receipt
    return await _store_answer(said, workspace, stored, store)


async def _store_answer(answer: Answer, workspace: str, stored: bytes, store: Store) -> Receipt:
    digest = hashlib.sha256(identity(workspace, answer).encode()).hexdigest()
    note = {"workspace": workspace, "errand": answer.errand_id, "to": [address.email for address in answer.to]}
    receipt = await store.accept_callback(workspace, digest, answer.errand_id, stored, note, work=True)
    log.callback(receipt.id, workspace, answer.errand_id, repeat=receipt.repeat)
    return receipt


def _check_secret(document: Mapping[str, Any], workspace: str, settings: Settings) -> None:
    secrets = [one.value() for one in settings.cention[workspace].callback_secrets]
    if not matches(secret(document), secrets):
        raise _Refusal(401, "meta.api_secret is missing or not one of those that are configured", "/meta/api_secret")


def _without_secret(document: dict[str, Any]) -> dict[str, Any]:
    """What is stored holds no secret: it has served its purpose."""
    meta = document.get("meta")
    if not isinstance(meta, dict) or "api_secret" not in meta:
        return document
    return document | {"meta": {name: value for name, value in meta.items() if name != "api_secret"}}


async def _body(request: Request, most: int) -> bytes:
    """Read the body as it comes. One over `most` bytes is read off, within reason, so that the answer is seen."""
    announced = request.headers.get("content-length", "0")
    too_large = _Refusal(413, f"expected at most {most} bytes")
    if announced.isascii() and announced.isdigit() and int(announced) > 2 * most:
        raise too_large
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size <= most:
                    body += chunk
                elif size > 2 * most:
                    break
    except ClientDisconnect:
        raise _Refusal(400, "the body was cut off") from None
    except TimeoutError:
        raise _Refusal(408, f"the body did not come within {_BODY_SECONDS} seconds") from None
    if size > most:
        raise too_large
    return bytes(body)
