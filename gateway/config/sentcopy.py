"""`[[sent_folder]]` and `[[sent_bcc]]`: where copies of the answers that were sent are kept."""

from collections.abc import Collection, Iterator, Sequence

from pydantic import Field

from gateway.config.imap import ImapAccount
from gateway.config.section import Section

_ROUTES = "The routes whose answers are copied there; by default all of them."


class SentFolder(ImapAccount):
    """A folder on an IMAP server that gets a copy of each answer that was sent, marked as read."""

    folder: str = Field(
        default="",
        description="The folder, as people see it, with `/` between a folder and one in it; by default the one that "
        "the server calls the one for sent mail (RFC 6154), else `Sent`. It is made if it is not there.",
    )
    routes: list[str] = Field(default_factory=list, description=_ROUTES)


class SentBcc(Section):
    """An address that gets a copy of each answer that was sent, unseen by its recipients."""

    name: str = Field(min_length=1, pattern=r"^[A-Za-z0-9_.-]+$", description="Its name in logs and in the queue.")
    address: str = Field(min_length=3, max_length=254, pattern=r"^[^\s<>]+@[^\s<>@]+$", description="The address.")
    routes: list[str] = Field(default_factory=list, description=_ROUTES)


def mistakes(folders: Sequence[SentFolder], bccs: Sequence[SentBcc], routes: Collection[str]) -> list[str]:
    """Say, one a line, which of them names a route that is not there, or has the name of another one."""
    return list(_mistakes(folders, bccs, routes))


def _mistakes(folders: Sequence[SentFolder], bccs: Sequence[SentBcc], routes: Collection[str]) -> Iterator[str]:
    keyed: list[tuple[str, SentFolder | SentBcc]] = [(f"sent_folder[{n}]", one) for n, one in enumerate(folders, 1)]
    keyed += [(f"sent_bcc[{n}]", one) for n, one in enumerate(bccs, 1)]
    seen: set[str] = set()
    for key, one in keyed:
        for name in one.routes:
            if name not in routes:
                yield f'{key}.routes: no route "{name}" in this file; there is: {", ".join(routes)}'
        if one.name in seen:
            yield f'{key}.name: "{one.name}" is the name of an earlier [[sent_folder]] or [[sent_bcc]]'
        seen.add(one.name)
