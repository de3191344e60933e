"""Whose mail a fetched message is: a mailbox keeps no envelope, so its header has to tell, or the settings do."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_CHARACTER = r"""[^\s\x00-\x1f\x7f<>(),;:"@]"""
# Each part is looked at once, from its first character: text without any "@" may be long.
_ADDRESS = re.compile(rf"(?<!{_CHARACTER}){_CHARACTER}++@{_CHARACTER}++")
_LONGEST = 100_000
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Addressing:
    """`route` takes every message, or what no recipient in `headers` claims; `match` is the routes' own."""

    route: str
    headers: Sequence[str]
    match: Callable[[str], str | None]

    def routes(self, head: bytes) -> tuple[list[str], tuple[str, ...]]:
        """Return the routes of a message by its header block, and the recipients that led there.

        The first of `headers` that names a recipient of ours decides, since the later ones say less: Delivered-To is
        this mailbox, To may be anyone.
        """
        for name in self.headers:
            found = {address: route for address in addresses(head, name) if (route := self.match(address))}
            if found:
                return list(dict.fromkeys(found.values())), tuple(found)
        return [self.route], ()


def addresses(head: bytes, name: str) -> Iterator[str]:
    """Yield the bare addresses in all headers of that name; nothing is asked of their syntax (RFC 5322 3.4)."""
    wanted = name.lower().encode() + b":"
    lines = _FOLD.sub(b"", head).splitlines()
    values = (line[len(wanted) : _LONGEST] for line in lines if line[: len(wanted)].lower() == wanted)
    text = " ".join(value.decode("utf-8", "replace") for value in values)
    for number, found in enumerate(_ADDRESS.finditer(text)):
        if number == _MOST:
            return
        yield found.group()
