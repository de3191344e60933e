"""Access tokens for mail servers from one `[oauth.NAME]`: had when they are wanted, renewed before they end."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.errors import GatewayError, Refused, Temporary
from gateway.log import log
from gateway.oauth.grant import Application, Grant
from gateway.oauth.store import NOTHING, Kept, locked, read, write

_EARLY = 300.0
_EARLY_PART = 0.1
_YOUNG = 60.0
_REST = 10.0
_REFUSED_REST = 60.0
_SLACK = 5.0


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why there is no token, since when, and until when the server is not asked again (Unix seconds)."""

    error: GatewayError
    since: float
    until: float

    def holds(self, now: float) -> bool:
        """Return whether asking again now would be too early; a clock that was set back holds nobody up."""
        return self.since <= now < self.until

    def again(self, now: float) -> GatewayError:
        """Return the error for one who asks too early."""
        if isinstance(self.error, Temporary):
            return Temporary(str(self.error), timedelta(seconds=self.until - now))
        return type(self.error)(str(self.error))


class TokenSource:
    """Gives access tokens to any number of threads; one of them at a time asks the server, and one process.

    `cache` is the file that keeps them. `now` is the time in Unix seconds.
    """

    def __init__(self, application: Application, cache: Path, now: Callable[[], float] = time.time) -> None:
        self.application = application
        self.cache = cache
        self._now = now
        self._turn = threading.Lock()
        self._kept = NOTHING
        self._refused = ""
        self._unsaved = False
        self._failure: _Failure | None = None

    def token(self) -> str:
        """Return a token that is good for now.

        Refused where a person has to do something, and what; Temporary where the server may give one later. A renewal
        that fails while the old token is still good costs nothing.
        """
        with self._turn:
            if not self._good(self._kept, early=True):
                self._try_to_renew()
            return self._kept.access_token

    def __call__(self) -> str:
        """As `token`."""
        return self.token()

    def invalidate(self, token: str = "") -> None:
        """Have the next `token` be another one, since a mail server refused this one, or whichever is the last.

        A token that was made within the last minute stays: another one would be refused as well.
        """
        with self._turn:
            young = 0 <= self._now() - self._kept.issued < _YOUNG
            if token in {"", self._kept.access_token} and not young:
                self._refused = self._kept.access_token

    def adopt(self, grant: Grant) -> None:
        """Keep what somebody's sign-in gave; Temporary where it cannot be kept."""
        with self._turn, locked(self.cache, self._patience):
            self._kept = self._kept_of(grant, NOTHING, self.application.seed())
            self._failure, self._unsaved = None, True
            self._save()

    def kept(self) -> Kept:
        """Return what there is, from memory or the file, without asking anyone; Temporary, Refused as `token`."""
        with self._turn:
            return self._kept if self._kept.access_token else read(self.cache, self.application.seed())

    def describe(self) -> str:
        """Say how long the token is good, and what for. Errors as of `kept`."""
        kept = self.kept()
        if not kept.access_token:
            return "there is no token yet"
        end = datetime.fromtimestamp(kept.expires, UTC).strftime("%Y-%m-%d %H:%M UTC")
        minutes = int((kept.expires - self._now()) // 60)
        told = f"token good until {end}, {minutes} minutes" if minutes >= 0 else f"token expired on {end}"
        renewal = "; it is renewed by itself" if self._renewable(kept) else ""
        return told + renewal + (f"; scope {kept.scope}" if kept.scope else "")

    # -- all from here with the turn taken

    @property
    def _patience(self) -> float:
        return self.application.settings.timeout + _SLACK

    def _renewable(self, kept: Kept) -> bool:
        settings = self.application.settings
        return bool(settings.grant == "client_credentials" or kept.refresh_token or settings.refresh_token)

    def _good(self, kept: Kept, *, early: bool) -> bool:
        """Return whether a token can be used; `early` is whether it must not be about to end either."""
        margin = min(_EARLY, _EARLY_PART * (kept.expires - kept.issued)) if early else 0.0
        return kept.access_token not in {"", self._refused} and self._now() < kept.expires - margin

    def _try_to_renew(self) -> None:
        try:
            self._renew()
        except GatewayError as error:
            if not self._good(self._kept, early=False):
                raise
            if self._failure is None or self._failure.error is error:
                log.trouble(f"renewal of the token of oauth.{self.application.name}, which is still good", error)

    def _renew(self) -> None:
        """Take what another process has got, or ask the server, unless it was asked a moment ago in vain."""
        seed, now = self.application.seed(), self._now()
        if self._take(seed):
            return
        if self._failure is not None and self._failure.holds(now):
            raise self._failure.again(now)
        with locked(self.cache, self._patience):
            self._save()
            if not self._take(seed):
                self._ask(seed)

    def _take(self, seed: str) -> bool:
        """Take what the file has, if that is newer; return whether it is good."""
        if not self._unsaved:
            self._kept = read(self.cache, seed)
        return self._good(self._kept, early=True)

    def _ask(self, seed: str) -> None:
        before = self._kept
        try:
            grant = self._granted(before)
        except GatewayError as error:
            self._failure = self._failed(error)
            raise
        self._kept, self._failure, self._refused = self._kept_of(grant, before, seed), None, ""
        self._unsaved = True
        try:
            self._save()
        except Temporary as error:
            # The token is good all the same; the next renewal waits until what came with it is kept.
            log.trouble(f"oauth.{self.application.name}", error)

    def _granted(self, kept: Kept) -> Grant:
        application, settings = self.application, self.application.settings
        if settings.grant == "client_credentials":
            return application.by_itself()
        token = kept.refresh_token
        if not token and settings.refresh_token is not None:
            token = application.value_of(settings.refresh_token)
        if not token:
            name = application.name
            raise Refused(f"oauth.{name}: nobody has signed in yet: cention-gateway oauth login {name}")
        return application.by_refresh_token(token)

    def _failed(self, error: GatewayError) -> _Failure:
        rest = _REFUSED_REST if isinstance(error, Refused) else _REST
        if isinstance(error, Temporary) and error.delay is not None:
            rest = max(rest, error.delay.total_seconds())
        now = self._now()
        return _Failure(error, now, now + rest)

    def _kept_of(self, grant: Grant, before: Kept, seed: str) -> Kept:
        now = self._now()
        refresh_token = grant.refresh_token or before.refresh_token
        scope = grant.scope or before.scope or self.application.settings.scopes
        return Kept(grant.access_token, now, now + grant.lifetime, refresh_token, scope, seed)

    def _save(self) -> None:
        """Write what is not written yet; Temporary where that fails."""
        if not self._unsaved:
            return
        try:
            write(self.cache, self._kept)
        except OSError as error:
            raise Temporary(f"{self.cache}: a token cannot be kept there: {error.strerror}") from error
        self._unsaved = False
