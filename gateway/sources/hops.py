"""Loops that show in the header alone: too many hops, or too many through us (RFC 5321 6.3)."""

import re

_RECEIVED = re.compile(rb"^received[ \t]*:((?:.*\n?(?:(?=[ \t]).*\n?)*))", re.MULTILINE | re.IGNORECASE)
_TRACE = re.compile(rb"^x-cention-gateway[ \t]*:", re.MULTILINE | re.IGNORECASE)


def hops(head: bytes, hostname: str) -> tuple[int, int]:
    """Count the Received headers, and those among them (and own trace headers) that are of `hostname`."""
    received = [found[1].lower() for found in _RECEIVED.finditer(head)]
    by_us = re.compile(rb"\bby\s+" + re.escape(hostname.lower().encode()) + rb"(?![\w.-])")
    return len(received), sum(by_us.search(value) is not None for value in received) + len(_TRACE.findall(head))
