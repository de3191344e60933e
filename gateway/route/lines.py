"""The `name: value` lines of a text, as form mails have them.

A name is up to 60 characters at the beginning of a line, and a space or the line's end follows its colon, so that no
`http://` is one. Where nothing stands behind the colon, the value is in the lines below, up to an empty one.
"""

import re

LOOKED_AT = 65_536
"""Characters of a text that rules look at."""

LINES = 200
"""Fields of a text that are read."""

_LONGEST = 4_000
_FIELD = re.compile(r"[ \t>*]{0,10}([^\s:][^:\n]{0,59}):(?:[ \t]+(.*))?")


def fields(text: str) -> dict[str, str]:
    """Return the fields of a text by name, as it writes it; of two with one name the first counts."""
    found: dict[str, str] = {}
    seen: set[str] = set()
    below = ""
    for line in text[:LOOKED_AT].splitlines():
        match = _FIELD.fullmatch(line)
        if match is None:
            below = below if line.strip() else ""
            if below:
                found[below] = f"{found[below]}\n{line.strip()}".strip()[:_LONGEST]
            continue
        name, value = match[1].strip(), (match[2] or "").strip()[:_LONGEST]
        new = same_name(name) not in seen
        if new and len(seen) < LINES:
            seen.add(same_name(name))
            found[name] = value
        below = name if name in found and new and not value else ""
    return found


def same_name(name: str) -> str:
    """Return what spellings of a field's name have in common: letter case and runs of spaces do not matter."""
    return " ".join(name.split()).casefold()
