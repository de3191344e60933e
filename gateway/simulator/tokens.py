"""Bearer tokens and what each may do (contract, Transport): JSON Web Tokens (RFC 7519), or strings that were given."""

import binascii
import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson

from gateway.simulator.areas import Area

DAY = 24 * 3600


class Right(StrEnum):
    """The claims that Cention's administration page offers."""

    CREATE = "create_errand"
    FETCH = "get_attachment"


class Denied(Exception):
    """A token that is not good here; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Given:
    """A string that is a token because somebody said so. `area` is where its errands land, for the claim to create."""

    text: str = field(repr=False)
    right: Right
    workspace: str
    area: Area | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """What a bearer may do, and in which area the errands land that it creates."""

    rights: frozenset[Right]
    area: Area | None = None


class Tokens:
    """Tokens as one Cention makes and reads them: signed by HS256 with its key, or given as strings."""

    def __init__(self, key: bytes, areas: Sequence[Area], given: Sequence[Given] = ()) -> None:
        self._key = key
        self._areas = {(area.workspace, area.name): area for area in areas}
        self._given = tuple(given)

    def issue(self, right: Right, workspace: str, area: Area | None, now: float, seconds: float) -> str:
        """Return a new JWT that is good for so many seconds (less than none: expired from the start)."""
        claims: dict[str, Any] = {"iss": "cention-simulator", "iat": int(now), "exp": int(now + seconds)}
        claims |= {"jti": secrets.token_hex(8), "workspace": workspace, right.value: True}
        if area is not None:
            named = {"id": area.id, "name": area.name, "channel": area.channel}
            claims["account" if area.account else "area"] = named
        return _signed(claims, self._key)

    def grant(self, bearer: str, workspace: str, now: float) -> Grant:
        """Return what the bearer may do in the workspace; Denied when it is nothing."""
        given = [token for token in self._given if _same(token.text, bearer)]
        if given:
            return _granted(token for token in given if token.workspace == workspace)
        claims = self._read(bearer)
        if claims.get("workspace") != workspace:
            raise Denied("The token is for another workspace.")
        expires = claims.get("exp")
        if not isinstance(expires, int) or expires <= now:
            raise Denied(f"The token expired at {expires} (exp, Unix time).")
        place = claims.get("area") or claims.get("account") or {}
        area = self._areas.get((workspace, str(place.get("name"))))
        rights = frozenset(right for right in Right if claims.get(right.value) is True)
        if Right.CREATE in rights and area is None:
            raise Denied("The token names no area or account of this workspace.")
        return Grant(rights, area)

    def _read(self, bearer: str) -> dict[str, Any]:
        """The claims of a JWT that this Cention signed."""
        signed, _, signature = bearer.rpartition(".")
        try:
            header, claims = (orjson.loads(_decoded(part)) for part in signed.split("."))
            right = header["alg"] == "HS256" and isinstance(claims, dict)
            if right and hmac.compare_digest(_decoded(signature), _digest(signed, self._key)):
                return dict(claims)
        except (ValueError, TypeError, KeyError, binascii.Error) as wrong:
            raise Denied("The token is neither known here nor a JWT.") from wrong
        raise Denied("The token is a JWT, and was not signed here.")


def _granted(given: Iterable[Given]) -> Grant:
    tokens = tuple(given)
    if not tokens:
        raise Denied("The token is for another workspace.")
    area = next((token.area for token in tokens if token.area), None)
    return Grant(frozenset(token.right for token in tokens), area)


def _same(known: str, bearer: str) -> bool:
    return hmac.compare_digest(known.encode(), bearer.encode("utf-8", "surrogatepass"))


def _signed(claims: dict[str, Any], key: bytes) -> str:
    signed = f"{_encoded(orjson.dumps({'alg': 'HS256', 'typ': 'JWT'}))}.{_encoded(orjson.dumps(claims))}"
    return f"{signed}.{_encoded(_digest(signed, key))}"


def _digest(signed: str, key: bytes) -> bytes:
    return hmac.digest(key, signed.encode(), hashlib.sha256)


def _encoded(part: bytes) -> str:
    return urlsafe_b64encode(part).rstrip(b"=").decode()


def _decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))
