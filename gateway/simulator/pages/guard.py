"""What goes with every page: headers that let nothing foreign run, and a look at where a form was sent from."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_SENT = 64 * 1024 * 1024
PAGE = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# A customer's HTML: it may be shaped and show its pictures, in a place that is nobody's, and that is all.
FOREIGN = (
    "sandbox; default-src 'none'; img-src data: 'self'; style-src 'unsafe-inline'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'"
)
# With no-referrer a browser says "Origin: null" to our own forms; this one tells others nothing either.
REFERRER = "same-origin"
ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": REFERRER,
    "x-dns-prefetch-control": "off",
    "cross-origin-opener-policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class TooMuchSentError(Exception):
    """A form is larger than MOST_SENT bytes."""


class Guard:
    """ASGI middleware round one page: refuses what another site sends, bounds what is sent, sets the headers."""

    def __init__(self, app: ASGIApp, policy: str = PAGE, cache: str = "no-store") -> None:
        self._app = app
        self._headers = ALWAYS | {"content-security-policy": policy, "cache-control": cache}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or refuse it."""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        headers = Headers(scope=scope)
        if scope["method"] == "POST" and not same_origin(headers):
            await _refuse(403, "This form was not sent from a page of the simulator.", scope, receive, sent)
            return
        try:
            await self._app(scope, bounded(receive), sent)
        except TooMuchSentError:
            await _refuse(413, f"A form may be {MOST_SENT // 2**20} MiB at most.", scope, receive, sent)


def same_origin(headers: Headers) -> bool:
    """Whether a browser says that a page of ours sent this (Fetch Metadata; RFC 6454 where that is not sent)."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return bool(host := headers.get("host")) and urlsplit(headers.get("origin", "")).netloc == host


def bounded(receive: Receive) -> Receive:
    """The same, but TooMuchSentError after MOST_SENT bytes."""
    size = 0

    async def received() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MOST_SENT:
            raise TooMuchSentError
        return message

    return received


async def _refuse(status: int, sentence: str, scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(f"{sentence}\n", status)(scope, receive, send)
