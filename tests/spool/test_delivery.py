"""What is kept of an answer's recipients, on each store."""

import asyncio
from functools import partial
from typing import Any

import pytest

from gateway.model import Envelope, Event
from gateway.spool import delivery, query, roads
from gateway.spool.arrival import mail_row
from gateway.spool.delivery import Fate, Notice, Outcome, Standing, Told
from gateway.spool.spool import Spool

ASA = "asa@client.example"
NOTICE = "01" + 24 * "N"


@pytest.fixture
def answer(spool: Spool) -> str:
    """An answer that came in: its id."""
    return asyncio.run(spool.accept_callback("demo", "i", "7", b"{}", {}, work=True)).id


def records(spool: Spool, outcome: Outcome, at: float = 1.0) -> None:
    spool.change(partial(delivery.record, outcome=outcome, at=at)).result()


def rows(spool: Spool, answer: str) -> list[dict[str, Any]]:
    return spool.read(partial(delivery.of_answer, answer=answer))


def notice(told: Told, name: str = NOTICE) -> Notice:
    row = mail_row(name, Envelope("notice", "", ("support@example.com",)), name, 5, b"hello", 1.0)
    return Notice(row, "support", {"answer": "x", "errand": "7"}, told, (ASA,))


def jobs_of(spool: Spool, name: str) -> list[dict[str, Any]]:
    return spool.read(partial(query.jobs_of, name=name))


def test_a_state_lasts_since_it_began(spool: Spool, answer: str) -> None:
    for at in (1.0, 2.0):
        records(spool, Outcome(answer, (Standing(ASA, Fate.DELAYED, f"451 at {at}"),)), at)
    (row,) = rows(spool, answer)
    assert (row["since"], row["at"], row["reply"]) == (1.0, 2.0, "451 at 2.0")
    records(spool, Outcome(answer, (Standing(ASA, Fate.SENT, "250", smarthost="mx", queue_id="A1"),)), 3.0)
    (row,) = rows(spool, answer)
    assert (row["state"], row["since"], row["queue_id"]) == ("sent", 3.0, "A1")


# A report may be quicker than our own record of the sending.
def test_what_came_back_is_not_overwritten_by_what_a_try_says(spool: Spool, answer: str) -> None:
    records(spool, Outcome(answer, (Standing(ASA, Fate.BOUNCED, "550 no", "5.1.1", report=NOTICE),)))
    records(spool, Outcome(answer, (Standing(ASA, Fate.SENT, "250 ok"),)))
    assert [row["state"] for row in rows(spool, answer)] == ["bounced"]


def test_a_notice_becomes_a_mail_once_for_what_it_tells(spool: Spool, answer: str) -> None:
    late, gone = (Standing(ASA, fate) for fate in (Fate.DELAYED, Fate.FAILED))
    other = NOTICE[:-1] + "O"
    for standing, told, name in (
        (late, Told.DELAYED, NOTICE),
        (late, Told.DELAYED, "TWICE"),
        (gone, Told.FAILED, other),
    ):
        records(spool, Outcome(answer, (standing,), notice(told, name)))
    for told in (Told.DELAYED, Told.FAILED):
        records(spool, Outcome(answer, (gone,), notice(told, "LATE")))
    assert [len(jobs_of(spool, name)) for name in (NOTICE, "TWICE", other, "LATE")] == [1, 0, 1, 0]
    (job,) = jobs_of(spool, NOTICE)
    assert (job["kind"], job["route"], job["detail"]) == (
        "errand",
        "support",
        {"notice": {"answer": "x", "errand": "7"}},
    )


def test_what_a_person_was_told_by_another_way_is_marked(spool: Spool, answer: str) -> None:
    records(spool, Outcome(answer, (Standing(ASA, Fate.FAILED),), told=(Told.FAILED, (ASA,))))
    records(spool, Outcome(answer, (Standing(ASA, Fate.FAILED),), notice(Told.FAILED)))
    assert jobs_of(spool, NOTICE) == []


def test_an_answer_is_found_by_errand_and_recipient_and_its_story_is_one(spool: Spool, answer: str) -> None:
    told = notice(Told.FAILED)._replace(link={"answer": answer})
    records(spool, Outcome(answer, (Standing(ASA, Fate.FAILED),), told, steps=(Event("bounced", {}),)))
    assert spool.read(partial(delivery.by_errand, errand="7", recipients=[ASA.upper()])) == answer
    assert spool.read(partial(delivery.by_errand, errand="8", recipients=[ASA])) is None
    for name in (answer, NOTICE):
        assert set(spool.read(partial(roads.joined, subjects=[name]))) == {answer, NOTICE}
    trace = spool.read(partial(query.trace, subject=answer))
    assert trace is not None
    assert "bounced" in [step["step"] for step in trace["events"]]


# An address has no bound at Cention, an index has one.
def test_an_address_without_end_is_kept_cut(spool: Spool, answer: str) -> None:
    long = f"{'a' * 10_000}@client.example"
    records(spool, Outcome(answer, (Standing(long, Fate.FAILED),), told=(Told.FAILED, (long,))))
    (row,) = rows(spool, answer)
    assert (len(row["recipient"]), row["told"]) == (320, "failed")
