"""Callback settings, as Cention's administration page has them: where answers of which areas go, with which secret."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from gateway.simulator.areas import Area
from gateway.simulator.shape import array, matching, record, text

FIRST_ID = 76
SHAPE = array(
    record(
        {"url": matching(r"https?://[^\s/]+\S*", "an http or https URL")},
        {"secret": text, "areas": array(matching(r"\S+", "an area's name or workspace/name"))},
    )
)


@dataclass(frozen=True, slots=True)
class Setting:
    """A callback setting: `areas` by name or `workspace/name`, empty for all that no other setting names."""

    id: str
    url: str
    secret: str = field(default="", repr=False)
    areas: tuple[str, ...] = ()

    def shown(self) -> dict[str, Any]:
        """The setting as JSON."""
        return asdict(self)


class Settings:
    """The callback settings in force. The first is the simulator's own, for every area without one."""

    def __init__(self, url: str, secret: str, more: Sequence[tuple[str, str, str | None]] = ()) -> None:
        """`more` are area, URL and secret, None for the same one."""
        own = [(url, secret, ())] if url else []
        others = [(other, secret if its_own is None else its_own, (area,)) for area, other, its_own in more]
        self._settings: list[Setting] = _numbered([*own, *others])
        self._secret = secret

    @property
    def url(self) -> str:
        """Where answers of areas without a setting of their own go; "" for nowhere."""
        return next((setting.url for setting in self._settings if not setting.areas), "")

    @url.setter
    def url(self, url: str) -> None:
        own = next((setting for setting in self._settings if not setting.areas), None)
        others = [setting for setting in self._settings if setting is not own]
        changed = replace(own, url=url) if own else Setting(self._free(), url, self._secret)
        self._settings = [changed, *others] if url else others

    def put(self, asked: list[dict[str, Any]]) -> None:
        """Put settings, a value of SHAPE, in place of those that are there."""
        self._settings = _numbered([(one["url"], one.get("secret", ""), tuple(one.get("areas", ()))) for one in asked])

    def shown(self) -> list[dict[str, Any]]:
        """The settings as JSON."""
        return [setting.shown() for setting in self._settings]

    def of(self, area: Area) -> list[Setting]:
        """Return the settings that an answer in this area is sent by: those that name it, or else the general ones."""
        named = [setting for setting in self._settings if {area.name, area.path} & set(setting.areas)]
        return named or [setting for setting in self._settings if not setting.areas]

    def _free(self) -> str:
        return str(max([FIRST_ID - 1, *(int(setting.id) for setting in self._settings)]) + 1)


def _numbered(settings: Sequence[tuple[str, str, tuple[str, ...]]]) -> list[Setting]:
    return [Setting(str(number), *setting) for number, setting in enumerate(settings, start=FIRST_ID)]
