"""Creating and ending an errand by hand: where it is sent, and the document it is made of. For `errand create|end`."""

import mimetypes
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError
from ulid import ULID

from gateway.cention.attributes import call_end, errand, within
from gateway.cention.client import Client
from gateway.cention.workspace import client_of
from gateway.config.cention import Route, Workspace
from gateway.config.load import load
from gateway.config.settings import Settings
from gateway.config.units import Secret
from gateway.errors import Permanent, Refused, SettingsError
from gateway.model import CallEnd, Errand

Given = Sequence[tuple[tuple[str, ...], Any]]
"""What options say: names that lead to a place among the attributes, and the value for it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an errand is created: what an operator calls it, the workspace, and the token that decides the area."""

    name: str
    workspace: Workspace
    token: Secret


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an operator named of a place; "" for what he did not. `token` is "env:NAME" or "file:PATH"."""

    config: Path
    route: str = ""
    workspace: str = ""
    url: str = ""
    token: str = ""


def place(wanted: Wanted) -> Place:
    """Return where to send: a URL with a token, a workspace of the settings with a token, or a route of them.

    SettingsError where that is not one place, with what to say instead.
    """
    token = _token(wanted.token) if wanted.token else None
    if wanted.url:
        return _at_url(wanted, token)
    settings = load(wanted.config)
    if wanted.workspace:
        return _in_workspace(settings, wanted, token)
    route = _route(settings, wanted)
    return Place(f"route {route.name}", settings.cention[route.workspace], token or route.token)


def _token(reference: str) -> Secret:
    try:
        return Secret.read(reference)
    except ValueError as error:
        raise SettingsError([f"--token: {error}"]) from error


def _at_url(wanted: Wanted, token: Secret | None) -> Place:
    if token is None:
        raise SettingsError(['--url needs --token as well: "env:NAME" or "file:PATH"'])
    try:
        return Place(wanted.url, Workspace(url=wanted.url, attachment_token=token), token)
    except ValidationError as error:
        raise SettingsError([f"--{detail['ctx']['error']}" for detail in error.errors()]) from error


def _in_workspace(settings: Settings, wanted: Wanted, token: Secret | None) -> Place:
    workspace = settings.cention.get(wanted.workspace)
    if workspace is None:
        known = ", ".join(settings.cention)
        raise SettingsError([f"{wanted.config}: no [cention.{wanted.workspace}] in it; there is: {known}"])
    if token is None:
        raise SettingsError(['--workspace needs --token as well: "env:NAME" or "file:PATH"; or say --route'])
    return Place(f"workspace {wanted.workspace}", workspace, token)


def _route(settings: Settings, wanted: Wanted) -> Route:
    if not wanted.route and len(settings.route) == 1:
        return settings.route[0]
    route = settings.route_named(wanted.route)
    if route is None:
        names = ", ".join(route.name for route in settings.route)
        said = f'no route "{wanted.route}"' if wanted.route else "several routes, so one must be named with --route"
        raise SettingsError([f"{wanted.config}: {said}; there are: {names}"])
    return route


def parsed(text: bytes, name: str) -> Any:
    """Return the value of a document in JSON, or in TOML where it is no JSON; Permanent for what is neither."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as not_json:
        try:
            return tomllib.loads(text.decode("utf-8"))
        except (ValueError, RecursionError) as not_toml:
            kind = not_toml if name.endswith(".toml") else not_json
            raise Permanent(f"{name}: expected JSON or TOML: {kind}") from not_toml


def errand_of(document: Any, given: Given) -> Errand:
    """Return the errand of a document, or of its attributes alone, and what is given beside it, which goes before.

    One without a message_id gets a new one. Invalid names a field that the contract does not know.
    """
    attributes = within(document, "c3_new_errands")
    for path, value in given:
        attributes = _with(attributes, path, value)
    found = errand(attributes)
    return found if found.message_id else replace(found, message_id=f"<{ULID()}@cention-gateway>")


def end_of(document: Any, given: Given, errand_id: str) -> CallEnd:
    """Return the end of a call, from a document and what is given beside it, as `errand_of` does."""
    attributes = within(document, "c3_end_errands")
    data = document.get("data") if isinstance(document, Mapping) else None
    named = str(data.get("id") or "") if isinstance(data, Mapping) else ""
    for path, value in given:
        attributes = _with(attributes, path, value)
    return call_end(attributes, errand_id or named)


def _with(value: Any, path: tuple[str, ...], new: Any) -> Any:
    """Return a value with another one at a place in it: lists grow, tables are filled up, all else is replaced."""
    if path:
        members = value if isinstance(value, Mapping) else {}
        return {**members, path[0]: _with(members.get(path[0]), path[1:], new)}
    if isinstance(value, list) and isinstance(new, list):
        return value + new
    return {**value, **new} if isinstance(value, Mapping) and isinstance(new, Mapping) else new


def attachment(file: Path, content: bytes) -> dict[str, Any]:
    """Return a file as an attachment among the attributes; its name tells its type."""
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return {"name": file.name, "content_type": kind, "content": content}


def create(document: bytes, where: Place) -> str:
    """Create the errand of a document and return its id. Errors as for `Client.create`."""
    with _client(where) as client:
        return client.create(document, where.token)


def end(document: bytes, where: Place) -> None:
    """Send the document that ends a call's errand. Errors as for `Client.end_errand`."""
    with _client(where) as client:
        client.end_errand(document, where.token)


@contextmanager
def _client(where: Place) -> Iterator[Client]:
    client = client_of(where.workspace)
    try:
        yield client
    except Refused as error:
        raise Refused(f"{where.name}: {error}") from error
    finally:
        client.close()
