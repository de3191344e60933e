"""Bearer tokens and what each may do (contract, Transport): JSON Web Tokens, one right in each."""

import hashlib
import hmac
import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

VALID_SECONDS = 365 * 24 * 3600
AREA = {"id": 7, "name": "support", "channel": "Email"}


class Right(StrEnum):
    """The claims that Cention's administration page offers."""

    CREATE = "create_errand"
    FETCH = "get_attachment"


@dataclass(frozen=True, slots=True)
class Token:
    """A token that is known here. `expires` is Unix time, None for a token from outside, which is never looked into."""

    text: str = field(repr=False)
    right: Right
    expires: float | None = None


def issue(right: Right, workspace: str, now: float) -> Token:
    """A new token, as Cention would make it: a JWT signed with HS256 (RFC 7519) by a key that nobody else has."""
    expires = int(now) + VALID_SECONDS
    claims: dict[str, Any] = {"iss": "cention-simulator", "iat": int(now), "exp": expires, "jti": secrets.token_hex(8)}
    claims |= {"workspace": workspace, right.value: True}
    if right is Right.CREATE:
        claims["area"] = AREA
    return Token(_signed(claims, secrets.token_bytes(32)), right, expires)


def rights(bearer: str, known: Iterable[Token], now: float) -> frozenset[Right]:
    """What the bearer may do: nothing when the token is unknown or expired; both when one string serves for both."""
    given = bearer.encode()
    return frozenset(
        token.right
        for token in known
        if hmac.compare_digest(token.text.encode(), given) and (token.expires is None or now < token.expires)
    )


def _signed(claims: Mapping[str, Any], key: bytes) -> str:
    signed = f"{_encoded(_json({'alg': 'HS256', 'typ': 'JWT'}))}.{_encoded(_json(claims))}"
    return f"{signed}.{_encoded(hmac.digest(key, signed.encode(), hashlib.sha256))}"


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _encoded(part: bytes) -> str:
    return urlsafe_b64encode(part).rstrip(b"=").decode()
