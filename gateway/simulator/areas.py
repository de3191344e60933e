"""Workspaces and areas: where errands land, as a token says it (contract, Transport)."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import count
from typing import Any

FIRST_ID = 7


@dataclass(frozen=True, slots=True)
class Area:
    """An area of a workspace; `account` when the token names it as a channel's account rather than as an area."""

    id: int
    workspace: str
    name: str
    channel: str = "Email"
    account: bool = False

    @property
    def path(self) -> str:
        """`workspace/name`, by which options and the control API call it."""
        return f"{self.workspace}/{self.name}"

    def shown(self) -> dict[str, Any]:
        """The area as JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Place:
    """An area as an option names it: `[workspace/]name`, `account` with the channel that it is an account of."""

    name: str
    account: bool = False

    def split(self, workspace: str) -> tuple[str, str]:
        """Return workspace and name, the first being `workspace` where the option names none."""
        before, slash, after = self.name.rpartition("/")
        return (before, after) if slash else (workspace, self.name)


def laid_out(workspace: str, places: Iterable[Place]) -> tuple[Area, ...]:
    """Number the areas; `workspace` comes first, and has an area "support" where the options give it none."""
    split = [(*place.split(workspace), place.account) for place in places]
    if not any(of == workspace for of, _, _ in split):
        split.insert(0, (workspace, "support", False))
    split.sort(key=lambda one: one[0] != workspace)
    ids = count(FIRST_ID)
    return tuple(
        Area(next(ids), of, name, channel="WhatsApp" if account else "Email", account=account)
        for of, name, account in split
    )
