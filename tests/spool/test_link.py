"""The link between the spool's process and others: what travels, what does not, and what its end means."""

import asyncio
import pickle
import socket
import struct
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from gateway.errors import Full, Temporary
from gateway.model import Envelope, JobState, Receipt
from gateway.spool import arrival as arrivals
from gateway.spool import jobs, query
from gateway.spool.batched import Batched
from gateway.spool.hub import Hub
from gateway.spool.link import Link, connect, joined
from gateway.spool.spool import Spool, beside
from gateway.spool.wire import Answer, Frames, Message, Note, Request, Unreadable, frame

MAIL = b"Message-ID: <1@x>\r\n\r\nhello\r\n"
ENVELOPE = Envelope("test", "a@example.com", ("b@example.com",))


@given(st.lists(st.integers(1, 400), max_size=40))
def test_frames_are_read_however_they_are_cut(cuts: list[int]) -> None:
    messages: list[Message] = [
        Answer(1, Receipt("x", repeat=False)),
        Note("full", ""),
        Request(2, partial(jobs.recover, now=1.0)),
    ]
    data, frames, seen = b"".join(frame(one) for one in messages), Frames(), []
    for cut in [*cuts, len(data)]:
        seen += frames.feed(data[:cut])
        data = data[cut:]
    assert [type(one) for one in seen] == [Answer, Note, Request]
    assert seen[0] == messages[0]


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return eval, ("1",)


@pytest.mark.parametrize("content", [pickle.dumps(Request(1, Evil())), b"no pickle", b""])
def test_what_is_not_made_of_our_changes_is_refused(content: bytes) -> None:
    with pytest.raises(Unreadable):
        Frames().feed(struct.pack("!I", len(content)) + content)


def test_a_frame_without_end_is_refused() -> None:
    with pytest.raises(Unreadable, match="long"):
        Frames().feed(struct.pack("!I", 1 << 31))


@pytest.fixture
def hub(tmp_path: Path) -> Any:
    spool = Spool(f"sqlite:///{tmp_path / 'spool.db'}")
    woken = threading.Event()
    hub = Hub(spool.writer, woken.set)
    yield hub, spool, woken
    hub.close()
    spool.close()


def arrival(number: int = 1) -> Batched[arrivals.Arrival, Receipt]:
    row = arrivals.mail_row(f"id{number}", ENVELOPE, f"hash{number}", 3, b"abc", 1.0)
    return Batched(arrivals.store, arrivals.Arrival(row, ("support",), distinct=True))


def test_a_change_over_a_link_is_committed_and_whoever_works_is_woken(hub: Any) -> None:
    here, spool, woken = hub
    near, far = socket.socketpair()
    here.join(near)
    with joined(far) as link:
        receipts = [link.submit(arrival(number)) for number in (1, 2, 1)]
        assert [one.result(5) for one in receipts] == [
            Receipt("id1", repeat=False),
            Receipt("id2", repeat=False),
            Receipt("id1", repeat=True),
        ]
    assert spool.read(query.counts) == [("errand", JobState.QUEUED, 2)]
    assert woken.wait(5)


# Each write wakes the spool's process, and costs as much as what it brings.
def test_what_is_submitted_in_one_turn_of_the_loop_leaves_together(hub: Any) -> None:
    here, spool, _ = hub
    near, far = socket.socketpair()

    async def submit() -> list[Receipt]:
        _, link = await asyncio.get_running_loop().create_connection(Link, sock=far)
        futures = [link.submit(arrival(number)) for number in (1, 2, 3)]
        near.settimeout(0)
        with pytest.raises(BlockingIOError):
            near.recv(1)
        await asyncio.sleep(0)
        assert len(Frames().feed(near.recv(100_000, socket.MSG_PEEK))) == 3
        near.settimeout(None)
        here.join(near)
        receipts = [await asyncio.wrap_future(future) for future in futures]
        link.close()
        await link.lost.wait()
        return receipts

    assert [receipt.id for receipt in asyncio.run(submit())] == ["id1", "id2", "id3"]
    assert spool.read(query.counts) == [("errand", JobState.QUEUED, 3)]


def failing(_connection: Connection) -> None:
    raise Full("no room")


def test_an_error_comes_over_as_what_it_is(hub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    here, _, _ = hub
    near, far = socket.socketpair()
    here.join(near)
    monkeypatch.setattr(jobs, "recover", failing)
    monkeypatch.setattr(failing, "__module__", "gateway.spool.jobs")
    monkeypatch.setattr(failing, "__qualname__", "recover")
    with joined(far) as link, pytest.raises(Full, match="no room"):
        link.submit(failing).result(5)


# Whether it was committed is not known: to the sender that is "try again", and a copy is known as one.
def test_the_end_of_a_link_settles_what_waits(hub: Any) -> None:
    here, spool, _ = hub
    near, far = socket.socketpair()
    port = here.join(near)
    held: Any = spool.change(lambda _connection: __import__("time").sleep(0.5))
    with joined(far) as link:
        waiting = link.submit(arrival())
        port.close()
        with pytest.raises(Temporary, match="gone"):
            waiting.result(5)
        with pytest.raises(Temporary, match="gone"):
            link.submit(arrival()).result(5)
    held.result(5)


def test_notes_travel_both_ways(hub: Any) -> None:
    here, _, _ = hub
    near, far = socket.socketpair()

    async def talk() -> tuple[Any, Any]:
        loop = asyncio.get_running_loop()
        heard, told = loop.create_future(), loop.create_future()
        port = here.join(near, lambda note: loop.call_soon_threadsafe(heard.set_result, note))
        _, link = await loop.create_connection(lambda: Link(told.set_result), sock=far)
        link.tell(Note("counted", {("a", ()): 1.0}))
        port.tell(Note("full", "no room"))
        both = await asyncio.wait_for(heard, 5), await asyncio.wait_for(told, 5)
        link.close()
        await asyncio.wait_for(link.lost.wait(), 5)
        return both

    assert asyncio.run(talk()) == (Note("counted", {("a", ()): 1.0}), Note("full", "no room"))


def test_a_command_beside_an_open_spool_writes_through_it(hub: Any, tmp_path: Path) -> None:
    here, spool, woken = hub
    here.open(spool.door)

    async def accept(beside_it: Spool) -> Receipt:
        body = beside_it.body()
        await body.write(MAIL)
        return await beside_it.accept(ENVELOPE, body, ["support"])

    with beside(f"sqlite:///{tmp_path / 'spool.db'}") as command:
        assert not asyncio.run(accept(command)).repeat
    assert woken.wait(5)
    assert connect(tmp_path / "nobody.sock") is None


def test_the_door_is_for_our_user_alone(hub: Any) -> None:
    here, spool, _ = hub
    here.open(spool.door)
    assert spool.door.stat().st_mode & 0o777 == 0o600
