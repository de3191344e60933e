"""`[[pop3]]`: mailboxes that mail is fetched from by POP3."""

import math
from typing import Annotated

from pydantic import Field, PlainSerializer, PlainValidator, TypeAdapter, ValidationError

from gateway.config.mailbox import Mailbox
from gateway.config.units import Duration, duration_text

_PORTS = {"tls": 995, "starttls": 110, "none": 110}
_WORDS = {"delete": 0.0, "keep": math.inf}
_DURATION: TypeAdapter[float] = TypeAdapter(Duration)


def _read_leave(value: object) -> float:
    """Read what `leave` says: how many seconds a message stays on the server once it is ours."""
    if isinstance(value, str) and value in _WORDS:
        return _WORDS[value]
    try:
        return _DURATION.validate_python(value)
    except ValidationError:
        raise ValueError(f'expected "delete", "keep" or a time such as "14 d", found {value!r}') from None


def _leave_text(seconds: float) -> str:
    return next((word for word, meant in _WORDS.items() if meant == seconds), "") or duration_text(seconds)


class Pop3(Mailbox):
    """A mailbox that mail is fetched from by POP3 (RFC 1939, 2449, 2595, 5034)."""

    port: int = Field(
        default=0, ge=0, le=65535, description="Its port; 0 is what belongs to `security`: 995 for tls, else 110."
    )
    leave: Annotated[float, PlainValidator(_read_leave), PlainSerializer(_leave_text)] = Field(
        default=0.0,
        description="How long a message stays on the server once it is ours: `delete` is not at all, `keep` for ever, "
        'and `"14 d"` that long.',
    )

    @property
    def address(self) -> tuple[str, int]:
        """Return host and port."""
        return self.host, self.port or _PORTS[self.security]
