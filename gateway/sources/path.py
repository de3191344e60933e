"""Addresses in SMTP commands (RFC 5321 4.1.2, RFC 6531 3.3): `<local@domain>`, with what real clients make of it."""

import re
from dataclasses import dataclass

_ATOM = r"[^\s\x00-\x1f\x7f<>()\[\]\\,;:@\"]+"
_LOCAL = rf'(?:{_ATOM}|"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*")'
_DOMAIN = rf"(?:\[[0-9A-Za-z:.]+\]|{_ATOM})"
_SOURCE_ROUTE = r"(?:@[^\s<>:]+:)?"
_PATH = re.compile(
    rf"\s*(?:<{_SOURCE_ROUTE}(?P<mailbox>{_LOCAL}(?:@{_DOMAIN})?)>|(?P<null><\s*>)|(?P<bare>{_LOCAL}@{_DOMAIN}))"
    r"(?:\s+(?P<parameters>.*))?"
)


@dataclass(frozen=True, slots=True)
class Path:
    """An address ("" for the null path) and the parameters, names in upper case, "" where there is no value."""

    address: str
    parameters: dict[str, str]


def read_path(argument: str, keyword: str) -> Path | None:
    """Read what follows MAIL (`keyword` "FROM") or RCPT ("TO"); None when it is not of that form."""
    word, colon, rest = argument.partition(":")
    if not colon or word.strip().upper() != keyword:
        return None
    found = _PATH.fullmatch(rest.rstrip())
    if found is None or (found["null"] and keyword != "FROM"):
        return None
    parameters = {}
    for item in (found["parameters"] or "").split():
        name, _, value = item.partition("=")
        parameters[name.upper()] = value
    return Path(found["mailbox"] or found["bare"] or "", parameters)
