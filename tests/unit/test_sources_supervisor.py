"""Which pollers are this node's, while the store that says so is away."""

import time
from collections.abc import Sequence
from typing import Any

from gateway.errors import Temporary
from gateway.sources.supervisor import Supervisor


# By then another node may hold them: two would fetch from one mailbox.
def test_pollers_are_let_go_when_the_store_does_not_answer_until_their_time_is_over() -> None:
    answers = iter([{"imap box INBOX"}])

    def hold(_names: Sequence[str], _seconds: float) -> set[str]:
        for found in answers:
            return found
        time.sleep(0.2)
        raise Temporary("away")

    store: Any = None
    supervisor = Supervisor(store, hold, 1, 1)
    supervisor._renew()
    assert supervisor._held == {"imap box INBOX"}
    supervisor._held_until = time.monotonic() + 0.1
    supervisor._renew()
    assert supervisor._held == set()
