"""From a recipient's address to the route that takes its mail.

Letter case does not matter, nor whether a domain is written in its own letters or in IDNA's (RFC 5890), or with a dot
at its end, or the local part in quotes that it does not need (RFC 5321 4.1.2).
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.route.tag import untagged

_LABEL = 63
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_ATOMS = re.compile(r"[^\s\"(),:;<>@\[\\\]]+")
_DOMAIN = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?(?:\.[^\W_](?:[\w-]{0,61}[^\W_])?)*")
_LITERAL = re.compile(r"\[[0-9a-f:.]+\]|\[ipv6:[0-9a-f:.]+\]")

Claims = Sequence[tuple[str, Sequence[str]]]
"""What routes want: each route's name, and the patterns of its recipients."""


@dataclass(frozen=True, slots=True)
class Recipients:
    """Every pattern's route, in normal form: addresses as `local@domain`, `*@domain` as the domain."""

    addresses: Mapping[str, str]
    domains: Mapping[str, str]

    @classmethod
    def of(cls, claims: Claims) -> "Recipients":
        """Gather the patterns of all routes; of two that claim the same, the first has it."""
        first = {pattern: names[0] for pattern, names in _claimed(claims).items()}
        domains = {pattern[2:]: name for pattern, name in first.items() if pattern.startswith("*@")}
        return cls({pattern: name for pattern, name in first.items() if not pattern.startswith("*@")}, domains)

    def match(self, recipient: str) -> str | None:
        """Return the name of the route for an address; None where no route takes it.

        The address itself goes first, then the one without our marks, then the one before its plus sign, then its
        domain's `*`.
        """
        local, domain = _split(recipient)
        if not local or not domain:
            return None
        for name in dict.fromkeys((local, untagged(local), local.partition("+")[0])):
            if name and (found := self.addresses.get(f"{name}@{domain}")):
                return found
        return self.domains.get(domain)


def duplicates(claims: Claims) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the patterns, in normal form, that more than one route claims, each with the routes' names."""
    return tuple((pattern, names) for pattern, names in _claimed(claims).items() if len(names) > 1)


def check_pattern(pattern: str) -> str | None:
    """Return what is wrong with a recipient pattern of the settings, as a sentence; None where it is right."""
    local = pattern.rpartition("@")[0]
    name, domain = _split(pattern)
    if not name:
        return f'expected an address or "*@domain", found {pattern!r}'
    if "*" in pattern and (local != "*" or "*" in domain):
        return f'"*" stands for every address of a domain only, as in "*@example.com"; found {pattern!r}'
    if not _QUOTED.fullmatch(local) and not _ATOMS.fullmatch(local):
        return f"the part before the @ has characters that need quotes: {pattern!r}"
    if not _DOMAIN.fullmatch(_letters(domain)) and not _LITERAL.fullmatch(domain):
        return f"{domain!r} is not a domain, in {pattern!r}"
    return None


def _letters(domain: str) -> str:
    """Leave out what is part of a word in many scripts but no letter: vowel signs, and the two joiners (RFC 5892)."""
    return "".join(one for one in domain if unicodedata.category(one)[0] != "M" and one not in "\u200c\u200d")


def _claimed(claims: Claims) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, patterns in claims:
        for pattern in patterns:
            key = "@".join(_split(pattern))
            names = found.get(key, ())
            found[key] = names if name in names else (*names, name)
    return found


def _split(address: str) -> tuple[str, str]:
    """Return local part and domain in normal form; the domain is empty where there is no @."""
    local, _, domain = address.rpartition("@")
    if _QUOTED.fullmatch(local):
        local = re.sub(r"\\(.)", r"\1", local[1:-1], flags=re.DOTALL)
    return unicodedata.normalize("NFC", local).casefold(), _domain(domain)


def _domain(domain: str) -> str:
    # NFKC makes the full stops of East Asian scripts one, and the wide letters plain (UTS 46).
    plain = unicodedata.normalize("NFKC", domain).lower().replace("\u3002", ".").removesuffix(".")
    return ".".join(_label(label) for label in plain.split("."))


def _label(label: str) -> str:
    if not label.startswith("xn--") or len(label) > _LABEL:
        return label
    try:
        decoded = label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label
    return unicodedata.normalize("NFC", decoded).lower()
