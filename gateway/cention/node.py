"""JSON that others wrote, read with its pointers: what is wrong is named by place (RFC 6901), as JSON:API errors do."""

import re
from dataclasses import dataclass
from typing import Any

from gateway.errors import Permanent, Reason

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# Above it, a number has lost digits on the way: orjson reads integers of more than 64 bits as floats.
_EXACT = 2**53
_LONGEST = 200
_MOST = 10_000


class Malformed(Permanent):
    """A document that breaks the contract's shape: `pointer` (RFC 6901) says where, `detail` what was expected."""

    reason = Reason.ANSWER_UNREADABLE

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(pointer, detail)
        self.pointer = pointer
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.pointer or 'the document'}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Node:
    """A value in a JSON document, and where it stands. Null and absent are alike: empty text, no members, no items."""

    value: Any
    pointer: str = ""

    def get(self, *spellings: str) -> "Node":
        """Return an object's member: the first of the spellings that is there."""
        members = {} if self.value is None else self.value
        if not isinstance(members, dict):
            raise self.wrong("an object")
        name = next((name for name in spellings if members.get(name) is not None), spellings[0])
        return Node(members.get(name), f"{self.pointer}/{name}")

    def items(self) -> list["Node"]:
        """Return an array's items, at most 10,000: each is work, and in the end a fetch or a recipient."""
        items = [] if self.value is None else self.value
        if not isinstance(items, list):
            raise self.wrong("an array")
        if len(items) > _MOST:
            raise Malformed(self.pointer, f"expected at most {_MOST} items, found {len(items)}")
        return [Node(item, f"{self.pointer}/{place}") for place, item in enumerate(items)]

    def text(self) -> str:
        """Return a string without NUL characters, which neither mail nor PostgreSQL can carry."""
        text = "" if self.value is None else self.value
        if not isinstance(text, str):
            raise self.wrong("a string")
        return text.replace("\0", "")

    def line(self) -> str:
        """Return a string as one line, fit for a header: control characters and line breaks become a space."""
        return _CONTROLS.sub(" ", self.text()).strip()

    def word(self) -> str:
        """Return a string as one line of 1 to 200 characters, fit to name something by."""
        line = self.line()
        if not 0 < len(line) <= _LONGEST:
            raise self.wrong(f"1 to {_LONGEST} characters")
        return line

    def id(self) -> str:
        """Return an identifier as a string, whether the document has it as string or number (contract.md, Callback)."""
        value = self.value
        if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT:
            value = int(value)
        found = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(found, str):
            raise self.wrong("an identifier, as string or number")
        return Node(found, self.pointer).word()

    def wrong(self, expected: str) -> Malformed:
        """Return the error that says what was expected here, and what kind of thing was found."""
        return Malformed(self.pointer, f"expected {expected}, found {_kind(self.value)}")


def _kind(value: object) -> str:
    if isinstance(value, str):
        return "a string" if value else "an empty string"
    kinds: dict[type, str] = {
        dict: "an object",
        list: "an array",
        bool: "true or false",
        int: "a number",
        float: "a number",
    }
    return kinds.get(type(value), "nothing")
