"""A file to `Settings`, or one `SettingsError` that names every mistake at once: file, key, what was expected."""

import difflib
from pathlib import Path
from types import NoneType
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError as UnreadableEnvironment

from gateway.config.console import LOOPBACK
from gateway.config.content import content_of
from gateway.config.settings import Settings
from gateway.errors import SettingsError

_SHOWN = 60


def load(path: Path) -> Settings:
    """Read the settings file, and the environment over it; SettingsError with a line for each mistake."""
    try:
        settings = Settings(**content_of(path))
    except UnreadableEnvironment as error:
        raise SettingsError([f"environment: {error}; a list is written as JSON, such as '[\"0.0.0.0:25\"]'"]) from error
    except ValidationError as error:
        raise SettingsError([f"{path}: {_line(detail)}" for detail in _distinct(error.errors())]) from error
    if lines := [f"{path}: {line}" for line in _cross_check(settings)]:
        raise SettingsError(lines)
    return settings


def _distinct(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """One error a key: a union of types reports each of its members."""
    return list({_key(detail["loc"]): detail for detail in reversed(details)}.values())[::-1]


def _key(location: tuple[int | str, ...]) -> str:
    """`("route", 0, "token")` to `route[1].token`, leaving out the names of a union's members."""
    key = ""
    for step in location:
        if isinstance(step, int):
            key += f"[{step + 1}]"
        elif step not in {"str", "SmarthostTable"}:
            key += f".{step}" if key else step
    return key


def _line(detail: ErrorDetails) -> str:
    key = _key(detail["loc"])
    match detail["type"]:
        case "extra_forbidden":
            return f"{key}: unknown key{_suggestion(detail['loc'])}"
        case "missing":
            return f"{key}: missing{_wanted(detail['loc'])}"
        case "value_error":
            said = str(detail["ctx"]["error"])
            return f"{key}: {said}" if key else said
        case _:
            return f"{key}: {detail['msg'][:1].lower()}{detail['msg'][1:]}, found {_shown(detail)}"


def _shown(detail: ErrorDetails) -> str:
    text = repr(detail["input"])
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _fields(location: tuple[int | str, ...]) -> dict[str, str]:
    """Names and descriptions of the keys that may stand where `location` ends."""
    model: Any = Settings
    for step in location[:-1]:
        if _is_section(model):
            model = _bare(_by_key(model).get(str(step), FieldInfo(annotation=None)).annotation)
        else:
            model = next(filter(_is_section, map(_bare, get_args(model))), None)
    return {key: field.description or "" for key, field in _by_key(model).items()} if _is_section(model) else {}


def _is_section(model: Any) -> bool:
    return isinstance(model, type) and issubclass(model, BaseModel)


def _by_key(section: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in section.model_fields.items()}


def _bare(annotation: Any) -> Any:
    """Leave out what a type says beside itself: that there may be none, and how it is read."""
    if hasattr(annotation, "__metadata__"):
        return _bare(annotation.__origin__)
    if NoneType in get_args(annotation):
        return _bare(next(one for one in get_args(annotation) if one is not NoneType))
    return annotation


def _suggestion(location: tuple[int | str, ...]) -> str:
    close = difflib.get_close_matches(str(location[-1]), _fields(location), n=1, cutoff=0.6)
    return f'; did you mean "{close[0]}"?' if close else ""


def _wanted(location: tuple[int | str, ...]) -> str:
    wanted = _fields(location).get(str(location[-1]), "")
    return f"; expected: {wanted}" if wanted else ""


def _cross_check(settings: Settings) -> list[str]:
    lines, names = [], [route.name for route in settings.route]
    for number, route in enumerate(settings.route, 1):
        if route.workspace not in settings.cention:
            known = ", ".join(settings.cention)
            lines.append(f"route[{number}].workspace: no [cention.{route.workspace}] in this file; there is: {known}")
        if names.index(route.name) != number - 1:
            lines.append(f'route[{number}].name: "{route.name}" is the name of an earlier route')
    for name, workspace in settings.cention.items():
        default = settings.route_named(workspace.default_route)
        if workspace.default_route and (default is None or default.workspace != name):
            lines.append(f'cention.{name}.default_route: no route "{workspace.default_route}" of this workspace')
    return lines + _cross_check_console(settings) + _cross_check_sources(settings, names)


def _cross_check_console(settings: Settings) -> list[str]:
    listen = settings.http.listen
    if settings.console.open and listen.host not in LOOPBACK:
        return [
            f'console.open: http.listen is {listen}, which others reach; expected an address such as "127.0.0.1:8080"'
        ]
    return []


def _cross_check_sources(settings: Settings, routes: list[str]) -> list[str]:
    """Say where something is fetched for a route that is not there, or two that are fetched have one name."""
    lines = []
    for kind, sources in settings.fetched().items():
        for number, source in enumerate(sources, 1):
            if source.route not in routes:
                known = ", ".join(routes)
                lines.append(f'{kind}[{number}].route: no route "{source.route}" in this file; there is: {known}')
            if any(source.name == earlier.name for earlier in sources[: number - 1]):
                lines.append(f'{kind}[{number}].name: "{source.name}" is the name of an earlier [[{kind}]]')
    return lines
