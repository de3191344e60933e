"""Callbacks on their way: tried again where it is asked for, held, repeated, out of order, lost and cut on order."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from gateway.simulator import Options, Simulator
from gateway.simulator.delivery import Retries
from tests.contract.conftest import Party
from tests.servers.program import wait_until

Meet = Callable[..., Party]
Received = list[tuple[dict[str, str], bytes]]


def texts(received: Received) -> list[str]:
    """What the answers that came say, in order."""
    documents = [json.loads(body) for _, body in received]
    included = [one for document in documents for one in document["included"] if one["type"] == "c3_answer_errands"]
    return [errand["attributes"]["answer"]["response"]["body"] for errand in included]


def test_a_callback_is_sent_once_unless_retries_are_asked_for(party: Meet, receiver: str, received: Received) -> None:
    at = party(callback=f"{receiver}/broken")
    errand = at.create()
    at.answer(errand, text="Yes.")
    [[delivery]] = at.deliveries(errand)
    assert (delivery["status"], delivery["body"], delivery["url"]) == (500, "thanks", f"{receiver}/broken")
    assert len(received) == 1


def test_a_callback_that_is_not_taken_is_tried_again(party: Meet, receiver: str, received: Received) -> None:
    at = party(callback=f"{receiver}/broken", tries=3, waits=(0.01,))
    errand = at.create()
    shown = at.answer(errand, text="Yes.")
    assert len(shown["callbacks"]) == 1
    wait_until(lambda: len(at.deliveries(errand)[0]) == 3, "three deliveries")
    assert len({body for _, body in received}) == 1


def test_trying_ends_with_the_callback_that_is_taken(party: Meet, received: Received) -> None:
    at = party(tries=5, waits=(0.01,))
    at.sim("callbacks/fail", {})
    errand = at.create()
    at.answer(errand, text="Yes.", status=502)
    wait_until(lambda: received, "the second try")
    at.answer(errand, text="No.")
    assert texts(received) == ["Yes.", "No."]
    assert [[delivery["status"] for delivery in one] for one in at.deliveries(errand)] == [[None, 200], [200]]


def test_waits_are_taken_in_turn_and_the_last_goes_on() -> None:
    retries = Retries(5, (1.0, 10.0))
    assert [retries.wait(tried) for tried in range(1, 6)] == [1, 10, 10, 10, None]
    assert Retries().wait(1) is None


def test_an_answer_can_be_held_and_sent_out_of_order(party: Meet, received: Received) -> None:
    at = party()
    errand = at.create()
    held = at.answer(errand, "?hold=true", text="first")
    assert (held["callback"], held["callbacks"], held["answer"]) == (None, [], 1)
    at.answer(errand, "?hold=true", text="second")
    assert received == []
    at.sim(f"errands/{errand}/callback", {})
    at.sim(f"errands/{errand}/callback?answer=1&times=2", {})
    assert texts(received) == ["second", "first", "first"]


def test_a_callback_is_repeated_byte_by_byte(party: Meet, received: Received) -> None:
    at = party()
    errand = at.create()
    at.answer(errand, text="Yes.")
    at.sim(f"errands/{errand}/callback", {})
    assert len(received) == 2
    assert received[0][1] == received[1][1]


def test_there_must_be_an_answer_to_repeat(party: Meet) -> None:
    at = party()
    errand = at.create()
    at.sim(f"errands/{errand}/callback", {}, status=409)
    at.answer(errand, text="Yes.")
    at.sim(f"errands/{errand}/callback?answer=2", {}, status=409)
    at.sim(f"errands/{errand}/callback?answer=x", {}, status=422)
    at.sim("callbacks", [], method="PUT")
    at.sim(f"errands/{errand}/callback", {}, status=409)


def test_the_next_callback_can_be_lost(party: Meet, received: Received) -> None:
    at = party()
    errand = at.create()
    at.sim("callbacks/fail", {})
    assert "lost" in at.answer(errand, text="first", status=502)["callback"]["error"]
    at.answer(errand, text="second")
    assert texts(received) == ["second"]


@contextmanager
def listener() -> Iterator[tuple[str, Callable[[], bytes]]]:
    """A server's address, and what the first client sent until it closed; it answers nothing."""
    taken: list[bytes] = []

    def take(server: socket.socket) -> None:
        client, _ = server.accept()
        with client:
            client.settimeout(10)
            while chunk := client.recv(65536):
                taken.append(chunk)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=take, args=(server,))
        thread.start()

        def sent() -> bytes:
            thread.join(timeout=10)
            return b"".join(taken)

        yield f"http://127.0.0.1:{server.getsockname()[1]}/callbacks", sent


@pytest.mark.parametrize(("fault", "share"), [({"cut": "middle"}, 0.5), ({"cut": True, "after_create": True}, 1)])
def test_a_callback_can_be_cut(party: Meet, fault: dict[str, Any], share: float) -> None:
    with listener() as (url, sent):
        at = party(callback=url)
        at.sim("faults", {"target": "callback", "calls": 1} | fault, method="PUT")
        assert "cut" in at.answer(at.create(), text="Yes.", status=502)["callback"]["error"]
        head, _, body = sent().partition(b"\r\n\r\n")
    promised = int(head.lower().partition(b"content-length: ")[2].split()[0])
    assert len(body) == int(promised * share)


def test_a_callback_can_be_sent_as_anything(party: Meet, received: Received) -> None:
    at = party()
    fault = {"target": "callback", "body": "no JSON", "content_type": "text/plain", "headers": {"X-Odd": "yes"}}
    at.sim("faults", fault, method="PUT")
    at.answer(at.create(), text="Yes.")
    [(headers, body)] = received
    assert (headers["content-type"], headers["x-odd"], body) == ("text/plain", "yes", b"no JSON")


def test_a_fault_of_any_call_is_not_one_of_callbacks(party: Meet, received: Received) -> None:
    at = party()
    errand = at.create()
    at.sim("faults", {"cut": True}, method="PUT")
    at.answer(errand, text="Yes.")
    assert texts(received) == ["Yes."]


@pytest.mark.parametrize("fault", [{"status": 500}, {"cut": True, "json": False}])
def test_a_callback_is_not_answered_by_the_simulator(party: Meet, fault: dict[str, Any]) -> None:
    [error] = party().sim("faults", {"target": "callback"} | fault, method="PUT", status=422)["errors"]
    assert error["source"]["pointer"] in {"/status", "/json"}


# The receiver's answer is what the agent waits for: a callback that was to be late is sent now.
def test_a_late_callback_does_not_hold_up_a_stop(receiver: str, received: Received) -> None:
    async def live() -> None:
        simulator = Simulator(Options(callback=receiver))
        await simulator.start()
        at = Party(simulator)
        errand = await asyncio.to_thread(at.create)
        await asyncio.to_thread(at.sim, "faults", {"target": "callback", "delay": 600, "calls": 1}, method="PUT")
        answering = asyncio.create_task(asyncio.to_thread(at.answer, errand, text="Yes."))
        await asyncio.to_thread(wait_until, lambda: at.sim("faults") == [], "the callback's turn")
        await asyncio.wait_for(simulator.stop(), timeout=20)
        assert (await answering)["callback"]["status"] == 200

    asyncio.run(live())
    assert texts(received) == ["Yes."]


def test_what_still_waits_to_be_tried_again_does_not_hold_up_a_stop() -> None:
    async def live() -> None:
        simulator = Simulator(Options(callback="http://127.0.0.1:9/", tries=2, waits=(600.0,)))
        await simulator.start()
        at = Party(simulator)
        errand = await asyncio.to_thread(at.create)
        await asyncio.to_thread(at.answer, errand, text="Yes.", status=502)
        await asyncio.wait_for(simulator.stop(), timeout=10)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(live())
