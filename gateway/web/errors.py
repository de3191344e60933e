"""Errors as JSON:API documents (jsonapi.org, Errors): whoever calls us reads what is wrong, and where."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response


class Refusal(Exception):
    """A request that is answered with an error: its status, a sentence, and the place in the document (RFC 6901)."""

    def __init__(self, status: int, detail: str, pointer: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.pointer, self.headers = status, detail, pointer, dict(headers or {})


def error(
    status: int, title: str, detail: str, pointer: str = "", headers: Mapping[str, str] | None = None
) -> Response:
    """Return the answer that says an error; `title` is the same for all of its kind."""
    said: dict[str, Any] = {"status": str(status), "title": title, "detail": detail}
    if pointer:
        said["source"] = {"pointer": pointer}
    content = orjson.dumps({"errors": [said]})
    return Response(content, status, headers=dict(headers or {}), media_type="application/vnd.api+json")
