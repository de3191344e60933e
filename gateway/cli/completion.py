"""What a shell offers next: names of the settings, jobs of the spool, words of a search. Nothing here may be slow.

A shell asks at each press of the key: no settings are checked, and the spool is asked one short question. Whatever is
wrong, a wrong file above all, there is nothing to offer; the command itself says it.
"""

import os
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gateway.cli.options import DEFAULT

if TYPE_CHECKING:
    from gateway.spool.newest import Newest

_MOST = 50
# As the settings' class has it, which takes too long to load; a test compares.
SPOOL = "sqlite:////var/lib/cention-gateway/spool.db"


class _Offered(str):
    """A word that need not begin as what was typed, as typer asks of others: an id in lower case, bash's lone colon."""

    __slots__ = ()

    def startswith(self, *_: Any) -> bool:
        """Say that it does."""
        return True


def routes(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the names of routes."""
    return _begun(_named(_settings(context), "route"), incomplete)


def workspaces(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the names of workspaces."""
    return _begun(_settings(context).get("cention", {}), incomplete)


def sign_ins(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the names of [oauth.NAME]."""
    return _begun(_settings(context).get("oauth", {}), incomplete)


def jobs(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Offer the newest jobs that are not at their end, each with what it is."""
    return [(one.number, one.said) for one in _newest(context) if one.number.startswith(incomplete)]


def subjects(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Offer the same jobs by their number or, where that is what begins so, by their mail's or answer's id."""
    wanted = incomplete.upper()
    found: list[tuple[str, str]] = [
        (_Offered(one.subject), one.said) for one in _newest(context) if wanted and one.subject.startswith(wanted)
    ]
    return found or jobs(context, incomplete)


def states(incomplete: str) -> list[str]:
    """Offer the states of jobs."""
    from gateway.model import JobState

    return _begun((state.value for state in JobState), incomplete)


def words(context: typer.Context, incomplete: str) -> list[str]:
    """Offer how a word of a search may go on."""
    from gateway.spool.wanted import Around, complete

    settings = _settings(context)
    kinds = [kind for kind in ("imap", "pop3", "maildir", "pickup") if kind in settings]
    names = {"route": list(_named(settings, "route")), "source": ["smtp", "lmtp", "pipe", *kinds]}
    key = _key_before()
    begun = key + ("" if key and incomplete == ":" else incomplete)
    return [_Offered(word.removeprefix(key)) for word in complete(begun, Around(0.0, names=names))]


def _key_before() -> str:
    """Return the key that bash has taken off: to it a colon is a word, and it wants what follows alone."""
    if os.environ.get("_CENTION_GATEWAY_COMPLETE") != "complete_bash":
        return ""
    before = os.environ.get("COMP_WORDS", "").split(" ")[: int(os.environ.get("COMP_CWORD", "0")) + 1]
    colon = next((at for at in (len(before) - 1, len(before) - 2) if at > 0 and before[at] == ":"), 0)
    return f"{before[colon - 1]}:" if colon else ""


def _begun(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _named(settings: dict[str, Any], table: str) -> Iterator[str]:
    """Yield the names in a table that is written several times."""
    for one in settings.get(table, []):
        if isinstance(one, dict) and isinstance(one.get("name"), str):
            yield one["name"]


def _newest(context: typer.Context) -> "list[Newest]":
    from gateway.spool.newest import newest

    gateway = _settings(context).get("gateway", {})
    named = gateway.get("spool", SPOOL) if isinstance(gateway, dict) else ""
    return newest(_resolved(os.environ.get("CENTION_GATEWAY_GATEWAY__SPOOL") or str(named)), _MOST)


def _resolved(url: str) -> str:
    kind, _, place = url.partition(":")
    if kind == "env":
        return os.environ.get(place, "")
    if kind == "file":
        with suppress(OSError, ValueError):
            return Path(place).read_text(encoding="utf-8").strip()
    return url


def _settings(context: typer.Context) -> dict[str, Any]:
    """Return the settings file as it is written, {} where it cannot be read."""
    try:
        return tomllib.loads(Path(context.params.get("config") or DEFAULT).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
