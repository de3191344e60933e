"""The client of one workspace's API (contract.md, Transport): creates errands, fetches attachments.

Errands are posted by `exchange`, many at once from one thread. Attachments are fetched by requests' adapter, without
its Session: so no .netrc can replace the token, no proxy or certificate comes in from the environment, no cookie is
kept and no redirect is followed.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import closing
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import HTTPException
from types import MappingProxyType
from typing import IO, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import HTTPError

from gateway.cention.cache import ArchiveCache
from gateway.cention.deadline import PIECE, POOLS, deadline
from gateway.cention.document import created_id
from gateway.cention.exchange import Exchange
from gateway.cention.limits import Limits
from gateway.cention.loop import loop
from gateway.cention.network import trouble
from gateway.cention.reply import Reply
from gateway.cention.resource import ARCHIVE_TYPES, address, attachment
from gateway.cention.status import error_for
from gateway.cention.token import Token, bearer
from gateway.errors import Permanent, TooLarge
from gateway.model import Attachment, Resource

__all__ = ["Client", "Limits"]

_MEDIA_TYPE = "application/vnd.api+json"
_HEADERS = {
    "Content-Type": _MEDIA_TYPE,
    "Accept": _MEDIA_TYPE,
    # Compressed answers would have a size that is not known before they are read.
    "Accept-Encoding": "identity",
    "User-Agent": "cention-gateway",
}
_NONE: Mapping[str, str] = MappingProxyType({})
_CHUNK = 64 * 1024
_SHORT = 1024 * 1024


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


class Client:
    """Speaks to the workspace at `base`, `https://<api domain>/s/<workspace>`, from up to `threads` threads at once.

    Connections are kept and shared. A token is given with each call, so that a changed one is used at once, and goes to
    the base's host only; where a Secret is refused, the error names its source. `authority` is a PEM file of
    certificates to trust instead of the well-known ones. Archives are kept in `cache`, if there is one.
    """

    def __init__(
        self,
        base: str,
        limits: Limits | None = None,
        *,
        threads: int = 8,
        authority: str = "",
        cache: ArchiveCache | None = None,
    ) -> None:
        self._base = base.rstrip("/")
        self._limits = limits or Limits()
        self._verify = authority or True
        self._cache = cache
        self._adapter = _Adapter(pool_connections=1, pool_maxsize=threads)
        self._exchange = Exchange(_HEADERS, self._limits, authority)

    def create(self, document: bytes | IO[bytes], token: Token) -> str:
        """Send a c3_new_errands document, its bytes or the file that it fills; return the id of the errand.

        Errors: Permanent (TooLarge among them), Refused, Temporary, as `status.error_for` and `network.trouble` tell.
        """
        return self.begin(document, token).result()

    def begin(self, document: bytes | IO[bytes], token: Token) -> "Future[str]":
        """Begin what `create` does. It ends in the thread of all calls: what is called then must not wait."""
        return asyncio.run_coroutine_threadsafe(self._create(document, token), loop())

    def end_errand(self, document: bytes, token: Token) -> None:
        """Send a c3_end_errands document. Errors as for `create`; what Cention answers to it is not documented."""
        self.begin_end(document, token).result()

    def begin_end(self, document: bytes, token: Token) -> "Future[None]":
        """Begin what `end_errand` does. It ends as what `begin` begins does."""
        return asyncio.run_coroutine_threadsafe(self._end(document, token), loop())

    def fetch(self, resource: Resource, token: Token) -> Attachment:
        """Fetch an attachment or archive of an answer. Errors as for `create`; TooLarge where it is over the limit."""
        if self._cache is not None and resource.type in ARCHIVE_TYPES:
            return self._archive(resource, token, self._cache)
        return self._attachment(resource, self._get(resource, token))

    def close(self) -> None:
        """Close the connections that are kept."""
        self._adapter.close()
        loop().call_soon_threadsafe(self._exchange.close)

    async def _create(self, document: bytes | IO[bytes], token: Token) -> str:
        reply = await self._post("c3_new_errands", document, token)
        return created_id(reply.status, reply.body)

    async def _end(self, document: bytes, token: Token) -> None:
        await self._post("c3_end_errands", document, token)

    async def _post(self, what: str, document: bytes | IO[bytes], token: Token) -> Reply:
        """Return a 2xx reply; raise the error that anything else stands for."""
        text, source = bearer(token)
        url = f"{self._base}/capi/json/{what}"
        try:
            reply = await self._exchange.post(url, document, text, _SHORT)
        except (OSError, HTTPError, HTTPException) as error:
            raise trouble(error, url) from error
        _check(reply, text, source)
        return reply

    def _archive(self, resource: Resource, token: Token, cache: ArchiveCache) -> Attachment:
        """Return an archive as it is kept, unless it has changed or that is to be asked and not answered."""
        kept = cache.get(self._base, resource)
        if kept is not None and kept.fresh:
            return kept.attachment
        try:
            reply = self._get(resource, token, kept.validators if kept is not None else {})
        except Permanent:
            cache.drop(self._base, resource)
            raise
        if kept is not None and reply.status == HTTPStatus.NOT_MODIFIED:
            cache.confirm(self._base, resource)
            return kept.attachment
        found = self._attachment(resource, reply)
        cache.put(self._base, resource, found, reply.headers)
        return found

    def _get(self, resource: Resource, token: Token, conditions: Mapping[str, str] = _NONE) -> Reply:
        """Return a success, or that what the conditions name has not changed."""
        # Base64 makes 4 bytes of 3, and a server that escapes slashes makes up to 8.
        longest = self._limits.attachment * 8 // 3 + _SHORT
        text, source = bearer(token)
        url = address(self._base, resource)
        try:
            with deadline(self._limits.total, self._limits.silence):
                reply = self._fetched(url, text, longest, conditions)
        except (OSError, HTTPError) as error:
            raise trouble(error, url) from error
        if not (conditions and reply.status == HTTPStatus.NOT_MODIFIED):
            _check(reply, text, source)
        return reply

    def _attachment(self, resource: Resource, reply: Reply) -> Attachment:
        if not reply.whole:
            limit = self._limits.attachment
            raise TooLarge(f"{resource.type} {resource.id} is larger than the {limit} bytes that are fetched")
        return attachment(reply.body, self._limits.attachment)

    def _fetched(self, url: str, token: str, longest: int, conditions: Mapping[str, str]) -> Reply:
        timeout = (self._limits.connect, self._limits.silence)
        request = requests.Request("GET", url, {**_HEADERS, **conditions, "Authorization": f"Bearer {token}"}).prepare()
        response = self._adapter.send(request, stream=True, timeout=timeout, verify=self._verify)
        with closing(response):
            body = bytearray()
            for chunk in response.iter_content(_CHUNK):
                body += chunk
                if len(body) > (longest if response.ok else _SHORT):
                    return Reply(response.status_code, response.headers, bytes(body), whole=False)
            return Reply(response.status_code, response.headers, bytes(body))


def _check(reply: Reply, token: str, source: str) -> None:
    """Raise the error that a reply stands for, unless it is a success."""
    if not 200 <= reply.status < 300:  # noqa: PLR2004 - RFC 9110 15.3, success
        raise error_for(reply.status, reply.headers, reply.body, datetime.now(UTC), token, source)
