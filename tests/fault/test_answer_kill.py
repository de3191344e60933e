"""SIGKILL at random points of the road out: what Cention had its 200 for arrives.

A second copy is possible only where the program was killed between the smarthost's reply and our record of it, and has
the same Message-ID, by which readers and mail servers know it.
"""

import asyncio
import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from itertools import pairwise
from pathlib import Path

import requests

from tests.acceptance.conftest import House
from tests.fault.houses import house_in, unfinished
from tests.fault.mailbox import Mailbox, mailbox
from tests.fault.table import Table
from tests.servers.gateway import Settings
from tests.servers.load import Load, Outcome, send
from tests.servers.program import wait_until
from tests.servers.simulator import Upload

KILLS = 5  # FAULT_SCALE=20 makes a hundred
ANSWERS = 20  # for each kill
AGENTS = 4
ERRANDS = 10
LATER = 0.1
PICTURE = Upload("stamp.png", "image/png", b"\x89PNG picture")


def settings(box: Mailbox) -> Settings:
    """The way out to the mailbox, and what makes a start quick."""
    outgoing = {"smarthosts": [f"smtp://127.0.0.1:{box.port}"]}
    worker = {"readers": 1, "retry_min": "200 ms", "retry_max": "1 s"}
    return {"outgoing": outgoing, "smtp": {"processes": 0}, "worker": worker}


async def errands_of(house: House) -> list[str]:
    """Have some errands made; their ids."""
    load = Load(house.gateway.smtp_port, ERRANDS, 2, 500, "asa@client.example", "support@example.com")
    await send(load, Outcome())
    return [one["id"] for one in house.simulator.wait_for_errands(ERRANDS)]


def answered(house: House, errands: list[str], number: int) -> str:
    """Answer until the callback has its 200, each time with other words; the words that had it."""
    address = f"http://127.0.0.1:{house.simulator.port}/_sim/errands/{errands[number % ERRANDS]}/answer"
    for turn in range(1000):
        words = f"answer {number}, said {turn + 1} times"
        asked = {"text": words, "html": "", "archives": [PICTURE.document()]}
        said = requests.post(address, json=asked, timeout=60).json()
        if (said.get("callback") or {}).get("status") == requests.codes.ok:
            return words
        time.sleep(0.05)
    raise AssertionError(f"answer {number} was never taken")


def kill_at(house: House, box: Mailbox, moments: list[int], chance: random.Random) -> None:
    """Kill the whole program, or its first process, when so many have arrived and a little later, and start it."""
    for moment in moments:
        wait_until(lambda moment=moment: len(box.arrived) >= moment, f"{moment} arrivals", seconds=60)  # type: ignore[misc]
        time.sleep(chance.uniform(0.0, 0.03))
        chance.choice([house.gateway.kill, house.gateway.kill_alone])()
        house.gateway.start()


def starts(house: House) -> list[float]:
    facts = house.gateway.facts("started")
    return [datetime.fromisoformat(fact["timestamp"]).timestamp() for fact in facts]


def unasked(box: Mailbox, started: list[float]) -> list[str]:
    """Mails that arrived twice with no start between the two, so that no kill explains it."""
    pairs = {name: pairwise(at) for name, at in box.arrived.items()}
    return [
        name
        for name, twice in pairs.items()
        if not all(any(first < start < second for start in started) for first, second in twice)
    ]


def test_an_answer_that_had_its_200_outlives_kills(tmp_path: Path, faults: Table, scale: int) -> None:
    kills = KILLS * scale
    chance = random.Random("answers")
    with mailbox("answers", LATER) as box, house_in(tmp_path, settings(box)) as house:
        errands = asyncio.run(errands_of(house))
        moments = sorted(chance.sample(range(1, ANSWERS * kills * 9 // 10), kills))
        with ThreadPoolExecutor(AGENTS + 1) as pool:
            killing = pool.submit(kill_at, house, box, moments, chance)
            accepted = list(pool.map(partial(answered, house, errands), range(ANSWERS * kills)))
            killing.result()
        house.gateway.wait_until_idle(seconds=60)
        twice, left = unasked(box, starts(house)), unfinished(house)
        errands_made = len(house.simulator.errands())
    copies = sum(map(len, box.arrived.values())) - len(box.arrived)
    lost = set(accepted) - set(box.texts.values())
    faults.row(f"SIGKILL, {kills} times, answers", accepted=len(accepted), repeats=copies, left=left, lost=len(lost))
    assert not lost
    assert not twice
    assert len(set(box.texts.values())) == len(box.texts)
    assert errands_made == ERRANDS  # nobody is told that an answer failed which arrived
