"""What a person wants in an errand's document instead of what was read of the mail; it goes over what rules set."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gateway.cention.document import new_errand
from gateway.errors import Permanent
from gateway.mail.field import bare_address
from gateway.model import Errand

FIELDS: Mapping[str, str] = {
    "from": "sender",
    "name": "name",
    "subject": "subject",
    "body": "body",
    "html": "html_body",
}
"""The words for what can be changed, and how an errand calls them."""

_LONGEST = 1_000_000
_SOUND = Errand(message_id="<edited@invalid>", name="", sender="edited@invalid", subject="", body="", html_body="")


def checked(fields: Mapping[str, str]) -> Mapping[str, str]:
    """Return the fields as they can be kept; Permanent for an unknown or endless one, Invalid for a forbidden value."""
    if unknown := [name for name in fields if name not in FIELDS]:
        raise Permanent(f"there is no field {', '.join(unknown)}; there are {', '.join(FIELDS)}")
    if endless := [name for name, value in fields.items() if len(value) > _LONGEST]:
        raise Permanent(f"{', '.join(endless)}: a field may have {_LONGEST} letters")
    try:
        bare_address(fields.get("from", _SOUND.sender))
    except ValueError as error:
        raise Permanent(f"from: expected an address such as asa@client.example: {error}") from error
    new_errand(edited(_SOUND, fields))
    return dict(fields)


def edited(errand: Errand, fields: Mapping[str, str] | None) -> Errand:
    """Return the errand with these fields, each by its word in FIELDS."""
    if not fields:
        return errand
    changed: dict[str, Any] = {FIELDS[name]: value for name, value in fields.items() if name in FIELDS}
    return replace(errand, **changed)
