"""Signing in at a terminal: the device authorization grant (RFC 8628)."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from gateway.errors import Refused, SettingsError, Temporary
from gateway.oauth.endpoint import Reply
from gateway.oauth.grant import Application, Grant, clean

_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_USUAL_INTERVAL, _SLOWER = 5.0, 5.0
_LONGEST_INTERVAL = 60.0
_USUAL_LIFE, _LONGEST_LIFE = 900.0, 3600.0


@dataclass(frozen=True, slots=True)
class SignIn:
    """What somebody has to do: open `address`, type `code`; within `lifetime` seconds, asked after each `interval`."""

    address: str
    code: str
    lifetime: float
    interval: float
    device_code: str = field(repr=False)


def begin(application: Application) -> SignIn:
    """Begin a sign-in; SettingsError where the settings know no address for it, Refused and Temporary as `granted`."""
    url = application.settings.device_address
    if not url:
        raise SettingsError(
            [f"oauth.{application.name}: there is no device_url to sign in at; {application.advice('invalid_grant')}"]
        )
    reply, sent = application.asked(url, application.scope())
    if reply.status != HTTPStatus.OK:
        raise application.error_for(reply, sent)
    return _sign_in(reply, application.name)


def _sign_in(reply: Reply, name: str) -> SignIn:
    # Google's name for the address is older than the RFC's.
    address = clean(reply.text("verification_uri") or reply.text("verification_url"))
    code, device_code = clean(reply.text("user_code")), reply.text("device_code")
    if not (address and code and device_code):
        raise Temporary(f"oauth.{name}: the token server answered 200, but with no code to sign in by")
    lifetime = min(reply.number("expires_in") or _USUAL_LIFE, _LONGEST_LIFE)
    interval = reply.number("interval")
    interval = _USUAL_INTERVAL if interval is None else min(max(0.0, interval), _LONGEST_INTERVAL)
    return SignIn(address, code, lifetime, interval, device_code)


def wait(
    application: Application,
    sign_in: SignIn,
    sleep: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Grant:
    """Wait until somebody has signed in; Refused when that was denied, or did not happen in time."""
    end, interval = clock() + sign_in.lifetime, sign_in.interval
    fields = {"grant_type": _GRANT, "device_code": sign_in.device_code}
    while clock() < end:
        sleep(min(interval, max(0.0, end - clock())))
        try:
            grant, slower = _asked(application, fields)
        except Temporary as error:
            asked = error.delay.total_seconds() if error.delay is not None else 0.0
            interval = min(_LONGEST_INTERVAL, max(2 * interval, asked, 1.0))
            continue
        if grant is not None:
            return grant
        interval += slower
    raise Refused(_too_late(application))


def _asked(application: Application, fields: dict[str, str]) -> tuple[Grant | None, float]:
    """Ask once; return what was granted, or None and by how many seconds to ask more slowly (RFC 8628 3.5)."""
    reply, sent = application.asked(application.settings.token_address, fields)
    if reply.status == HTTPStatus.OK:
        return application.grant_of(reply), 0.0
    match reply.text("error"):
        case "authorization_pending":
            return None, 0.0
        case "slow_down":
            return None, _SLOWER
        case "expired_token":
            raise Refused(_too_late(application))
        case "access_denied" | "authorization_declined":
            raise Refused(f"oauth.{application.name}: the sign-in was denied by whoever was asked")
        case _:
            raise application.error_for(reply, sent)


def _too_late(application: Application) -> str:
    name = application.name
    return f"oauth.{name}: nobody signed in before the code's time was over; again: cention-gateway oauth login {name}"
