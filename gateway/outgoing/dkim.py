"""DKIM signatures (RFC 6376) on finished mails: relaxed canonicalization, and the same mail gives the same bytes."""

import base64
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.config.dkim import Dkim
from gateway.errors import SettingsError
from gateway.mail.field import bare_address
from gateway.outgoing.dkim_key import Key, read_key

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:((?:[^\r]|\r\n[ \t])*)(?:\r\n|\Z)")
_SPACE = re.compile(rb"(?:\r\n)?[ \t]+")
_WSP = re.compile(rb"[ \t]+")
_TRAILING = re.compile(rb" (?=\r\n)")
_LINE = 76


@dataclass(frozen=True, slots=True)
class Signer:
    """A key, and what it signs: `headers` where they are there, those of `oversign` once more than they are."""

    domain: str
    selector: str
    key: Key
    headers: tuple[str, ...]
    oversign: frozenset[str]


def signers(keys: Sequence[Dkim], lines: list[str]) -> tuple[Signer, ...]:
    """Read the keys that the settings name; what is wrong with one is added to `lines`."""
    found = []
    for number, one in enumerate(keys, 1):
        if any((one.domain, one.selector) == (other.domain, other.selector) for other in keys[: number - 1]):
            lines.append(f'dkim[{number}].selector: "{one.selector}" of {one.domain} is that of an earlier [[dkim]]')
        try:
            key = read_key(one.key.value())
        except (ValueError, SettingsError) as error:
            lines.append(f"dkim[{number}].key: {one.key.origin}: {error}")
            continue
        names = tuple(dict.fromkeys(map(str.lower, one.headers)))
        found.append(Signer(one.domain, one.selector, key, names, frozenset(map(str.lower, one.oversign))))
    return tuple(found)


def sign(message: bytes, sender: str, date: float, keys: Iterable[Signer]) -> bytes:
    """Return a mail (line ends CRLF) with a signature of each key that belongs to its sender's domain before it.

    `sender` is From's address, `date` the Unix time that the signature names. Without a key it is as it was.
    """
    own = _own(sender, keys)
    if not own:
        return message
    head, _, body = message.partition(b"\r\n\r\n")
    fields = _fields(head + b"\r\n")
    digest = base64.b64encode(hashlib.sha256(relaxed_body(body)).digest()).decode()
    return b"".join(_signature(one, fields, digest, int(date)) for one in own) + message


def _own(sender: str, keys: Iterable[Signer]) -> list[Signer]:
    """Return the keys of a sender's domain, or else of the nearest one above it."""
    try:
        domain = bare_address(sender).rpartition("@")[2].lower()
    except ValueError:
        return []
    fitting = [one for one in keys if domain == one.domain or domain.endswith(f".{one.domain}")]
    nearest = max((len(one.domain) for one in fitting), default=0)
    return [one for one in fitting if len(one.domain) == nearest]


def _fields(head: bytes) -> dict[str, list[bytes]]:
    """Return a header's fields by name, in relaxed form (RFC 6376 3.4.2), in order."""
    found = defaultdict(list)
    for name, value in _FIELD.findall(head):
        found[name.decode().lower()].append(_relaxed(name.lower(), value))
    return found


def _relaxed(name: bytes, value: bytes) -> bytes:
    return name + b":" + _SPACE.sub(b" ", value).strip(b" \r\n") + b"\r\n"


def relaxed_body(body: bytes) -> bytes:
    """Return a body in relaxed form (RFC 6376 3.4.4): white space made one blank, none at the ends of lines or mail."""
    text = _TRAILING.sub(b"", _WSP.sub(b" ", body)).rstrip(b" \r\n")
    return text + b"\r\n" if text else b""


def _signature(key: Signer, fields: dict[str, list[bytes]], body_hash: str, date: int) -> bytes:
    names = [name for name in key.headers for _ in range(len(fields.get(name, ())) + (name in key.oversign))]
    lines = (
        f" v=1; a={key.key.kind}-sha256; c=relaxed/relaxed; t={date};",
        f"d={key.domain}; s={key.selector};",
        f"h={_folded(':'.join(names), ':|$')};",
        f"bh={body_hash};",
        "b=",
    )
    unsigned = "\r\n ".join(lines)
    covered = _covered(names, fields) + _relaxed(b"dkim-signature", unsigned.encode()).removesuffix(b"\r\n")
    signature = _folded(base64.b64encode(key.key.sign(covered)).decode())
    return f"DKIM-Signature:{unsigned}{signature}\r\n".encode()


def _covered(names: Sequence[str], fields: dict[str, list[bytes]]) -> bytes:
    """Return the fields that are signed; of several with one name the lowest first (RFC 6376 5.4.2)."""
    left = {name: list(fields.get(name, ())) for name in names}
    return b"".join(left[name].pop() for name in names if left[name])


def _folded(text: str, after: str = "") -> str:
    """Return text in lines of a header, broken where it matches."""
    return "\r\n ".join(re.findall(f".{{1,{_LINE}}}(?:{after})", text))
