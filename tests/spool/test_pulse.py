"""How many of what happened, and which nodes are there: on each store."""

import time
from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import Connection, insert

from gateway.model import Receipt
from gateway.spool import nodes, pulse
from gateway.spool.fetching import take_holds
from gateway.spool.heartbeat import Heartbeat
from gateway.spool.nodes import Node
from gateway.spool.spool import Spool
from gateway.spool.tables import event

NOW = 1_000_000_000.0


def happened(spool: Spool, *steps: tuple[str, float]) -> None:
    rows = [{"subject": "1", "at": at, "step": step, "detail": {}} for step, at in steps]
    spool.change(lambda connection: connection.execute(insert(event), rows)).result()


def counted(spool: Spool, now: float = NOW + 7200, most: int = 1000) -> bool:
    tally = spool.read(partial(pulse.count, now=now, most=most))
    return tally is not None and spool.change(partial(pulse.keep, tally=tally, now=now)).result()


def series(spool: Spool, seconds: int) -> dict[str, dict[int, int]]:
    return spool.read(partial(pulse.series, seconds=seconds, since=0))


def test_steps_are_counted_once_by_the_minute_and_the_hour(spool: Spool) -> None:
    happened(spool, ("accepted", NOW), ("accepted", NOW + 1), ("created", NOW + 61), ("read", NOW))
    assert counted(spool)
    assert not counted(spool)
    minute = int(NOW) - int(NOW) % 60
    hour = int(NOW) - int(NOW) % 3600
    assert series(spool, 60) == {"accepted": {minute: 2}, "errand": {minute + 60: 1}}
    assert series(spool, 3600) == {"accepted": {hour: 2}, "errand": {hour: 1}}
    happened(spool, ("accepted", NOW + 2))
    assert counted(spool)
    assert series(spool, 60)["accepted"] == {minute: 3}


# What a spool had before it was counted is counted bit by bit, so that no look is a long one.
def test_a_long_past_is_counted_in_pieces(spool: Spool) -> None:
    happened(spool, *(("accepted", NOW) for _ in range(25)))
    assert [counted(spool, most=10) for _ in range(4)] == [True, True, True, False]
    assert sum(series(spool, 60)["accepted"].values()) == 25


def test_two_nodes_that_count_at_once_count_once(spool: Spool) -> None:
    happened(spool, ("accepted", NOW))
    tallies = [spool.read(partial(pulse.count, now=NOW + 60)) for _ in range(2)]
    kept = [spool.change(partial(pulse.keep, tally=one, now=NOW + 60)).result() for one in tallies if one]
    assert kept == [True, False]
    assert sum(series(spool, 60)["accepted"].values()) == 1


def test_minutes_are_kept_for_a_day_and_hours_for_a_month(spool: Spool) -> None:
    day = 86400
    happened(spool, ("accepted", NOW), ("accepted", NOW + 2 * day))
    counted(spool, NOW + 2 * day + 60)
    assert (len(series(spool, 60)["accepted"]), len(series(spool, 3600)["accepted"])) == (1, 2)
    happened(spool, ("accepted", NOW + 40 * day))
    counted(spool, NOW + 40 * day + 60)
    assert (len(series(spool, 60)["accepted"]), len(series(spool, 3600)["accepted"])) == (1, 1)


# Of two nodes one may be ahead of the other's clock, or commit late: what is passed by would never be counted.
def test_nothing_is_passed_by_that_may_not_be_there_yet(spool: Spool) -> None:
    happened(spool, ("accepted", NOW + 30), ("accepted", NOW))
    early = counted(spool, NOW + 50)
    assert early == (spool.database.writing.dialect.name == "sqlite")  # which has one writer, in order
    counted(spool, NOW + 80)
    assert sum(series(spool, 60)["accepted"].values()) == 2


def test_an_accepted_mail_is_counted(spool: Spool, accept: Callable[..., Receipt]) -> None:
    accept(b"Message-ID: <1@x>\n\nhello\n")
    assert counted(spool, time.time() + 60)
    assert sum(series(spool, 60)["accepted"].values()) == 1


def listed(connection: Connection) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    return [(one.host, one.roles, one.pollers) for one in nodes.listed(connection)]


def test_a_node_says_what_it_does_and_is_gone_when_it_stops(spool: Spool) -> None:
    node = Heartbeat(spool, "A" * 26, ("worker", "http"))
    assert node.beat() == ""
    spool.change(partial(take_holds, names=["imap office"], holder="A" * 26, seconds=60.0)).result()
    (found,) = spool.read(nodes.listed)
    assert (found.roles, found.pollers) == (("http", "worker"), ("imap office",))
    node.stop()
    assert spool.read(nodes.listed) == []


# A node that was killed says nothing any more: its silence is seen, and after a day it is forgotten.
def test_a_node_that_is_silent_for_a_day_is_forgotten(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, time_of in (("A" * 26, 0.0), ("B" * 26, 90_000.0)):
        monkeypatch.setattr(nodes, "now", lambda _connection, at=time_of: at)
        spool.change(partial(nodes.say, one=Node(name, name[:1], (), 0.0, 0.0))).result()
    assert [host for host, *_ in spool.read(listed)] == ["B"]
