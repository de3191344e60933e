"""What a client needs to be let in, and a callback to be believed: given by option, or made up once and kept."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.simulator.areas import Area
from gateway.simulator.options import Options, area_named
from gateway.simulator.store import Store
from gateway.simulator.tokens import DAY, Denied, Given, Right, Tokens


@dataclass(frozen=True, slots=True)
class Credentials:
    """The tokens of each area (to create) and workspace (to get attachments), the secret, and who reads tokens."""

    create: tuple[tuple[Area, str], ...] = field(repr=False)
    attachment: tuple[tuple[str, str], ...] = field(repr=False)
    secret: str = field(repr=False)
    tokens: Tokens


def credentials(options: Options, areas: tuple[Area, ...], store: Store | None, now: float) -> Credentials:
    """Take what the options give, and make up the rest; with a store what was made up stays the same."""
    key = bytes.fromhex(_kept(store, "key", lambda: secrets.token_hex(32)))
    given = _given(options, areas)
    tokens = Tokens(key, areas, given)

    def token(right: Right, workspace: str, area: Area | None) -> str:
        texts = [one.text for one in given if (one.right, one.workspace, one.area) == (right, workspace, area)]
        if texts:
            return texts[0]
        made = tokens.issue(right, workspace, area, now, options.token_days * DAY)
        name = f"{right.value} {area.path if area else workspace}"
        kept = _kept(store, name, lambda: made)
        return kept if _good(tokens, kept, workspace, now) else _kept(store, name, lambda: made, anew=True)

    workspaces = dict.fromkeys(area.workspace for area in areas)
    secret = options.callback_secret
    return Credentials(
        create=tuple((area, token(Right.CREATE, area.workspace, area)) for area in areas),
        attachment=tuple((workspace, token(Right.FETCH, workspace, None)) for workspace in workspaces),
        secret=_kept(store, "secret", lambda: secrets.token_urlsafe(24)) if secret is None else secret,
        tokens=tokens,
    )


def _given(options: Options, areas: tuple[Area, ...]) -> list[Given]:
    """The strings that the options call tokens; an empty one is none."""
    first = areas[0]
    named = [(area_named(name, areas), text) for name, text in options.area_tokens]
    create = [*named, (first, options.create_token)]
    given = [Given(text, Right.CREATE, area.workspace, area) for area, text in create if area and text]
    fetch = options.attachment_token
    return [*given, Given(fetch, Right.FETCH, first.workspace)] if fetch else given


def _good(tokens: Tokens, text: str, workspace: str, now: float) -> bool:
    try:
        return bool(tokens.grant(text, workspace, now).rights)
    except Denied:
        return False


def _kept(store: Store | None, name: str, make: Callable[[], str], *, anew: bool = False) -> str:
    """What the store has under this name; where it has nothing, or something new is wanted, what is made is kept."""
    found = None if store is None or anew else store.get("credential", name)
    if found is not None:
        return found.decode()
    made = make()
    if store is not None:
        store.put("credential", name, made.encode())
    return made
