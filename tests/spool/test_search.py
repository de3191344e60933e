"""What a search finds, on each store alike."""

import time
from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import text as sql

from gateway.model import Job, JobState, Receipt
from gateway.spool import index, jobs, search
from gateway.spool.index import Words
from gateway.spool.jobs import Conclusion, LaneRoom
from gateway.spool.spool import Spool
from gateway.spool.wanted import Around, parse

Accept = Callable[..., Receipt]
ROOMS = [LaneRoom("route:support", 100), LaneRoom("route:sales", 100)]


def mail(number: int, size: int = 0) -> bytes:
    return b"Message-ID: <%d@client.example>\r\n\r\nhello\r\n" % number + b"x" * size


def conclude(spool: Spool, job: Job, state: JobState = JobState.DONE, words: Words | None = None, **facts: str) -> None:
    """Have a job read, and end."""
    told = Conclusion(
        state, result=str(1000 + job.id) if state is JobState.DONE else None, words=words, mail=dict(facts)
    )
    spool.change(partial(jobs.conclude, done=job, end=told, now=time.time())).result()


def take(spool: Spool) -> list[Job]:
    return spool.change(partial(jobs.lease, rooms=ROOMS, most=100, seconds=60.0)).result()


def found(spool: Spool, text: str, below: int | None = None, most: int = 50) -> list[int]:
    wanted = parse(text, Around(time.time()))
    assert wanted.troubles == ()
    return spool.read(lambda connection: search.find(connection, wanted, below, most))


@pytest.fixture
def five(spool: Spool, accept: Accept) -> Spool:
    """An invoice, a bounce that is parked, a parcel with a picture in "sales", a large mail, one that nobody read."""
    for number in (1, 2):
        accept(mail(number))
    accept(mail(3), "sales")
    accept(mail(4, size=70_000))
    by_route = {job.id: job for job in take(spool)}
    conclude(
        spool,
        by_route[1],
        words=Words(sender="Ann Ämter", recipients=("Support <support@example.com>",)),
        subject="Ihre Rechnung für März",
        from_address="ann@büro.example",
        message_id="<1@client.example>",
        kind="person",
    )
    conclude(spool, by_route[2], JobState.PARKED, subject="Undelivered", from_address="daemon@b.example", kind="bounce")
    conclude(spool, by_route[3], words=Words(attachments=2), subject="注文の件 parcel", from_address="bob@c.example")
    conclude(spool, by_route[4], subject="Large, and a parcel", from_address="carl@d.example")
    accept(mail(5))
    return spool


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", [5, 4, 3, 2, 1]),
        ("rechnung", [1]),
        ("RECH", [1]),
        ("marz", [1]),
        ("amter", [1]),
        ("from:ann", [1]),
        ("from:büro.example", [1]),
        ("from:ann@buro.example", [1]),
        ("subject:ann", []),
        ("parcel", [4, 3]),
        ("parcel -large", [3]),
        ("-parcel", [5, 2, 1]),
        ("注文", [3]),
        ("文注", []),
        ('"a parcel"', [4]),
        ('"parcel a"', []),
        ("to:support@example.com", [5, 4, 3, 2, 1]),
        ("to:nobody", []),
        ("asa@client.example", [5, 4, 3, 2, 1]),
        ("errand:#1001", [1]),
        ("errand:1002", []),
        ("state:parked", [2]),
        ("-state:parked,done", [5]),
        ("state:waiting", [5]),
        ("route:sales", [3]),
        ("-route:sales", [5, 4, 2, 1]),
        ("kind:errand", [5, 4, 3, 2, 1]),
        ("kind:answer", []),
        ("kind:bounce", [2]),
        ("kind:bounce,person", [2, 1]),
        ("-kind:bounce", [5, 4, 3, 1]),
        ("has:attachment", [3]),
        ("-has:attachment", [5, 4, 2, 1]),
        ("larger:70kB", [4]),
        ("-larger:70kB", [5, 3, 2, 1]),
        ("smaller:70kB", [5, 3, 2, 1]),
        ("message-id:<1@client.example>", [1]),
        ("message-id:1@client.example", [1]),
        ("source:smtp", [5, 4, 3, 2, 1]),
        ("source:imap", []),
        ("after:1h", [5, 4, 3, 2, 1]),
        ("before:1h", []),
        ("-before:1h", [5, 4, 3, 2, 1]),
        ("parcel state:done route:sales after:1h", [3]),
        ("parcel route:support larger:1kB", [4]),
    ],
)
def test_each_word_narrows_what_is_found(five: Spool, text: str, numbers: list[int]) -> None:
    for newest in (search._NEWEST, 0):  # both ways to look: among the newest, and by the index
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(search, "_NEWEST", newest)
            # A mail that nobody has read is found by its envelope alone.
            assert found(five, text) == numbers


def test_pages_go_on_where_the_one_before_ended(five: Spool) -> None:
    everything = parse("", Around(time.time()))
    first = five.read(lambda connection: search.page(connection, everything, None, 2))
    second = five.read(lambda connection: search.page(connection, everything, first.below, 2))
    last = five.read(lambda connection: search.page(connection, everything, second.below, 2))
    assert [row["id"] for one in (first, second, last) for row in one.rows] == [5, 4, 3, 2, 1]
    assert last.below is None
    assert five.read(lambda connection: search.count(connection, everything)) == 5
    assert five.read(lambda connection: search.count(connection, everything, 3)) == 3


# Retention takes the rows; what they were found by must not stay behind.
def test_what_is_gone_is_not_found(five: Spool) -> None:
    later = time.time() + 10
    five.forget(later, later)
    five.forget(later, later)
    assert found(five, "rechnung") == []
    assert found(five, "") == [5, 2]
    rows = five.read(lambda connection: connection.scalar(sql("SELECT count(*) FROM finding")))
    assert rows == 1


# An older program wrote no words: the worker adds them while it works, the newest first, and once.
def test_what_an_older_program_left_is_found_after_a_while(five: Spool) -> None:
    five.change(lambda connection: connection.execute(sql("DELETE FROM finding"))).result()
    five.change(index.begin_again).result()
    assert found(five, "rechnung") == []
    steps = 0
    while five.change(partial(index.fill, most=2)).result():
        steps += 1
    assert steps == 3
    assert found(five, "rechnung") == [1]
    assert found(five, "parcel") == [4, 3]
    assert not five.change(partial(index.fill, most=2)).result()


def test_a_mail_that_was_read_again_is_found_by_what_was_learned_last(spool: Spool, accept: Accept) -> None:
    accept(mail(1))
    (job,) = take(spool)
    conclude(spool, job, JobState.QUEUED, subject="first")
    (job,) = take(spool)
    conclude(spool, job, words=Words(), subject="second")
    assert found(spool, "first") == []
    assert found(spool, "second") == [1]


def test_words_that_mean_something_to_the_database_are_words(spool: Spool, accept: Accept) -> None:
    accept(mail(1))
    (job,) = take(spool)
    conclude(spool, job, subject='NEAR OR AND NOT it\'s "quoted" * :A & | ! a:b <-> (x) NUL\0here')
    for word in ("NEAR", "or", "AND", "NOT", "it's", "quoted", ":A&", "a:b", "<->x", "(x)", "here"):
        assert found(spool, f'"{word.strip(chr(34))}"') == [1], word
