"""What a reverse proxy says of who asks: from where, and who it has signed in. Nobody else is believed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from starlette.requests import Request

from gateway.config.console import ConsoleHeader, ConsoleSection
from gateway.config.role import Role

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody whom others have signed in; `role` is None for somebody who may not enter."""

    name: str
    role: Role | None


def peer(request: Request) -> str:
    """Return the address of whoever is connected to us, "" where it has none."""
    return request.client.host if request.client else ""


def by_proxy(request: Request, settings: ConsoleSection) -> bool:
    """Return whether a proxy of the settings is connected to us."""
    return _is_proxy(peer(request), settings)


def address(request: Request, settings: ConsoleSection) -> str:
    """Return the address that a request came from: the last that X-Forwarded-For names and that is no proxy of ours."""
    nearest = peer(request)
    if not _is_proxy(nearest, settings):
        return nearest
    said = [one.strip() for line in request.headers.getlist("x-forwarded-for") for one in line.split(",")]
    return next((one for one in reversed(said) if one and not _is_proxy(one, settings)), nearest)[:100]


def named(request: Request, settings: ConsoleSection) -> Named | None:
    """Return whom a proxy has signed in; None where none did, or where what says so is no proxy of ours."""
    header = settings.header
    if header is None or not by_proxy(request, settings):
        return None
    said = request.headers.getlist(header.user)
    name = said[0].strip() if len(said) == 1 else ""
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        return None
    return Named(name, highest(_groups(request, header), header.roles, header.role))


def highest(groups: Iterable[str], roles: Mapping[str, Role], other: Role | None) -> Role | None:
    """Return the highest role that any of the groups gives, `other` where none gives one."""
    found = [roles[group] for group in groups if group in roles]
    return max(found, key=list(Role).index) if found else other


def _groups(request: Request, header: ConsoleHeader) -> list[str]:
    if not header.groups:
        return []
    return [one.strip() for line in request.headers.getlist(header.groups) for one in line.split(",")]


def _is_proxy(text: str, settings: ConsoleSection) -> bool:
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return any((mapped or found) in network for network in settings.proxies)
