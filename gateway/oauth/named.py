"""From the settings to token sources: one for each `[oauth.NAME]`, and what is wrong between them and mailboxes."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from gateway.config.settings import Settings
from gateway.oauth.grant import Application
from gateway.oauth.source import TokenSource


def token_sources(settings: Settings) -> Mapping[str, TokenSource]:
    """Return what gives the tokens of each `[oauth.NAME]`; nobody is asked yet."""
    found = {}
    for name, one in settings.oauth.items():
        if (cache := cache_of(settings, name)) is not None:
            found[name] = TokenSource(Application(name, one), cache)
    return found


def mistakes(settings: Settings) -> list[str]:
    """Say, one a line, which mailbox names an `[oauth.NAME]` that is not there, and which of those keeps no file."""
    known = ", ".join(settings.oauth) or "none"
    lines = [
        f"{key}.oauth: no [oauth.{name}] in this file; there is: {known}"
        for key, name in _named(settings)
        if name and name not in settings.oauth
    ]
    caches = {name: cache_of(settings, name) for name in settings.oauth}
    for name, cache in caches.items():
        if cache is None:
            lines.append(f"oauth.{name}.cache: expected a file, since the spool is none that one could lie beside")
        elif list(caches.values()).index(cache) != list(caches).index(name):
            lines.append(f"oauth.{name}.cache: {cache} is that of an earlier [oauth.NAME]")
    return lines


def _named(settings: Settings) -> Iterator[tuple[str, str]]:
    """Walk through the mailboxes: the key of each, and the name of whose tokens it uses."""
    yield from ((f"imap[{number}]", mailbox.oauth) for number, mailbox in enumerate(settings.imap, 1))
    yield from ((f"pop3[{number}]", mailbox.oauth) for number, mailbox in enumerate(settings.pop3, 1))
    yield from ((f"sent_folder[{number}]", mailbox.oauth) for number, mailbox in enumerate(settings.sent_folder, 1))


def cache_of(settings: Settings, name: str) -> Path | None:
    """Return the file that keeps tokens; None where the settings name none and the spool is no file."""
    if settings.oauth[name].cache:
        return Path(settings.oauth[name].cache)
    folder = settings.gateway.beside(".oauth")
    return folder / f"{name}.json" if folder is not None else None
