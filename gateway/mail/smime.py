"""S/MIME (RFC 8551): what a `.p7m` is, and the mail in one that is signed or compressed. Nothing is verified."""

import zlib
from enum import Enum

from gateway.mail.ber import EXPLICIT_0, OBJECT_ID, OCTETS, NotBer, Reader

MEDIA_TYPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
NAME = "smime.p7m"
ENCRYPTED_TYPES = frozenset({"enveloped-data", "authenveloped-data"})
"""What `smime-type` says of what is encrypted (RFC 8551 3.2.2)."""
_CONSTRUCTED = 0x20
_SIGNED = bytes.fromhex("2a864886f70d010702")
_ENVELOPED = (bytes.fromhex("2a864886f70d010703"), bytes.fromhex("2a864886f70d0109100117"))
_COMPRESSED = bytes.fromhex("2a864886f70d0109100109")


class Sealed(Enum):
    """What a `.p7m` is beside a mail that can be read."""

    ENCRYPTED = "encrypted"
    UNKNOWN = "unknown"


def open_seal(content: bytes, limit: int) -> bytes | Sealed:
    """Return the mail in a signed or compressed message (RFC 5652 5, RFC 3274), else what it is. Never raises.

    `limit` is the largest size that a compressed one may have.
    """
    try:
        return _opened(content, limit)
    except (NotBer, StopIteration, zlib.error, IndexError):
        return Sealed.UNKNOWN


def _opened(content: bytes, limit: int) -> bytes | Sealed:
    reader = Reader(content)
    whole = reader.value_at(0, len(content))
    parts = reader.values(whole.start, whole.end)
    kind = next(parts)
    name = content[kind.start : kind.end] if kind.tag == OBJECT_ID else b""
    if name in _ENVELOPED:
        return Sealed.ENCRYPTED
    if name not in {_SIGNED, _COMPRESSED}:
        return Sealed.UNKNOWN
    inner = reader.value_at(next(parts).start, whole.end)
    enclosed = next(
        packed
        for child in reader.values(inner.start, inner.end)
        if child.constructed
        for packed in reader.values(child.start, child.end)
        if packed.tag == EXPLICIT_0
    )
    value = reader.value_at(enclosed.start, enclosed.end)
    if value.tag & ~_CONSTRUCTED != OCTETS:
        return Sealed.UNKNOWN
    packed_content = reader.octets(value)
    return _inflated(packed_content, limit) if name == _COMPRESSED else packed_content


def _inflated(content: bytes, limit: int) -> bytes | Sealed:
    engine = zlib.decompressobj()
    inflated = engine.decompress(content, limit)
    return Sealed.UNKNOWN if engine.unconsumed_tail or not engine.eof else inflated
