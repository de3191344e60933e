"""What `check` found, as a value."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and what there is to say about it."""

    what: str
    state: State
    said: str
