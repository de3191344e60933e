"""What ends or stops those who work: a mail, a signal, a defect. The others go on, and nothing is lost."""

import asyncio
import os
import signal
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.model import JobState
from gateway.spool.spool import Spool
from gateway.spool.tables import job
from tests.acceptance.conftest import SUPPORT, House
from tests.fault.houses import errands, house_in, secrets, stopped, unfinished
from tests.fault.processes import Kind, processes
from tests.fault.spools import url_in
from tests.fault.table import Table
from tests.servers.gateway import Gateway
from tests.servers.load import Load, Outcome, send
from tests.servers.program import Program, wait_until

ROOT = Path(__file__).parents[2]
WRITER = "asa@client.example"
SIZE = 1000
THREADS = 8
SMALL = {"worker": {"read_timeout": "1 s", "read_memory": "300 MB"}}
HEAD = b"Message-ID: <%s@client.example>\r\nFrom: asa@client.example\r\nMIME-Version: 1.0\r\n"
PAGE = b"--x\r\nContent-Type: text/html\r\n\r\n" + b"<p>a <a href='http://x.example/'>b</a></p>\r\n" * 27_000
# Four pages, each of a size that is made readable, take five seconds; twenty million characters of four bytes each,
# several copies of them, more memory than there is.
SLOW = HEAD % b"slow" + b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n' + 4 * PAGE + b"--x--\r\n"
HUNGRY = (
    HEAD % b"hungry"
    + b"Content-Type: text/plain; charset=utf-8\r\n\r\n\xf0\x9f\x98\x80"
    + 280_000 * (b"x" * 70 + b"\r\n")
)


def load_of(house: House, mails: int, sender: str = "others@example.net") -> Load:
    """Ordinary mails."""
    return Load(house.gateway.smtp_port, mails, 4, SIZE, sender, SUPPORT)


def sends(house: House, mail: bytes) -> str:
    """Send a mail; its id."""
    with house.gateway.smtp() as client:
        client.ehlo("client.example")
        client.mail(WRITER)
        client.rcpt(SUPPORT)
        code, said = client.data(mail)
    assert code == 250
    return said.decode().split()[-1]


def reasons(folder: Path) -> list[str]:
    """Why jobs are parked."""
    spool = Spool(url_in(folder))
    parked = select(job.c.error).where(job.c.state == JobState.PARKED)
    try:
        return spool.read(lambda connection: list(connection.scalars(parked)))
    finally:
        spool.close()


def test_mails_that_end_their_readers_are_parked_after_three_and_others_go_on(tmp_path: Path, faults: Table) -> None:
    with house_in(tmp_path, SMALL) as house:
        names = [sends(house, SLOW), sends(house, HUNGRY)]
        wait_until(lambda: house.gateway.facts("again later"), "one has ended its reader")
        load, outcome = load_of(house, 40), Outcome()
        asyncio.run(send(load, outcome))
        wait_until(lambda: len(errands(house)) == load.mails, "the other mails are created")
        wait_until(lambda: house.gateway.jobs() == {"parked": 2}, "they are parked")
        kept = [house.gateway.command("trace", name, "--raw").stdout for name in names]
        left = len(reasons(tmp_path))
        made = errands(house)
        faults.row(
            "mails that end their readers", accepted=load.mails + 2, errands=made.total(), repeats=0, left=left, lost=0
        )
    assert all(reason.startswith(("reading took", "the reading process")) for reason in reasons(tmp_path))
    assert all("3 times" in reason for reason in reasons(tmp_path))
    assert set(made.values()) == {1}
    assert kept == [SLOW, HUNGRY]


def test_a_reader_that_stands_still_holds_up_no_mail_for_long(tmp_path: Path, faults: Table) -> None:
    with house_in(tmp_path, SMALL) as house:
        asyncio.run(send(load_of(house, 20), Outcome()))
        wait_until(lambda: not unfinished(house), "there are readers")
        readers = processes(house.gateway)[Kind.READER]
        assert readers
        for reader in readers:
            os.kill(reader, signal.SIGSTOP)
        load = load_of(house, 20, "later@example.net")
        asyncio.run(send(load, Outcome()))
        wait_until(lambda: not unfinished(house), "everything is done")
        made = errands(house)
        faults.row("readers that stand still", accepted=40, errands=made.total(), repeats=made.total() - 40, lost=0)
        assert set(made.values()) == {1}
        assert len(made) == 40
        assert not set(readers) & set(processes(house.gateway)[Kind.READER])


def last_lease(folder: Path) -> float:
    """When the last lease of a job that is in hand runs out (Unix time); 0 where none is.

    The program may stand still in the middle of a change: it is read beside that, as SQLite alone can.
    """
    last = "SELECT max(leased_until) FROM job WHERE state = 'working'"
    with closing(sqlite3.connect(f"file:{folder / 'spool.db'}?mode=ro", uri=True)) as connection:
        return float(connection.execute(last).fetchone()[0] or 0.0)


# The calls were under way; their answers were there when it woke up, and its leases had run out.
def test_a_program_that_stood_still_past_its_leases_finishes_what_it_had_in_hand(tmp_path: Path, faults: Table) -> None:
    with house_in(tmp_path, {"worker": {"lease": "1 s"}}) as house:
        house.simulator.faults({"target": "create", "delay": 0.5})
        load = load_of(house, 12)
        asyncio.run(send(load, Outcome()))
        wait_until(lambda: house.gateway.jobs()["working"] and house.simulator.calls(), "calls are under way")
        with stopped(house.gateway):
            lease = last_lease(tmp_path)
            assert lease
            wait_until(lambda: time.time() > lease + 1, "the leases have run out")
        wait_until(lambda: not unfinished(house), "everything is done")
        made = errands(house)
    lost, repeats = load.mails - len(made), made.total() - len(made)
    faults.row("SIGSTOP past the leases", accepted=12, errands=made.total(), repeats=repeats, left=0, lost=lost)
    assert not lost
    assert not repeats


# A thread ends at SystemExit, and says nothing.
MORTAL = """
import sys
from pathlib import Path
from gateway.{module} import {owner}
sign, whole = Path(sys.argv.pop()), {owner}.{method}
def method(self, *given):
    if sign.exists():
        raise SystemExit
    return whole(self, *given)
{owner}.{method} = method
from gateway.cli import main
main()
"""
THREAD = {
    "writer": MORTAL.format(module="spool.writer", owner="Writer", method="_commit"),
    "worker": MORTAL.format(module="flow.worker", owner="Worker", method="_do_duties"),
}


def mortal(name: str, gateway: Gateway, folder: Path, sign: Path) -> Program:
    """The gateway, whose thread of that name ends when the sign is there."""
    argv = [sys.executable, "-c", THREAD[name], "run", "--config", str(gateway.settings_file), str(sign)]
    environment = os.environ | secrets() | {"PYTHONPATH": str(ROOT)}
    return Program("mortal gateway", argv, folder / "mortal.log", environment)


def end_a_thread(program: Program, sign: Path) -> int:
    """Have its thread end; the exit status of the program."""
    sign.touch()
    return program.wait()


async def send_while_a_thread_ends(house: House, program: Program, sign: Path, load: Load) -> tuple[Outcome, int]:
    """Send a load while the program ends because of it, and another one is started; the exit status of the first."""
    outcome = Outcome()
    sending = asyncio.create_task(send(load, outcome))
    await asyncio.to_thread(wait_until, lambda: len(outcome.accepted) >= load.mails // 4, "some are accepted")
    status = await asyncio.to_thread(end_a_thread, program, sign)
    await asyncio.to_thread(house.gateway.start)
    await sending
    return outcome, status


@pytest.mark.parametrize("name", THREAD)
def test_a_program_whose_thread_has_ended_ends_for_its_supervisor_to_start_it(
    name: str, tmp_path: Path, faults: Table
) -> None:
    sign = tmp_path / "sign"
    with house_in(tmp_path, {"gateway": {"stop_timeout": "1 s"}}, start=False) as house:
        program = mortal(name, house.gateway, tmp_path, sign)
        try:
            program.start(house.gateway.is_ready)
            outcome, status = asyncio.run(send_while_a_thread_ends(house, program, sign, load_of(house, 400)))
            assert status == os.EX_SOFTWARE, program.said()
        finally:
            program.kill()
        wait_until(lambda: not unfinished(house), "everything is done")
        made = errands(house)
    accepted = len(set(outcome.accepted))
    repeats, lost = made.total() - len(made), accepted - len(made)
    faults.row(f"the {name}'s thread ends", accepted=accepted, errands=made.total(), repeats=repeats, left=0, lost=lost)
    assert not lost
    # Each job in hand may have had its answer from Cention, and no one to record it.
    assert repeats <= 2 * THREADS
