"""What mails belong to, and how many were alike, on each store."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from gateway.model import Event, JobState, Receipt, Thread
from gateway.spool import jobs
from gateway.spool.jobs import Conclusion, LaneRoom
from gateway.spool.spool import Spool
from gateway.spool.tables import sent
from gateway.spool.threads import Clues, alike_since, held_alike, held_in_loops, threads

Concludes = Callable[..., None]


@pytest.fixture
def concludes(spool: Spool, accept: Callable[..., Receipt]) -> Concludes:
    """Accepts a mail and concludes its job."""

    def conclude(number: int, state: JobState = JobState.DONE, hold: str | None = None, **mail: Any) -> None:
        accept(f"Message-ID: <{number}@x>\n\n{number}\n".encode())
        (job,) = spool.change(lambda connection: jobs.lease(connection, [LaneRoom("route:support", 1)], 1, 60)).result()
        facts = {"message_id": f"<{number}@x>", "subject": "Thanks", "from_address": "a@b.example"} | mail
        end = Conclusion(state, (Event("read", {}),), result=f"{number}", hold=hold, mail=facts)
        spool.change(lambda connection: jobs.conclude(connection, job, end, time.time())).result()

    return conclude


def find(spool: Spool, *clues: Clues, route: str = "support") -> list[Thread | None]:
    return spool.read(lambda connection: threads(connection, clues, [route]))


def answered(connection: Connection) -> None:
    row = {"message_id": "<ours@gw>", "callback_id": "1", "errand": "700", "route": "support", "recipients": []}
    connection.execute(insert(sent), row | {"sent_at": 0.0})


def test_the_latest_known_mail_of_the_chain_says_where_one_belongs(spool: Spool, concludes: Concludes) -> None:
    concludes(1)
    concludes(2)
    spool.change(answered).result()
    chain = ("<1@x>", "<ours@gw>", "<2@x>", "<never@seen>")
    assert find(spool, Clues(chain), Clues(("<never@seen>",))) == [Thread("2", ("1", "700", "2"), "references"), None]


def test_an_errand_that_is_named_is_one_of_ours_and_of_the_same_routes(spool: Spool, concludes: Concludes) -> None:
    concludes(1)
    spool.change(answered).result()
    known = [Thread("1", ("1",), "subject"), Thread("700", ("700",), "address"), None]
    assert find(spool, Clues((), "1", "subject"), Clues((), "700", "address"), Clues((), "9", "subject")) == known
    assert find(spool, Clues(("<1@x>",)), Clues((), "700", "address"), route="sales") == [None, None]


def test_mails_that_are_alike_are_counted_since_a_time(spool: Spool, concludes: Concludes) -> None:
    for number, alike in enumerate((-5, -5, 7)):
        concludes(number, alike=alike)
    assert spool.read(lambda connection: alike_since(connection, [-5, 7, 8], 0.0)) == {-5: 2, 7: 1}
    assert not spool.read(lambda connection: alike_since(connection, [-5], time.time() + 60))


def test_what_a_loop_holds_is_counted_and_what_a_rule_holds_is_not(spool: Spool, concludes: Concludes) -> None:
    for number, hold in enumerate(("loop", "loop", "rule")):
        concludes(number, JobState.HELD, hold, alike=3)
    assert spool.read(lambda connection: held_alike(connection, 3)) == 2
    assert spool.read(held_in_loops) == [("a@b.example", "Thanks", 2)]
