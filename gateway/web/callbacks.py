"""Cention's callbacks (contract.md, Callback): checked, stored, answered; the work is the worker's.

2xx only once the document is durable. Everything else is a JSON:API error that says what is wrong; what came with the
right secret and is no answer that we can read is kept all the same, parked for a person.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway import metrics
from gateway.cention.callback import Malformed, UnknownEvent, identity, kept, matches, parse, read, secret
from gateway.config.settings import Settings
from gateway.errors import GatewayError
from gateway.log import log
from gateway.model import Answer, Receipt
from gateway.web.body import Bodies
from gateway.web.console import proxyuser
from gateway.web.errors import Refusal, error

__all__ = ["MEDIA_TYPES", "endpoint", "error", "routes"]

MEDIA_TYPES = frozenset({"application/vnd.api+json", "application/json"})
# From here on reading takes long enough to be felt by others: 20 MB take about 0.1 s.
_LARGE = 500_000
_MOST_NAMED = 20
_LONGEST_NAMED = 320


class Store(Protocol):
    """Where callbacks become durable."""

    async def accept_callback(
        self, workspace: str, identity: str, errand: str, document: bytes, note: dict[str, Any], *, work: bool
    ) -> Receipt:
        """Return once the document is durable (rule 1)."""


@dataclass(frozen=True, slots=True)
class _Document:
    """A callback whose secret is right: the JSON to be stored, and what it says or why that cannot be read."""

    kept: bytes
    said: Answer | UnknownEvent | Malformed


def routes(settings: Callable[[], Settings], store: Store) -> list[Route]:
    """Return where callbacks come in: POST to `/callbacks/<workspace>`, with a slash at the end or without."""
    receive = endpoint(settings, store)
    return [Route(f"/callbacks/{{workspace}}{end}", receive, methods=["POST"]) for end in ("", "/")]


def endpoint(settings: Callable[[], Settings], store: Store) -> Callable[[Request], Awaitable[Response]]:
    """Return the handler of `POST /callbacks/<workspace>`; `settings` gives those in force at each call."""
    reader = _Reader()

    async def receive(request: Request) -> Response:
        workspace = request.path_params["workspace"]
        known = workspace if workspace in settings().cention else "unknown"
        peer = proxyuser.address(request, settings().console)
        try:
            document = await reader.read(request, workspace, settings())
            receipt = await _store(document, workspace, store)
        except Refusal as refusal:
            metrics.callbacks.labels(known, "refused").inc()
            log.callback_refused(workspace, refusal.status, refusal.detail, peer)
            return error(refusal.status, "callback refused", refusal.detail, refusal.pointer, refusal.headers)
        except GatewayError as failure:
            metrics.callbacks.labels(known, "failed").inc()
            log.callback_refused(workspace, 503, str(failure), peer)
            detail = "the gateway cannot take it now; its log says why"
            return error(503, "try again later", detail, headers={"Retry-After": "60"})
        metrics.callbacks.labels(known, "repeat" if receipt.repeat else "accepted").inc()
        return Response(
            orjson.dumps({"meta": {"id": receipt.id, "repeat": receipt.repeat}}), media_type="application/vnd.api+json"
        )

    return receive


class _Reader:
    """Reads requests: small documents at once, a large one in a thread, one after another, to bound memory."""

    def __init__(self) -> None:
        self._bodies = Bodies()
        self._large = asyncio.Lock()

    async def read(self, request: Request, workspace: str, settings: Settings) -> _Document:
        """Return what came; Refusal where it is nothing to be kept."""
        if workspace not in settings.cention:
            raise Refusal(404, f"no workspace {workspace[:100]!r} is configured here")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in MEDIA_TYPES:
            raise Refusal(415, "expected the content type application/vnd.api+json")
        async with self._bodies.take(request, settings.http.max_size) as body:
            secrets = [one.value() for one in settings.cention[workspace].callback_secrets]
            if len(body) < _LARGE:
                return _understood(body, secrets)
            async with self._large:
                return await asyncio.to_thread(_understood, body, secrets)


def _understood(body: bytes, secrets: Sequence[str]) -> _Document:
    try:
        document = parse(body)
        if not matches(secret(document), secrets):
            detail = "meta.api_secret is missing or not one of those that are configured"
            # RFC 9110 15.5.2 wants a scheme named; ours is in the document.
            raise Refusal(401, detail, "/meta/api_secret", {"WWW-Authenticate": "Cention-Callback"})
        stored = kept(document)
    except Malformed as malformed:
        raise Refusal(400, malformed.detail, malformed.pointer) from malformed
    try:
        return _Document(stored, read(document))
    except Malformed as malformed:
        return _Document(stored, malformed)


async def _store(document: _Document, workspace: str, store: Store) -> Receipt:
    match document.said:
        case Answer() as answer:
            return await _store_answer(answer, workspace, document.kept, store)
        case UnknownEvent(kind, event):
            note = {"unknown": f"{kind} event {event}", "workspace": workspace}
            digest = _digest("unknown", workspace, document.kept)
            receipt = await store.accept_callback(workspace, digest, "", document.kept, note, work=False)
            log.callback_unknown(receipt.id, workspace, kind, event)
            return receipt
        case Malformed() as malformed:
            # Its job will park it with the same reason, and can be retried once we can read it.
            note = {"unreadable": str(malformed), "workspace": workspace}
            digest = _digest("unreadable", workspace, document.kept)
            receipt = await store.accept_callback(workspace, digest, "", document.kept, note, work=True)
            detail = f"{malformed.detail}; the document is kept as {receipt.id}, for a person"
            raise Refusal(400, detail, malformed.pointer)


async def _store_answer(answer: Answer, workspace: str, stored: bytes, store: Store) -> Receipt:
    digest = hashlib.sha256(identity(workspace, answer).encode()).hexdigest()
    named = [address.email[:_LONGEST_NAMED] for address in answer.to[:_MOST_NAMED]]
    note: dict[str, Any] = {"workspace": workspace, "errand": answer.errand_id, "to": named}
    if len(answer.to) > len(named):
        note["and_more"] = len(answer.to) - len(named)
    receipt = await store.accept_callback(workspace, digest, answer.errand_id, stored, note, work=True)
    log.callback(receipt.id, workspace, answer.errand_id, repeat=receipt.repeat)
    return receipt


def _digest(kind: str, workspace: str, stored: bytes) -> str:
    return hashlib.sha256(f"{kind}\0{workspace}\0".encode() + stored).hexdigest()
