"""Loops that show in the header alone: too many hops, or too many through us (RFC 5321 6.3)."""

import re

_FIELD = rb"((?:.*\n?(?:(?=[ \t]).*\n?)*))"
_RECEIVED = re.compile(rb"^received[ \t]*:" + _FIELD, re.MULTILINE | re.IGNORECASE)
_TRACE = re.compile(rb"^x-cention-errand[ \t]*:" + _FIELD, re.MULTILINE | re.IGNORECASE)


def hops(head: bytes, hostname: str) -> tuple[int, int]:
    """Count the Received headers, and those among them (and trace headers of answers) that are of `hostname`."""
    received = [found[1].lower() for found in _RECEIVED.finditer(head)]
    name = re.escape(hostname.lower().encode()) + rb"(?![\w.-])"
    ours = sum(re.search(rb"\bby\s+" + name, value) is not None for value in received)
    traces = sum(re.match(rb"\s*" + name, found[1].lower()) is not None for found in _TRACE.finditer(head))
    return len(received), ours + traces
