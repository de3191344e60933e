"""Connections to a host: no more than it takes, and everyone's turn comes."""

import threading
from contextlib import ExitStack

from gateway.sources.imap_slots import Slots
from tests.servers.program import wait_until

NEVER = threading.Event()


def test_there_are_no_more_connections_than_slots() -> None:
    slots, most, now, lock = Slots(2), 0, 0, threading.Lock()

    def work() -> None:
        nonlocal most, now
        for _ in range(50):
            with slots.taken(NEVER):
                with lock:
                    now += 1
                    most = max(most, now)
                with lock:
                    now -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert most <= 2
    assert now == 0


def test_who_has_a_slot_sees_that_another_waits() -> None:
    slots, stopping = Slots(1), threading.Event()
    got: list[bool] = []

    def wait() -> None:
        with slots.taken(stopping) as ours:
            got.append(ours)

    with slots.taken(NEVER):
        assert not slots.wanted
        thread = threading.Thread(target=wait)
        thread.start()
        wait_until(lambda: slots.wanted, "somebody waits")
    thread.join(5)
    assert got == [True]


def test_who_is_told_to_stop_waits_no_longer() -> None:
    slots, stopping = Slots(1), threading.Event()
    stopping.set()
    with slots.taken(NEVER), slots.taken(stopping) as ours:
        assert not ours


# The server takes fewer than we were told: then there are fewer, and the one too many waits for a turn.
def test_a_limit_of_the_servers_is_kept() -> None:
    slots = Slots(8)
    with ExitStack() as three:
        for _ in range(3):
            three.enter_context(slots.taken(NEVER))
        assert slots.reached()
    stopping = threading.Event()
    with slots.taken(NEVER), slots.taken(NEVER):
        stopping.set()
        with slots.taken(stopping) as ours:
            assert not ours


def test_a_single_connection_that_is_refused_has_nobody_to_make_room() -> None:
    slots = Slots(8)
    with slots.taken(NEVER):
        assert not slots.reached()
