"""JSON texts of others (RFC 8259), read within bounds.

Of duplicate keys the last counts (RFC 8259 4 leaves it open, and that is what most readers do).
"""

import re
from typing import Any

import orjson

from gateway.cention.node import Malformed

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Each value is 50 to 200 bytes in memory, however short it is written: three million of them are a few hundred MB.
_LARGE, _MOST_VALUES = 4_000_000, 3_000_000
_SURROGATES = re.compile(
    rb"(?<!\\)((?:\\\\)*+)"
    rb"(?:(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)


def load(text: bytes) -> Any:
    """Return the value of a JSON text. Malformed: not UTF-8, not JSON, nested too deep (1,024), or too many values.

    A byte order mark is passed over (RFC 8259 8.1). Half a surrogate pair (8.2), as a server writes that cuts a text in
    the middle of a character, becomes U+FFFD: neither a mail nor a database can carry it.
    """
    text = text.removeprefix(_BYTE_ORDER_MARK)
    if len(text) > _LARGE and sum(map(text.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        raise Malformed("", f"expected at most {_MOST_VALUES} values")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        mended = _without_halves(text)
        if mended == text:
            raise Malformed("", _reason(text, error)) from error
    return load(mended)


def dump(value: Any) -> bytes:
    """Return a value that `load` gave as JSON again; Malformed where it is nested more than 254 levels deep."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        raise Malformed("", "expected JSON that is nested less deeply") from error


def _without_halves(text: bytes) -> bytes:
    return _SURROGATES.sub(lambda found: found[0] if found[2] else found[1] + rb"\ufffd", text)


def _reason(text: bytes, error: orjson.JSONDecodeError) -> str:
    try:
        text.decode()
    except UnicodeDecodeError as wrong:
        return f"expected JSON in UTF-8 (RFC 8259 8.1), found another encoding at byte {wrong.start}"
    return f"expected JSON: {error}"
