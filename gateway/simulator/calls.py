"""What the simulator was sent, in order, so that a client's behaviour can be looked at from the other side."""

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

MOST_CALLS = 10_000


@dataclass(slots=True)
class Call:
    """One request, listed as soon as its head is read; `status` is None until it is answered, and if it never is."""

    method: str
    path: str
    headers: dict[str, str] = field(repr=False)
    target: str
    at: float = field(default_factory=time.time)
    size: int = 0
    status: int | None = None
    errand_id: str | None = None

    def shown(self) -> dict[str, Any]:
        """The call as `/_sim/calls` shows it: `at` in Unix time, `size` of the body in bytes."""
        shown = {
            "at": self.at,
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "headers": self.headers,
            "size": self.size,
            "target": self.target,
        }
        return shown if self.errand_id is None else shown | {"errand_id": self.errand_id}


class Calls(deque[Call]):
    """The last calls, oldest first."""

    def __init__(self) -> None:
        super().__init__(maxlen=MOST_CALLS)
