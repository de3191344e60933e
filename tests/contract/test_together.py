"""Mails that are leased and read together: what one of them meets is not the others', and no call is made in vain."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.flow.inbound import Prepared, Reading, prepare
from gateway.flow.readers import Readers
from gateway.model import Envelope
from gateway.spool import query
from tests.roads import Road, road, until
from tests.spool.conftest import accepted

MAIL = b"From: Asa <asa@client.example>\r\nMessage-ID: <%d@client.example>\r\n\r\n%b\r\n"
ENVELOPE = Envelope("smtp", "asa@client.example", ("support@example.com",))
MANY = 30


def fatal(source: bytes | Path, reading: Reading) -> Prepared:
    """Read a mail as it is read, but for one that says that it ends its reader."""
    if isinstance(source, bytes) and b"fatal" in source:
        os._exit(3)
    return prepare(source, reading)


@contextmanager
def reading_with(roads: Road, readers: Readers) -> Iterator[None]:
    real, roads.gateway._worker._readers = roads.gateway._worker._readers, readers
    try:
        yield
    finally:
        roads.gateway._worker._readers = real
        readers.close()


def come(roads: Road, bodies: list[bytes]) -> list[str]:
    """Have mails of these bodies come in, all before the worker hears of the first; their ids."""
    mails = [MAIL % (number, body) for number, body in enumerate(bodies)]
    names = [roads.run(accepted(roads.gateway.spool, mail, "support", envelope=ENVELOPE)).id for mail in mails]
    roads.gateway._worker.wake()
    return names


def test_of_mails_read_together_only_the_one_that_ends_its_reader_is_parked(tmp_path: Path) -> None:
    bodies = [b"fatal" if number == MANY // 2 else b"well" for number in range(MANY)]
    with road(tmp_path) as roads, reading_with(roads, Readers(1, 20.0, 1_000_000_000, fatal)):
        names = come(roads, bodies)
        guilty = names.pop(MANY // 2)
        assert roads.reaches(guilty, "parked")["crashes"] == 3
        for name in names:
            assert roads.reaches(name, "done")["crashes"] == 0
            assert roads.steps(name) == ["accepted", "read", "created"]


# Those that are in hand with it wait for their turn; the token that was refused is theirs too.
def test_a_token_that_was_refused_is_not_tried_by_the_mails_in_hand_with_it(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        roads.faults({"target": "create", "status": 401, "delay": 0.3})
        names = come(roads, [b"well"] * MANY)
        for name in names:
            roads.reaches(name, "held")
        at_once = roads.gateway.plan.settings.concurrency("route:support")
        assert len(roads.get("/_sim/calls")) <= at_once
        reasons = {pause["reason"] for pause in roads.gateway.spool.read(query.pauses)}
        assert len(reasons) == 1
        assert "401" in reasons.pop()


def test_mails_that_wait_for_their_turn_when_the_program_stops_are_left_for_its_next_start(tmp_path: Path) -> None:
    running = Road(tmp_path)
    running.faults({"target": "create", "delay": 1.0})
    names = come(running, [b"well"] * MANY)
    until(lambda: running.get("/_sim/calls"), "a call to be under way")
    running.run(running.gateway.stop())
    done = len(running.errands())
    assert 0 < done < MANY
    running.faults()
    running.gateway = running.run(running._started())
    for name in names:
        running.reaches(name, "done")
    assert len(running.errands()) == MANY
    running.__exit__()
