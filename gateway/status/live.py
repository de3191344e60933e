"""What the running gateway says of itself: the document of /readyz, asked for over HTTP or taken in the process."""

import http.client
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_address
from typing import Any

from gateway.config.units import Listen

_SECONDS = 15.0
_LARGEST = 10_000_000


@dataclass(frozen=True, slots=True)
class Live:
    """The document of /readyz. `trouble` says why there is none, "" where there is."""

    parts: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    tokens: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    mailboxes: tuple[Mapping[str, Any], ...] = ()
    arrivals: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    down: Mapping[str, str] = field(default_factory=dict)
    smarthosts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    trouble: str = ""


def live_of(document: Mapping[str, Any]) -> Live:
    """Read a document of /readyz; what an older gateway does not say is empty."""
    parts = {name: "" if said == "ok" else str(said) for name, said in document.get("parts", {}).items()}
    more = {name: document[name] for name in ("notes", "tokens", "arrivals", "down", "smarthosts") if name in document}
    return Live(parts=parts, mailboxes=tuple(document.get("mailboxes", ())), **more)


def _reached_at(host: str) -> str:
    """Return where something is asked that listens on all addresses."""
    with suppress(ValueError):  # a name
        address = ip_address(host)
        if address.is_unspecified:
            return "127.0.0.1" if isinstance(address, IPv4Address) else "::1"
    return host


def ask(listen: Listen) -> Live:
    """Ask the gateway that listens there, for at most some seconds; `trouble` is set where it does not answer."""
    connection = http.client.HTTPConnection(_reached_at(listen.host), listen.port, timeout=_SECONDS)
    try:
        connection.request("GET", "/readyz")
        said = json.loads(connection.getresponse().read(_LARGEST))
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Live(trouble=f"no answer from {listen}: {error}")
    finally:
        connection.close()
    return live_of(said) if isinstance(said, dict) else Live(trouble=f"{listen} is another program's")
