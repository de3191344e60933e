"""Marks that we put into our addresses, behind a plus sign (RFC 5233), and read again where mail comes back to them.

`support+e2256@example.com` is where the next mail about errand 2256 goes; `support+a01jdn3…-k4x9p2q7@example.com` is
the envelope sender of an answer to one recipient, by which what bounces is known (VERP). Addresses travel through
systems that change letter case, so nothing here depends on it.
"""

import base64
import hashlib
import re
from dataclasses import dataclass

_LONGEST_LOCAL = 64  # octets, RFC 5321 4.5.3.1.1
_ERRAND_ID = re.compile(r"[0-9]{1,18}")
_ERRAND = re.compile(r"\+e([0-9]{1,18})", re.IGNORECASE)
_ANSWER = re.compile(r"\+a([0-7][0-9a-hjkmnp-tv-z]{25})(?:-([a-z2-7]{8}))?", re.IGNORECASE)
_MARKED = re.compile(rf"(?:{_ERRAND.pattern}|{_ANSWER.pattern})\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Returned:
    """What the envelope sender of an answer tells: the id of its callback, and which recipient it was for.

    `mark` stands for the recipient, "" where the answer went to all of them at once.
    """

    answer: str
    mark: str = ""

    def is_of(self, recipient: str) -> bool:
        """Whether it was this recipient's copy; of an answer that went to all at once it is everybody's."""
        return self.mark in {"", _mark(recipient)}


def tagged(address: str, errand_id: str) -> str:
    """Return the address with an errand's id in it; as it is where that cannot be (an id of letters, a long name)."""
    return _with(address, f"+e{errand_id}") if _ERRAND_ID.fullmatch(errand_id) else address


def errand_of(recipient: str) -> str | None:
    """Return the id of the errand that an address names; None for one without a mark."""
    found = _ERRAND.search(_local(recipient))
    return found[1] if found and _is_last(found, recipient) else None


def verp(address: str, answer: str, recipient: str = "") -> str:
    """Return the envelope sender for an answer, whose id is the callback's (a ULID), to one recipient, or "" for all.

    Where the name would be too long it goes without the recipient's mark; where that is too long too, as it is.
    """
    marks = [f"+a{answer.lower()}-{_mark(recipient)}"] if recipient else []
    found = (_with(address, mark) for mark in [*marks, f"+a{answer.lower()}"])
    return next((one for one in found if one != address), address)


def answer_of(recipient: str) -> Returned | None:
    """Return which answer was sent from an envelope sender of ours; None for an address without such a mark."""
    found = _ANSWER.search(_local(recipient))
    return Returned(found[1].upper(), (found[2] or "").lower()) if found and _is_last(found, recipient) else None


def untagged(local: str) -> str:
    """Return a local part without our marks."""
    return _MARKED.sub("", local)


def _local(address: str) -> str:
    return address.rpartition("@")[0].removesuffix('"')


def _is_last(found: re.Match[str], address: str) -> bool:
    return found.end() == len(_local(address))


def _with(address: str, mark: str) -> str:
    local, _, domain = address.rpartition("@")
    quote = '"' if local.endswith('"') and len(local) > 1 else ""
    marked = f"{local.removesuffix(quote)}{mark}{quote}"
    return f"{marked}@{domain}" if local and len(marked.encode()) <= _LONGEST_LOCAL else address


def _mark(recipient: str) -> str:
    digest = hashlib.sha256(recipient.casefold().encode("utf-8", "replace")).digest()
    return base64.b32encode(digest[:5]).decode().lower()
