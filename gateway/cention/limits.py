"""What a call to Cention may take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on a call: seconds to connect, of silence, and in all; bytes of an attachment's content."""

    connect: float = 10.0
    silence: float = 60.0
    total: float = 300.0
    attachment: int = 50_000_000
