"""The forms that callbacks of different Cention servers have (contract, Callback)."""

from dataclasses import dataclass
from typing import Literal, get_args

LinkForm = Literal["own", "foreign", "relative", "absent", "mixed"]
Spelling = Literal["new", "old"]
IdForm = Literal["text", "number"]
LINKS, SPELLINGS, IDS = get_args(LinkForm), get_args(Spelling), get_args(IdForm)


@dataclass(frozen=True, slots=True)
class Form:
    """How a callback is written.

    `links` says where `links.self` leads: to this server, to `http://localhost`, to a path alone, nowhere, or any of
    these. `spelling` "old" is that of older servers: `htmlBody`, `emailAddress` and links under `/ng/api/json/`. `ids`
    are JSON:API's strings, or numbers.
    """

    links: LinkForm = "own"
    spelling: Spelling = "new"
    ids: IdForm = "text"

    @property
    def root(self) -> str:
        """The path, below a workspace's base, at which resources are."""
        return "/ng/api/json/" if self.spelling == "old" else "/capi/json/"
