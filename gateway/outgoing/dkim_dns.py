"""Whether DNS tells of a key what is so: the one place that asks it for TXT records."""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import dns.exception
import dns.resolver

from gateway.errors import Temporary
from gateway.outgoing.dkim import Signer
from gateway.outgoing.dkim_key import zone_line

Lookup = Callable[[str], list[str]]
_SAFE_BITS = 2048


@dataclass(frozen=True, slots=True)
class Published:
    """How a key stands in DNS: "ok" or not, and what there is to say or to do."""

    state: Literal["ok", "warning", "wrong"]
    said: str


def txt_of(resolver: dns.resolver.Resolver | None = None) -> Lookup:
    """Return what looks TXT records up, by the system's resolver where none is given; each waits five seconds.

    It returns the records' texts, none where there is no such name, and raises Temporary where nobody answers.
    """

    def look_up(name: str) -> list[str]:
        try:
            asked = resolver or dns.resolver.get_default_resolver()
            answer = asked.resolve(name, "TXT", search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise Temporary(f"DNS does not answer for {name}: {error}") from error
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]

    return look_up


def published(signer: Signer, look_up: Lookup) -> Published:
    """Compare a key with its record (RFC 6376 3.6.1)."""
    name = f"{signer.selector}._domainkey.{signer.domain}"
    try:
        records = look_up(name)
    except Temporary as error:
        return Published("warning", str(error))
    to_do = f"put this into DNS: {zone_line(signer.domain, signer.selector, signer.key.record)}"
    if not records:
        return Published("wrong", f"{name} is not in DNS, so that signatures fail; {to_do}")
    if len(records) > 1:
        return Published("wrong", f"{name} has {len(records)} records in DNS, where one belongs; {to_do}")
    if wrong := _difference(_tags(records[0]), signer):
        return Published("wrong", f"{name}: {wrong}; {to_do}")
    return _remark(_tags(records[0]), signer)


def _tags(record: str) -> dict[str, str]:
    """Take a list of tags apart (RFC 6376 3.2)."""
    pairs = (piece.partition("=") for piece in record.split(";"))
    return {name.strip(): re.sub(r"\s+", "", value) for name, _, value in pairs if name.strip()}


def _difference(tags: dict[str, str], signer: Signer) -> str:
    """Say what keeps receivers from finding our key in a record, "" for nothing."""
    kind, hashes, services = tags.get("k", "rsa"), tags.get("h", "sha256"), tags.get("s", "*")
    wrongs = {
        f"its version is {tags.get('v', '')!r:.50}, not DKIM1": tags.get("v", "DKIM1") != "DKIM1",
        "the record has no key (p=)": "p" not in tags,
        "the record says that the key is revoked (p= is empty)": tags.get("p") == "",
        f"the record is of a key of kind {kind!r:.20}, ours is {signer.key.kind}": kind != signer.key.kind,
        f"the record does not allow SHA-256 (h={hashes:.50})": "sha256" not in hashes.split(":"),
        f"the record is not for mail (s={services:.50})": not {"*", "email"} & set(services.split(":")),
        "the record has another key than we sign with": not _is_ours(tags.get("p", ""), signer),
    }
    return next((said for said, so in wrongs.items() if so), "")


def _is_ours(text: str, signer: Signer) -> bool:
    try:
        return signer.key.has_public(base64.b64decode(text, validate=True))
    except binascii.Error:
        return False


def _remark(tags: dict[str, str], signer: Signer) -> Published:
    """Say what may surprise of a record that fits."""
    if "y" in tags.get("t", "").split(":"):
        return Published("warning", "DNS has this key, marked as a test (t=y): receivers may treat mail as unsigned")
    if signer.key.kind == "rsa" and signer.key.bits < _SAFE_BITS:
        return Published("warning", f"DNS has this key; {signer.key.bits} bits are too few by now: make a new one")
    return Published("ok", f"DNS has this key, {signer.key!r}")
