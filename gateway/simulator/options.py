"""What a simulator may be told when it is started."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import urlsplit

from gateway.simulator.areas import Area, Place, laid_out
from gateway.simulator.form import IDS, LINKS, SPELLINGS, Form, IdForm, LinkForm, Spelling

HIGHEST_PORT = 65535
LONGEST_WAIT = 86_400
NAME = r"[A-Za-z0-9._-]+"
Unknown = Literal["refuse", "ignore"]
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Options:
    """The command line's options as a value; ValueError with a sentence for one that cannot be used.

    `listen` is `host:port` (port 0: a free one; IPv6 in brackets). A token or secret that is None is generated; one
    given is taken as it is, whatever it looks like; `callback_secret=""` means that callbacks carry none. `callback`
    is the URL that answers are POSTed to, "" for none yet.

    Areas and accounts are `[workspace/]name`; without any there is one, "support". `create_token` is the first area's,
    `area_tokens` are others', as (area, token); `area_callbacks` and `area_secrets` likewise replace `callback` and its
    secret for an area. `token_days` is how long generated tokens are good.

    `links`, `spelling` and `ids` are the form of callbacks (Form), `tries` and `waits` how a callback that fails is
    tried again (Retries). `unknown` says what becomes of members that the contract does not know. Every answer of the
    API takes `latency` seconds, and up to `jitter` more; `error_rate` of them are 503. Bodies of more than `largest`
    bytes are 413. With `state`, a file, errands survive a restart.
    """

    listen: str = "127.0.0.1:0"
    workspace: str = "demo"
    create_token: str | None = field(default=None, repr=False)
    attachment_token: str | None = field(default=None, repr=False)
    callback: str = ""
    callback_secret: str | None = field(default=None, repr=False)
    links: LinkForm = "own"
    spelling: Spelling = "new"
    ids: IdForm = "text"
    areas: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    area_tokens: Pairs = field(default=(), repr=False)
    area_callbacks: Pairs = ()
    area_secrets: Pairs = field(default=(), repr=False)
    token_days: float = 365
    tries: int = 1
    waits: tuple[float, ...] = (1.0,)
    unknown: Unknown = "refuse"
    latency: float = 0
    jitter: float = 0
    error_rate: float = 0
    largest: int = 256_000_000
    state: Path | None = None

    def __post_init__(self) -> None:
        wrong = next(_wrong(self), None)
        if wrong:
            raise ValueError(wrong)

    @property
    def form(self) -> Form:
        """The form of callbacks."""
        return Form(self.links, self.spelling, self.ids)

    def laid_out(self) -> tuple[Area, ...]:
        """The areas, those of `workspace` first."""
        places = [*map(Place, self.areas), *(Place(name, account=True) for name in self.accounts)]
        return laid_out(self.workspace, places)

    def own_callbacks(self) -> list[tuple[str, str, str | None]]:
        """The callbacks of areas with one of their own: the area's path, URL, and secret (None: as the others)."""
        areas = self.laid_out()

        def path(name: str) -> str:
            area = area_named(name, areas)
            return area.path if area else name

        secrets = {path(name): secret for name, secret in self.area_secrets}
        return [(path(name), url, secrets.get(path(name))) for name, url in self.area_callbacks]


def _wrong(options: Options) -> Iterator[str]:
    """What cannot be used, each as a sentence that begins with the option's name."""
    yield from _wrong_listen(options.listen)
    if not re.fullmatch(NAME, options.workspace):
        yield f"workspace: letters, digits, dot, dash and underscore expected, found {options.workspace!r}"
    callbacks = [("callback", options.callback)] if options.callback else []
    for name, url in [*callbacks, *(("area_callbacks", url) for _, url in options.area_callbacks)]:
        if not is_callback(url):
            yield f"{name}: an http or https URL expected, found {url!r}"
    for name, allowed in (("links", LINKS), ("spelling", SPELLINGS), ("ids", IDS), ("unknown", get_args(Unknown))):
        if getattr(options, name) not in allowed:
            yield f"{name}: one of {', '.join(allowed)} expected, found {getattr(options, name)!r}"
    yield from _wrong_areas(options)
    yield from _wrong_numbers(options)


def _wrong_listen(listen: str) -> Iterator[str]:
    try:
        split_listen(listen)
    except ValueError as wrong:
        yield str(wrong)


def _wrong_areas(options: Options) -> Iterator[str]:
    for option in ("areas", "accounts"):
        for name in getattr(options, option):
            if not re.fullmatch(rf"({NAME}/)?{NAME}", name):
                yield f"{option}: name or workspace/name expected, found {name!r}"
    areas = options.laid_out()
    paths = [area.path for area in areas]
    if double := {path for path in paths if paths.count(path) > 1}:
        yield f"areas: each once expected, found {min(double)} more often"
    for option in ("area_tokens", "area_callbacks", "area_secrets"):
        for name, _ in getattr(options, option):
            if area_named(name, areas) is None:
                yield f"{option}: one of the areas {', '.join(paths)} expected, found {name!r}"


def _wrong_numbers(options: Options) -> Iterator[str]:
    bounds = {
        "token_days": (-36500, 36500),
        "tries": (1, 1000),
        "latency": (0, 3600),
        "jitter": (0, 3600),
        "error_rate": (0, 1),
        "largest": (1, 2**40),
    }
    for name, (least, most) in bounds.items():
        if not least <= getattr(options, name) <= most:
            yield f"{name}: from {least} to {most} expected, found {getattr(options, name)}"
    if not options.waits or not all(0 <= wait <= LONGEST_WAIT for wait in options.waits):
        yield f"waits: seconds from 0 to {LONGEST_WAIT} expected, found {', '.join(map(str, options.waits)) or 'none'}"


def area_named(name: str, areas: tuple[Area, ...]) -> Area | None:
    """The area that is called so: by `workspace/name`, or by a name that the first workspace has."""
    return next(
        (area for area in areas if name == area.path or (name == area.name and area.workspace == areas[0].workspace)),
        None,
    )


def split_listen(listen: str) -> tuple[str, int]:
    """`"127.0.0.1:8000"` or `"[::1]:0"` as host (without brackets) and port; ValueError for anything else."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]/\s]+)):([0-9]{1,5})", listen)
    if not found or int(found[3]) > HIGHEST_PORT:
        raise ValueError(f"listen: host:port expected, found {listen!r}")
    return found[1] or found[2], int(found[3])


def is_callback(url: str) -> bool:
    """Whether callbacks can be POSTed to this URL."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
