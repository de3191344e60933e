"""The ways that an alert goes: a mail by the smarthosts, a POST to a webhook. Each bounded in time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
import requests
from requests.adapters import HTTPAdapter

from gateway.alerting.matter import Notice
from gateway.alerting.words import document, mail
from gateway.cention.deadline import POOLS, deadline
from gateway.config.alerts import AlertsSection
from gateway.config.settings import Settings
from gateway.errors import GatewayError, Temporary
from gateway.outgoing.smarthost import Transport

_HEADERS = {"Content-Type": "application/json", "User-Agent": "cention-gateway", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to somebody. `send` returns when it has the notices; GatewayError says why not."""

    name: str
    send: Callable[[Sequence[Notice]], None]


def channels_of(settings: Settings, transport: Transport) -> list[Channel]:
    """Return the ways that the settings name."""
    alerts, hostname = settings.alerts, settings.gateway.hostname
    found = []
    if alerts.mail:
        to = alerts.mail
        found.append(Channel("mail", lambda told: _mailed(mail(told, to, hostname), to, transport)))
    if alerts.webhook:
        found.append(Channel("webhook", lambda told: _posted(document(told, hostname), alerts)))
    return found


def _mailed(message: bytes, to: str, transport: Transport) -> None:
    transport.deliver("", [to], message)


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = POOLS


def _posted(content: Mapping[str, Any], alerts: AlertsSection) -> None:
    """Post a document. No proxy, cookie or .netrc of the environment comes in, and no redirect is followed."""
    adapter = _Adapter()
    try:
        request = requests.Request("POST", alerts.webhook_url, _HEADERS, data=orjson.dumps(content)).prepare()
        with deadline(alerts.timeout, alerts.timeout):
            # What is answered beside the status is not read.
            status = adapter.send(request, stream=True, timeout=alerts.timeout).status_code
    except (requests.RequestException, OSError) as error:
        # The URL may be a secret, and errors of the libraries have it in them.
        raise Temporary(f"the webhook cannot be posted to: {type(error).__name__}") from None
    finally:
        adapter.close()
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise Temporary(f"the webhook answered {status}")


def try_all(channels: Sequence[Channel], notices: Sequence[Notice]) -> list[tuple[str, str]]:
    """Send notices by every way; return each one's name, and what went wrong, "" for nothing."""
    return [(channel.name, _tried(channel, notices)) for channel in channels]


def _tried(channel: Channel, notices: Sequence[Notice]) -> str:
    try:
        channel.send(notices)
    except GatewayError as error:
        return str(error) or type(error).__name__
    return ""
