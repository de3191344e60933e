"""Sign-in by an OpenID provider (OpenID Connect Core 1.0 3.1, with PKCE, RFC 7636): the way there, and who came back.

Nothing is kept between the two: state, nonce and verifier all follow from the key that the browser has in a cookie.
"""

import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from gateway.config.console import ConsoleOidc, ConsoleSection, is_private
from gateway.errors import Refused, SettingsError, Temporary
from gateway.oauth.endpoint import Endpoint, Reply, ask
from gateway.web.console.proxyuser import Named, highest
from gateway.web.console.session import derived

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
_ADDRESSES = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_KEPT_FOR, _AGAIN_AFTER = 3600.0, 60.0
_CLOCKS_APART = 60
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class _Known:
    """What a provider says of itself, its keys, and when it was asked (`time.monotonic`)."""

    issuer: str
    said: Mapping[str, str]
    keys: KeySet
    at: float


class Provider:
    """The provider of the settings in force. Its calls wait for it: they are for a thread.

    SettingsError where the settings do not fit it, Temporary where it cannot be asked, Refused where somebody may not
    enter.
    """

    def __init__(self, settings: Callable[[], ConsoleSection], clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._clock = settings, clock
        self._known: _Known | None = None

    def way(self, key: str, then: str) -> str:
        """Return where a browser with this key signs in, to come back and see `then`, a path of ours."""
        oidc = self._oidc()
        challenge = create_s256_code_challenge(derived(key, "verifier"))
        address: str = prepare_grant_uri(
            self._provider(oidc).said["authorization_endpoint"],
            oidc.client_id,
            "code",
            self._back(),
            oidc.scope,
            _state(key, then),
            nonce=derived(key, "nonce"),
            code_challenge=challenge,
            code_challenge_method="S256",
        )
        return address

    def who(self, key: str, query: Mapping[str, str]) -> tuple[Named, str]:
        """Return who came back to a browser with this key, and what they wanted to see."""
        oidc = self._oidc()
        given = query.get("state", "")
        then = given.partition("~")[2]
        if not (key and hmac.compare_digest(given.encode(), _state(key, then).encode())):
            raise Refused("this sign-in was not begun in this browser, or long ago; begin again")
        if query.get("iss", oidc.issuer) != oidc.issuer:
            raise Refused("another provider than ours answered (RFC 9207)")
        if "code" not in query:
            raise Refused(f"{oidc.label} did not sign you in: {_clean(query.get('error', 'no code came'))}")
        return _named(self._claims(oidc, key, self._granted(oidc, key, query["code"])), oidc), then

    def _oidc(self) -> ConsoleOidc:
        oidc = self._settings().oidc
        if oidc is None:
            raise Refused("there is no OpenID provider in the settings")
        return oidc

    def _back(self) -> str:
        return f"{self._settings().address.rstrip('/')}/sign-in/back"

    def _provider(self, oidc: ConsoleOidc, older_than: float = _KEPT_FOR) -> _Known:
        """Return what is known of the provider, asked anew where that is older than some seconds."""
        known = self._known
        if known is None or known.issuer != oidc.issuer or self._clock() - known.at >= older_than:
            said = _discovered(oidc)
            known = self._known = _Known(oidc.issuer, said, _keys(oidc, said["jwks_uri"]), self._clock())
        return known

    def _granted(self, oidc: ConsoleOidc, key: str, code: str) -> Reply:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._back(),
            "client_id": oidc.client_id,
            "code_verifier": derived(key, "verifier"),
        }
        if oidc.client_secret is not None:
            fields["client_secret"] = oidc.client_secret.value()
        url = self._provider(oidc).said["token_endpoint"]
        reply = ask(Endpoint(url, oidc.timeout, oidc.ca), fields)
        if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Temporary(f"{oidc.issuer} answered {reply.status} when the code was shown")
        if reply.status != HTTPStatus.OK:
            why = _clean(reply.text("error")) or str(reply.status)
            raise Refused(f"{oidc.issuer} did not take the code: {why}")
        return reply

    def _claims(self, oidc: ConsoleOidc, key: str, reply: Reply) -> Mapping[str, Any]:
        """Return what the ID token says, once all is right with it (OpenID Connect Core 3.1.3.7)."""
        token = reply.text("id_token")
        try:
            decoded = self._decoded(oidc, token)
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                {"iss": {"essential": True, "value": oidc.issuer}, "aud": {"essential": True, "value": oidc.client_id}},
                {
                    "nonce": derived(key, "nonce"),
                    "client_id": oidc.client_id,
                    "access_token": reply.text("access_token"),
                },
            )
            claims.validate(leeway=_CLOCKS_APART)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise Refused(f"the ID token of {oidc.issuer} is not right: {_clean(str(error))}") from error
        return dict(claims)

    def _decoded(self, oidc: ConsoleOidc, token: str) -> jwt.Token:
        """Read a token; where no key fits it, the provider may have a new one since."""
        try:
            return jwt.decode(token, self._provider(oidc).keys, algorithms=_ALGORITHMS)
        except (JoseError, ValueError):
            return jwt.decode(token, self._provider(oidc, _AGAIN_AFTER).keys, algorithms=_ALGORITHMS)


def _state(key: str, then: str) -> str:
    return f"{derived(key, f'state {then}')}~{then}"


def _discovered(oidc: ConsoleOidc) -> dict[str, str]:
    """Return the provider's addresses (OpenID Connect Discovery 1.0 4)."""
    url = f"{oidc.issuer.rstrip('/')}/.well-known/openid-configuration"
    reply = ask(Endpoint(url, oidc.timeout, oidc.ca), None)
    if reply.status != HTTPStatus.OK:
        raise Temporary(f"{url} answered {reply.status}")
    if (said := reply.text("issuer")) != oidc.issuer:
        raise SettingsError([f"console.oidc.issuer: the provider calls itself {_clean(said)!r}; write it as it does"])
    found = {name: reply.text(name) for name in _ADDRESSES}
    if unsafe := [name for name, address in found.items() if not is_private(address)]:
        raise Temporary(f"{url}: expected https addresses; {', '.join(unsafe)} is none")
    return found


def _keys(oidc: ConsoleOidc, url: str) -> KeySet:
    reply = ask(Endpoint(url, oidc.timeout, oidc.ca), None)
    if reply.status != HTTPStatus.OK:
        raise Temporary(f"{url} answered {reply.status}")
    try:
        # It raises for a kind of key that it does not know; others of the set are good all the same.
        return KeySet.import_key_set({"keys": [one for one in reply.said["keys"] if one.get("kty") in {"RSA", "EC"}]})
    except (JoseError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise Temporary(f"{url}: expected a set of keys (RFC 7517)") from error


def _named(claims: Mapping[str, Any], oidc: ConsoleOidc) -> Named:
    said = (claims.get(name) for name in (oidc.name_claim, "email", "sub"))
    name = next((one for one in said if isinstance(one, str) and one.strip()), "")
    groups = claims.get(oidc.roles_claim, [])
    listed = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
    texts = [one for one in listed if isinstance(one, str)]
    return Named(_clean(name), highest(texts, oidc.roles, oidc.role))


def _clean(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:_LONGEST]
