"""What a simulator may be told when it is started."""

import re
from dataclasses import dataclass, field
from typing import Literal, get_args
from urllib.parse import urlsplit

LinkForm = Literal["own", "foreign", "relative", "absent", "mixed"]
HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Options:
    """The command line's options as a value; ValueError with a sentence for one that cannot be used.

    `listen` is `host:port` (port 0: a free one; IPv6 in brackets). A token or secret that is None is generated; one
    given is taken as it is, whatever it looks like; `callback_secret=""` means that callbacks carry none. `callback`
    is the URL that answers are POSTed to, "" for none yet. `links` is the form of `links.self` (contract, Callback).
    """

    listen: str = "127.0.0.1:0"
    workspace: str = "demo"
    create_token: str | None = field(default=None, repr=False)
    attachment_token: str | None = field(default=None, repr=False)
    callback: str = ""
    callback_secret: str | None = field(default=None, repr=False)
    links: LinkForm = "own"

    def __post_init__(self) -> None:
        split_listen(self.listen)
        if not re.fullmatch(r"[A-Za-z0-9._-]+", self.workspace):
            raise ValueError(f"workspace: letters, digits, dot, dash and underscore expected, found {self.workspace!r}")
        if self.callback and not is_callback(self.callback):
            raise ValueError(f"callback: an http or https URL expected, found {self.callback!r}")
        if self.links not in get_args(LinkForm):
            raise ValueError(f"links: one of {', '.join(get_args(LinkForm))} expected, found {self.links!r}")


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
