"""Nothing that got its 250 is lost, though the program is killed time and again and Cention fails a third of calls."""

import asyncio
from collections import Counter
from datetime import datetime
from functools import partial
from itertools import pairwise

import pytest

from tests.acceptance.conftest import SUPPORT, Build, House, message
from tests.servers.clients import swaks
from tests.servers.dovecot import Dovecot
from tests.servers.load import Load, Outcome, send
from tests.servers.postfix import Postfix
from tests.servers.program import wait_until

MAILS, SESSIONS, SIZE = 2000, 20, 4096
KILLS = 10
THREADS = 8


def kill_ten_times(house: House, outcome: Outcome) -> None:
    """Kill the gateway each time that another part of the way is gone, accepting and creating alike, and start it."""
    for kill in range(1, KILLS + 1):
        wait_until(partial(_is_so_far, house, outcome, 2 * MAILS * kill // (KILLS + 1)), f"kill {kill}", seconds=120)
        house.gateway.kill_alone()
        house.gateway.start()


def _is_so_far(house: House, outcome: Outcome, way: int) -> bool:
    accepted, waiting = len(outcome.accepted), sum(house.gateway.jobs().values())
    return 2 * accepted - waiting >= way


async def load_and_kill(house: House) -> Outcome:
    """Send everything while the gateway is killed; returns when both are done."""
    load, outcome = Load(house.gateway.smtp_port, MAILS, SESSIONS, SIZE, "load@example.net", SUPPORT), Outcome()
    async with asyncio.TaskGroup() as both:
        both.create_task(send(load, outcome))
        both.create_task(asyncio.to_thread(kill_ten_times, house, outcome))
    return outcome


def created_twice(house: House) -> dict[str, list[float]]:
    """When Cention created the errands of each Message-ID that it has more than once (Unix time)."""
    created = {call["errand_id"]: call["at"] for call in house.simulator.calls() if call.get("errand_id")}
    times: dict[str, list[float]] = {}
    for errand in house.simulator.errands():
        times.setdefault(message(errand)["message_id"], []).append(created[errand["id"]])
    return {name: sorted(at) for name, at in times.items() if len(at) > 1}


def starts(house: House) -> list[float]:
    """When the gateway was started, by its own log (Unix time): between two of them lies a kill."""
    return [datetime.fromisoformat(fact["timestamp"]).timestamp() for fact in house.gateway.facts("started")]


# Created twice is what at-least-once costs: a kill between Cention's answer and our record of it. So there is a start
# between the two, and at each kill no more of them than threads that had one in hand.
@pytest.mark.timeout(400)
def test_ten_kills_and_a_failing_cention_cost_no_mail(build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    house = build({"worker": {"threads": THREADS}})
    house.simulator.faults({"target": "create", "status": 500, "rate": 0.33})
    outcome = asyncio.run(load_and_kill(house))
    assert len(set(outcome.accepted)) == MAILS
    house.gateway.wait_until_idle(seconds=120)

    seen = Counter(message(errand)["message_id"] for errand in house.simulator.errands())
    twice = created_twice(house)
    with capsys.disabled():
        failed = sum(call["status"] == 500 for call in house.simulator.calls())
        print(
            f"\n{MAILS} mails got their 250 in spite of {KILLS} kills ({outcome.broken} connections broken or refused)",
            end=", ",
        )
        print(
            f"{failed} calls failed, {len(set(outcome.accepted) - seen.keys())} mails lost, {len(twice)} created twice"
        )
    assert set(outcome.accepted) == seen.keys()
    assert sum(seen.values()) - MAILS <= KILLS * THREADS
    started = starts(house)
    assert len(started) == KILLS + 1
    for times in twice.values():
        assert all(any(first < start < second for start in started) for first, second in pairwise(times))


# The same promise on the other road: what Cention got its 200 for arrives, once.
def test_an_answer_that_waits_outlives_a_kill(build: Build, plain_smarthost: Postfix, dovecot: Dovecot) -> None:
    writer = "killed@example.net"
    house = build({"outgoing": {"smarthosts": ["smtp://127.0.0.1:1"]}})
    swaks(house.gateway.smtp_port, sender=writer, to=SUPPORT)
    [errand] = house.simulator.wait_for_errands()
    house.simulator.answer(errand["id"], "An answer.")
    wait_until(lambda: house.gateway.facts("again later"), "the gateway says that it tries again")
    house.gateway.kill()
    house.gateway.change({"outgoing": {"smarthosts": [f"smtp://127.0.0.1:{plain_smarthost.port}"]}})
    house.gateway.start()
    dovecot.wait_for_mails(writer)
    house.gateway.wait_until_idle()
    assert len(dovecot.raw_mails(writer)) == 1
