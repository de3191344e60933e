"""What the road out needs of the spool, for several answers in one look, on each store."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from gateway.model import JobState, Receipt
from gateway.spool import jobs
from gateway.spool.jobs import Conclusion, LaneRoom
from gateway.spool.recall import Recalled, recall
from gateway.spool.spool import Spool

Accept = Callable[..., Receipt]
ROOM = [LaneRoom("route:support", 9)]


@pytest.fixture
def calls(spool: Spool) -> Any:
    def call(errand: str, document: bytes = b"{}") -> str:
        return asyncio.run(spool.accept_callback("demo", f"of {errand}", errand, document, {}, work=True)).id

    return call


def recalled(spool: Spool, *names: str, routes: tuple[str, ...] = ("support",)) -> dict[str, Recalled]:
    return spool.read(partial(recall, names=names, routes=routes))


def make(spool: Spool, errand: str) -> None:
    """Have the next job of the route make an errand."""
    [taken] = spool.change(partial(jobs.lease, rooms=ROOM, most=1, seconds=60.0)).result()
    end = Conclusion(JobState.DONE, result=errand)
    assert spool.change(partial(jobs.conclude, done=taken, end=end, now=1.0)).result()


def test_each_answer_has_its_document_and_the_mail_that_made_its_errand(
    spool: Spool, accept: Accept, calls: Any
) -> None:
    mails = [accept(f"Message-ID: <{number}@x>\r\n\r\nhello".encode()).id for number in range(3)]
    for errand in ("1", "2", "2"):
        make(spool, errand)
    one, two, three = calls("1", b"[1]"), calls("2", b"[2]"), calls("3", b"[3]")
    found = recalled(spool, one, two, three)
    assert [found[name].document for name in (one, two, three)] == [b"[1]", b"[2]", b"[3]"]
    assert [(found[name].maker or {}).get("id") for name in (one, two, three)] == [mails[0], mails[2], None]
    assert found[one].errand == "1"


def test_errands_of_other_routes_are_not_found(spool: Spool, accept: Accept, calls: Any) -> None:
    accept(b"\r\nhello")
    make(spool, "1")
    assert recalled(spool, name := calls("1"), routes=("sales",))[name].maker is None


# Cention's answer may be faster than our own record of the errand.
def test_an_errand_that_is_being_made_may_be_the_answers(spool: Spool, accept: Accept, calls: Any) -> None:
    name = calls("1")
    assert not recalled(spool, name)[name].to_come
    accept(b"\r\nhello")
    spool.change(partial(jobs.lease, rooms=ROOM, most=1, seconds=60.0)).result()
    assert recalled(spool, name)[name].to_come


def test_a_large_document_is_left_to_be_read_alone(spool: Spool, calls: Any) -> None:
    name = calls("1", b" " * 65_537)
    assert recalled(spool, name)[name].document is None
    assert len(spool.document(name)) == 65_537


def test_what_is_not_there_is_left_out(spool: Spool) -> None:
    assert recalled(spool, "01" + 24 * "Z") == {}
