"""Keys of DKIM signatures: read, made, used; and the record by which DNS tells of one (RFC 6376 3.6, RFC 8463)."""

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

Kind = Literal["rsa", "ed25519"]
_LEAST_BITS, _USUAL_BITS, _MOST_BITS = 1024, 2048, 4096
_STRING = 255


@dataclass(frozen=True, slots=True)
class Key:
    """A private key; `str` says what kind it is and no more of it."""

    private: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

    def __repr__(self) -> str:
        return f"an RSA key of {self.bits} bits" if self.kind == "rsa" else "an Ed25519 key"

    @property
    def kind(self) -> Kind:
        """Its kind, as the record's `k=` says it."""
        return "rsa" if isinstance(self.private, rsa.RSAPrivateKey) else "ed25519"

    @property
    def bits(self) -> int:
        """Its size."""
        return self.private.key_size if isinstance(self.private, rsa.RSAPrivateKey) else 256

    def sign(self, data: bytes) -> bytes:
        """Sign data: the same data gives the same signature. Ed25519 signs its hash (RFC 8463 3)."""
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return self.private.sign(hashlib.sha256(data).digest())

    @property
    def public(self) -> bytes:
        """The public key as the record carries it: SubjectPublicKeyInfo of RSA, 32 bytes of Ed25519 (RFC 8463 4.2)."""
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            return self.private.public_key().public_bytes_raw()
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.private.public_key().public_bytes(serialization.Encoding.DER, form)

    def has_public(self, data: bytes) -> bool:
        """Whether data is its public key; some write RSA's without what says that it is RSA's (RFC 6376 3.6.1)."""
        if data == self.public or isinstance(self.private, ed25519.Ed25519PrivateKey):
            return data == self.public
        bare = serialization.PublicFormat.PKCS1
        return data == self.private.public_key().public_bytes(serialization.Encoding.DER, bare)

    @property
    def record(self) -> str:
        """The text of the record in DNS."""
        return f"v=DKIM1; k={self.kind}; p={base64.b64encode(self.public).decode()}"

    @property
    def pem(self) -> bytes:
        """The private key as a PEM file (PKCS #8)."""
        return self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def new_key(kind: Kind, bits: int = _USUAL_BITS) -> Key:
    """Make a key; `bits` are an RSA key's."""
    if kind == "ed25519":
        return Key(ed25519.Ed25519PrivateKey.generate())
    return Key(rsa.generate_private_key(public_exponent=65537, key_size=bits))


def read_key(text: str) -> Key:
    """Read a private key, PEM; ValueError says what it is instead, and nothing of what stands in it."""
    try:
        private = serialization.load_pem_private_key(text.encode(), password=None)
    except TypeError:
        raise ValueError("expected a PEM file without a password") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("expected a private key in PEM, as `cention-gateway dkim new` makes it") from None
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return Key(private)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise ValueError("expected an RSA or Ed25519 key; DKIM knows no other")  # noqa: TRY004 - of a text
    if not _LEAST_BITS <= private.key_size <= _MOST_BITS:
        raise ValueError(f"expected an RSA key of {_LEAST_BITS} to {_MOST_BITS} bits, found {private.key_size}")
    return Key(private)


def zone_line(domain: str, selector: str, record: str) -> str:
    """Return the record as a line of a zone file, in strings of at most 255 bytes (RFC 1035 3.3)."""
    strings = " ".join(f'"{one}"' for one in re.findall(f".{{1,{_STRING}}}", record))
    return f"{selector}._domainkey.{domain}. IN TXT ( {strings} )"
