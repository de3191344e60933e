"""How long each phase of a conversation may take (RFC 5321 4.5.3.2), in seconds."""

from dataclasses import dataclass

_AT_THE_END = 5


@dataclass(frozen=True, slots=True)
class Timeouts:
    """`greeting` counts for TLS as well, `command` for each reply, `block` for each piece of a mail that is sent.

    `end` is the wait after the final dot: who gives up too early there makes a second copy.
    """

    connect: float
    greeting: float
    command: float
    data: float
    block: float
    end: float

    @classmethod
    def of(cls, seconds: float) -> "Timeouts":
        """Make all of one wait; the one after the final dot is five times as long."""
        return cls(seconds, seconds, seconds, seconds, seconds, _AT_THE_END * seconds)
