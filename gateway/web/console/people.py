"""Who somebody is before the console: a user with a password, somebody whom a proxy or an OpenID provider has named.

Who may do what is looked up at each request: a user who is removed, or whose password or role is another one, is so at
once.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from typing import Any

from starlette.requests import Request

from gateway.config.console import ConsoleSection
from gateway.config.role import Role
from gateway.errors import SettingsError
from gateway.log import log
from gateway.spool import audit
from gateway.spool.audit import Who
from gateway.spool.sessions import Session
from gateway.web.console import proxyuser, session, usersfile
from gateway.web.console.oidc import Provider
from gateway.web.console.session import Sessions, Store
from gateway.web.console.tries import Tries
from gateway.web.console.turns import Turns
from gateway.web.console.usersfile import Users

_SECONDS, _PROVIDER_SECONDS = 10.0, 180.0
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may see the console. `csrf` goes into each of their forms, as the field of that name.

    `how` is "password", "openid", "proxy" or "open"; `bodies` says whether they may read what mails say.
    """

    name: str
    role: Role
    how: str
    address: str
    csrf: str
    bodies: bool

    def may(self, needed: Role) -> bool:
        """Return whether they may do what needs this role."""
        return self.role.covers(needed)

    @property
    def who(self) -> Who:
        """Return who an act of theirs is of."""
        return Who(self.name, "console", self.address)

    @property
    def can_sign_out(self) -> bool:
        """Return whether they have a session here that can be ended."""
        return self.how in {"password", "openid"}


class People:
    """All who may be before the console; `settings` gives the settings in force, `store` is the spool."""

    def __init__(self, settings: Callable[[], ConsoleSection], store: Store) -> None:
        self._settings = settings
        self.sessions = Sessions(settings, store)
        self.tries = Tries()
        self.provider = Provider(settings)
        self.at_provider = Turns("openid", 4, 40, _PROVIDER_SECONDS)
        # One look at a password takes 64 MB and some 50 ms of a core.
        self.at_passwords = Turns("passwords", 1, 20, _SECONDS)
        self._at_files = Turns("users", 1, 1000, _SECONDS)
        self._said = ""

    @property
    def settings(self) -> ConsoleSection:
        """Return the settings in force."""
        return self._settings()

    async def person(self, request: Request, visitor: str) -> Person | None:
        """Return who asks, None for nobody that we know; `visitor` is the key of a browser without a session."""
        if self.settings.open:
            here = _is_here(request)
            return self._made(request, "this machine", Role.ADMINISTER, "open", visitor) if here else None
        if named := proxyuser.named(request, self.settings):
            return self._made(request, named.name, named.role, "proxy", visitor) if named.role else None
        key = session.session_key(request, self.settings)
        return await self._of_session(request, key) if key else None

    async def _of_session(self, request: Request, key: str) -> Person | None:
        found = await self.sessions.find(key)
        role = await self._role_now(found) if found is not None else None
        if found is None or role is None:
            return None
        # A page that keeps itself up to date is nobody's being there.
        if "text/event-stream" not in request.headers.get("accept", ""):
            await self.sessions.seen(found)
        return self._made(request, found.name, role, found.how, key)

    async def _role_now(self, found: Session) -> Role | None:
        if found.how == "openid":
            oidc = self.settings.oidc
            return Role(found.role) if oidc and found.mark == mark_of(oidc.issuer, oidc.client_id) else None
        user = (await self.users()).get(found.name)
        return user.role if user is not None and found.mark == mark_of(user.password) else None

    async def signed_in(self) -> list[tuple[Session, Role]]:
        """Return the sessions that last, those first that were seen last, with the role that each has now."""
        found = [(one, await self._role_now(one)) for one in await self.sessions.all()]
        return [(one, role) for one, role in found if role is not None]

    def _made(self, request: Request, name: str, role: Role, how: str, key: str) -> Person:
        bodies = role.covers(Role.ACT) or not self.settings.hide_bodies
        address = proxyuser.address(request, self.settings)
        return Person(name, role, how, address, session.derived(key, f"csrf {how} {name}"), bodies)

    async def users(self) -> Users:
        """Return all users with passwords; where their file is wrong, those of the settings alone."""
        try:
            found = await self._at_files.take(lambda: usersfile.users_of(self.settings))
        except SettingsError as error:
            if str(error) != self._said:
                log.trouble("users of the console", error)
            self._said = str(error)
            return usersfile.users_of(self.settings.model_copy(update={"users_file": ""}))
        self._said = ""
        return found

    async def tell(
        self, request: Request, name: str, word: str, reason: str = "", *, target: str = "", **more: Any
    ) -> None:
        """Keep that somebody came, went or was refused, and from which address; `name` is "" for a stranger.

        Temporary where the spool does not take it.
        """
        address = proxyuser.address(request, self.settings)
        log.person(name, word, address, reason=reason, target=target, **more)
        who = Who(name, "console", address)
        act = partial(audit.record, who=who, word=word, now=time.time(), target=target, reason=reason, detail=more)
        await self.sessions.changed(act)


def mark_of(*what: str) -> str:
    """Return by what it is seen later that somebody would sign in with the same."""
    return hashlib.sha256("\n".join(what).encode()).hexdigest()


def _is_here(request: Request) -> bool:
    """Return whether somebody on this machine asks, and not a proxy on it for somebody else."""
    if any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ip_address(proxyuser.peer(request)).is_loopback
    except ValueError:
        return False
