"""What strangers wrote, on its way to a browser: as a page on which nothing runs, or as a file that is not opened."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from gateway.web.console.sight import File

# It may be shaped and show its own pictures, in a place that is nobody's, and that is all. (CSP Level 3)
_FOREIGN = (
    "sandbox; default-src 'none'; img-src {}; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'"
)
_OWN, _REMOTE = "data:", "data: https: http:"
_ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-dns-prefetch-control": "off",
    "cache-control": "no-store",
}
# A link would open a window, which a sandbox does not.
_HEAD = (
    '<!doctype html><meta charset="utf-8"><base target="_blank">'
    "<style>body{margin:12px;font:14px/1.5 system-ui,sans-serif;overflow-wrap:anywhere;color:#111;background:#fff}"
    "img{max-width:100%}</style>"
)


def page(one: File, request: Request) -> Response:
    """Return a mail's HTML; pictures from elsewhere only where `remote` is asked for."""
    policy = _FOREIGN.format(_REMOTE if "remote" in request.query_params else _OWN)
    headers = _ALWAYS | {"content-security-policy": policy}
    return Response(_HEAD.encode() + one.content, media_type="text/html; charset=utf-8", headers=headers)


def download(one: File) -> Response:
    """Return a file to be kept, never to be opened here, whatever it says that it is."""
    return _kept(one.content, one.name or "file", "application/octet-stream")


def raw(name: str, content: bytes, *, answer: bool) -> Response:
    """Return a mail as it came, or an answer's document."""
    return _kept(content, f"{name}.json" if answer else f"{name}.eml", "application/octet-stream")


def _kept(content: bytes, name: str, media_type: str) -> Response:
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"  # RFC 6266, RFC 8187
    policy = "sandbox; default-src 'none'"
    headers = _ALWAYS | {"content-disposition": disposition, "content-security-policy": policy}
    return Response(content, media_type=media_type, headers=headers)
