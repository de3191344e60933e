"""The client of one workspace's API (contract.md, Transport): creates errands, fetches attachments.

Requests are sent by requests' adapter, without its Session: so no .netrc can replace the token, no proxy or certificate
comes in from the environment, no cookie is kept and no redirect is followed.
"""

import os
import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import IO, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import HTTPError

from gateway.cention.deadline import PIECE, POOLS, deadline
from gateway.cention.document import created_id
from gateway.cention.network import trouble
from gateway.cention.resource import address, attachment
from gateway.cention.status import error_for
from gateway.errors import Refused, TooLarge
from gateway.model import Attachment, Resource

_MEDIA_TYPE = "application/vnd.api+json"
_HEADERS = {
    "Content-Type": _MEDIA_TYPE,
    "Accept": _MEDIA_TYPE,
    # Compressed answers would have a size that is not known before they are read.
    "Accept-Encoding": "identity",
    "User-Agent": "cention-gateway",
}
_CHUNK = 64 * 1024
_SHORT = 1024 * 1024
_VISIBLE = re.compile(r"[!-~]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on a call: seconds to connect, of silence, and in all; bytes of an attachment's content."""

    connect: float = 10.0
    silence: float = 60.0
    total: float = 300.0
    attachment: int = 50_000_000


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, blocksize=PIECE, **options)
        self.poolmanager.pool_classes_by_scheme = POOLS
        self._pool: ConnectionPool | None = None

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> ConnectionPool:
        """Return the connections to the one host: to look them up anew for each call costs more than to keep them."""
        if self._pool is None:
            self._pool = super().get_connection_with_tls_context(*args, **options)
        return self._pool


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool


class Client:
    """Speaks to the workspace at `base`, `https://<api domain>/s/<workspace>`, from up to `threads` threads at once.

    Connections are kept and shared. A token is given with each call, so that a changed one is used at once, and goes to
    the base's host only. `authority` is a PEM file of certificates to trust instead of the well-known ones.
    """

    def __init__(self, base: str, limits: Limits | None = None, *, threads: int = 8, authority: str = "") -> None:
        self._base = base.rstrip("/")
        self._limits = limits or Limits()
        self._verify = authority or True
        self._adapter = _Adapter(pool_connections=1, pool_maxsize=threads)

    def create(self, document: bytes | IO[bytes], token: str) -> str:
        """Send a c3_new_errands document, its bytes or the file that it fills; return the id of the errand.

        Errors: Permanent (TooLarge among them), Refused, Temporary, as `status.error_for` and `network.trouble` tell.
        """
        reply = self._call("POST", f"{self._base}/capi/json/c3_new_errands", token, _SHORT, document)
        return created_id(reply.status, reply.body)

    def fetch(self, resource: Resource, token: str) -> Attachment:
        """Fetch an attachment or archive of an answer. Errors as for `create`; TooLarge where it is over the limit."""
        # Base64 makes 4 bytes of 3, and a server that escapes slashes makes up to 8.
        longest = self._limits.attachment * 8 // 3 + _SHORT
        reply = self._call("GET", address(self._base, resource), token, longest)
        if not reply.whole:
            limit = self._limits.attachment
            raise TooLarge(f"{resource.type} {resource.id} is larger than the {limit} bytes that are fetched")
        return attachment(reply.body, self._limits.attachment)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._adapter.close()

    def _call(
        self, method: str, url: str, token: str, longest: int, document: bytes | IO[bytes] | None = None
    ) -> _Reply:
        """Return a 2xx reply; raise the error that anything else stands for."""
        if not _VISIBLE.fullmatch(token):
            raise Refused("the token is empty, or has white space or letters in it that no HTTP header can carry")
        try:
            with deadline(self._limits.total, self._limits.silence):
                reply = self._exchange(_request(method, url, token, document), longest)
        except (OSError, HTTPError) as error:
            raise trouble(error, url) from error
        if not 200 <= reply.status < 300:  # noqa: PLR2004 - RFC 9110 15.3, success
            raise error_for(reply.status, reply.headers, reply.body, datetime.now(UTC), token)
        return reply

    def _exchange(self, request: requests.PreparedRequest, longest: int) -> _Reply:
        timeout = (self._limits.connect, self._limits.silence)
        response = self._adapter.send(request, stream=True, timeout=timeout, verify=self._verify)
        with closing(response):
            body = bytearray()
            for chunk in response.iter_content(_CHUNK):
                body += chunk
                if len(body) > (longest if response.ok else _SHORT):
                    return _Reply(response.status_code, response.headers, bytes(body), whole=False)
            return _Reply(response.status_code, response.headers, bytes(body), whole=True)


def _request(method: str, url: str, token: str, document: bytes | IO[bytes] | None) -> requests.PreparedRequest:
    request: Any = _blank(method, url).copy()  # the body may be a file, which its type does not say
    request.headers["Authorization"] = f"Bearer {token}"
    if document is not None:
        request.body = document
        request.headers["Content-Length"] = str(_size(document))
    prepared: requests.PreparedRequest = request
    return prepared


@lru_cache(maxsize=64)
def _blank(method: str, url: str) -> requests.PreparedRequest:
    """Return a request without token and document: making one is a third of a call's work, and copying it is little."""
    return requests.Request(method, url, _HEADERS).prepare()


def _size(document: bytes | IO[bytes]) -> int:
    """Return the length of a document in bytes; a file is put to its beginning."""
    if isinstance(document, bytes):
        return len(document)
    size = document.seek(0, os.SEEK_END)
    document.seek(0)
    return size
