"""What a gateway has its files from fails it: descriptors run out, another program locks the spool, a file is gone."""

import asyncio
import os
import re
import select
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from gateway.spool import sqlite
from tests.acceptance.conftest import SUPPORT, House
from tests.conversation import Talk
from tests.fault.houses import Mail, errands, house_in, unfinished
from tests.fault.table import Table
from tests.roads import Road, road, until
from tests.servers.gateway import Settings
from tests.servers.load import Load, Outcome, send
from tests.servers.program import needs, wait_until

PRLIMIT = "/usr/bin/prlimit"
DESCRIPTORS = 200
CROWD = 250
SMTP = {"max_connections": 1000, "max_connections_per_address": 1000}
MAILS = 10
SIZES = (1000, 200_000)
AWAY: Settings = {"cention.demo": {"url": "http://127.0.0.1:1/s/demo"}}
MAIL = "Message-ID: <%d@client.example>\nFrom: Asa <asa@client.example>\nSubject: hello\n\nhello there\n"


def accepted(house: House, sender: str) -> set[Mail]:
    """Send mails that are rows, and others that are files; all are accepted."""
    loads = [Load(house.gateway.smtp_port, MAILS, 2, size, f"{size}-{sender}", SUPPORT) for size in SIZES]
    for load in loads:
        asyncio.run(send(load, Outcome()))
    return {(load.sender, load.message_id(number)) for load in loads for number in range(MAILS)}


def counted(house: House, mails: set[Mail], faults: Table, case: str) -> None:
    """All mails are created, once each."""
    wait_until(lambda: not unfinished(house), "everything is done")
    made = errands(house)
    lost, repeats = len(mails - made.keys()), made.total() - len(made)
    faults.row(case, accepted=len(mails), errands=made.total(), repeats=repeats, left=0, lost=lost)
    assert made == Counter(mails)


# -- descriptors


@contextmanager
def crowd(port: int) -> Iterator[dict[str, list[Talk]]]:
    """Many connections that say nothing, by the code that each heard first: "" for the end, "waits" for nothing."""
    with ExitStack() as talks:
        many = [talks.enter_context(Talk(port, greeted=False)) for _ in range(CROWD)]
        heard = first_words([talk.socket.fileno() for talk in many])
        found: dict[str, list[Talk]] = {}
        for talk in many:
            found.setdefault(heard.get(talk.socket.fileno(), "waits"), []).append(talk)
        yield found


def first_words(sockets: Sequence[int], seconds: float = 3.0) -> dict[int, str]:
    """The code that each hears within so many seconds."""
    heard: dict[int, str] = {}
    deadline = time.monotonic() + seconds
    while (waiting := set(sockets) - heard.keys()) and (left := deadline - time.monotonic()) > 0:
        heard |= {one: os.read(one, 1000).decode()[:3] for one in select.select(waiting, [], [], left)[0]}
    return heard


@pytest.mark.parametrize("processes", [0, 1])
def test_when_descriptors_are_used_up_who_is_connected_is_served_and_others_are_told(
    processes: int, tmp_path: Path, faults: Table
) -> None:
    needs(PRLIMIT)
    with house_in(tmp_path, {"smtp": SMTP | {"processes": processes}}, start=False) as house:
        program = house.gateway._program
        program._argv = [PRLIMIT, f"--nofile={DESCRIPTORS}:{DESCRIPTORS}", *program._argv]
        house.gateway.start()
        mails = set()
        with crowd(house.gateway.smtp_port) as heard:
            said = {code: len(talks) for code, talks in heard.items()}
            print(said)
            for number, talk in enumerate(heard["220"][:4]):
                talk.greets().begins(sender="crowd@example.net")
                name = f"<{number}@client.example>"
                text = f"From: crowd@example.net\r\nMessage-ID: {name}\r\n\r\n".encode()
                talk.says(text + (b"x" * 70 + b"\r\n") * (SIZES[number % 2] // 72) + b".\r\n").hears("250")
                mails.add(("crowd@example.net", name))
            wait_until(lambda: len(errands(house)) == len(mails), "their mails are created")
        mails |= accepted(house, "later@example.net")
        counted(house, mails, faults, f"descriptors used up, {processes} accepting processes")
    assert said.keys() <= {"220", "421", "waits"}


# -- locks


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Another program writes to the spool meanwhile."""
    with closing(sqlite3.connect(folder / "spool.db", isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


def test_a_spool_that_another_program_locks_for_a_while_keeps_clients_waiting(tmp_path: Path, faults: Table) -> None:
    with house_in(tmp_path) as house:
        mails = accepted(house, "before@example.net")
        with Talk(house.gateway.smtp_port) as talk:
            talk.greets().begins(sender="locked@example.net")
            with locked(tmp_path):
                talk.says("From: locked@example.net\r\nMessage-ID: <1@client.example>\r\n\r\nhello\r\n.")
                assert first_words([talk.socket.fileno()], 1.0) == {}
            talk.hears("250")
        mails |= {("locked@example.net", "<1@client.example>"), *accepted(house, "after@example.net")}
        counted(house, mails, faults, "the spool is locked for a second")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock is waited for no longer than this."""
    monkeypatch.setitem(sqlite.PRAGMAS, "busy_timeout", "100")


def troubled(roads: Road) -> bool:
    """Whether it says that its spool is in trouble."""
    status, _ = roads.post(b"", "/readyz", "GET")
    return status == 503


# What it has in hand meanwhile was made once, and must not be made again because that could not be recorded.
@pytest.mark.usefixtures("impatient")
def test_a_spool_that_stays_locked_is_answered_451_and_goes_on_by_itself(tmp_path: Path, faults: Table) -> None:
    with road(tmp_path) as roads:
        roads.faults({"target": "create", "delay": 0.5})
        first = roads.sends(MAIL % 1)
        until(lambda: roads.get("/_sim/calls"), "the first one to be in hand")
        with locked(tmp_path):
            listen = roads.gateway.smtp[0]
            with Talk(listen.port) as talk:
                talk.greets().begins()
                talk.says((MAIL % 2).replace("\n", "\r\n") + ".").hears("451")
            until(roads.errands, "the first one to be made")
            until(lambda: troubled(roads), "it to say so")
        until(lambda: not troubled(roads), "it to be ready")
        names = [first, roads.sends(MAIL % 2)]
        for name in names:
            roads.reaches(name, "done")
        made = Counter(errand["attributes"]["msg"]["message_id"] for errand in roads.errands())
    faults.row("the spool stays locked", accepted=2, errands=made.total(), repeats=made.total() - len(made), lost=0)
    assert made == Counter({f"<{number}@client.example>": 1 for number in (1, 2)})


# -- files that are gone


def refuses(house: House, *command: str) -> str:
    """What a command says that ends with 78, as when settings are wrong."""
    ran = house.gateway.command(*command)
    assert ran.returncode == os.EX_CONFIG, f"{command} ended with {ran.returncode}"
    return ran.stderr.decode()


def takes_away(folder: Path, *names: str) -> dict[Path, Path]:
    """Move the files; where each was and is."""
    moved = {path: path.with_name(f"away-{path.name}") for name in names if (path := folder / name).exists()}
    for path, away in moved.items():
        path.rename(away)
    return moved


def puts_back(moved: dict[Path, Path]) -> None:
    """Move them back."""
    for path, away in moved.items():
        away.rename(path)


GONE = (("spool.db-wal",), ("spool.db-wal", "spool.db-shm"), ("spool.db",))


# A command would make an empty one as well, and then nobody could tell any more.
def test_after_a_crash_a_spool_without_its_log_or_itself_is_refused_until_it_is_back(
    tmp_path: Path, faults: Table
) -> None:
    with house_in(tmp_path, AWAY) as house:
        mails = accepted(house, "kept@example.net")
        house.gateway.kill()
        for gone in GONE:
            moved = takes_away(tmp_path, *gone)
            for command in (["queue", "list"], ["run"]):
                assert f"{gone[0]} is missing" in refuses(house, *command)
            puts_back(moved)
        house.gateway.change({"cention.demo": {"url": house.simulator.url}})
        house.gateway.start()
        counted(house, mails, faults, "files of the spool gone after a crash, then put back")


# What was in the log alone is lost then, and a person has said so.
def test_who_does_what_the_refusal_says_starts_without_the_log(tmp_path: Path) -> None:
    with house_in(tmp_path, AWAY) as house:
        accepted(house, "lost@example.net")
        house.gateway.kill()
        takes_away(tmp_path, "spool.db-wal", "spool.db-shm")
        said = refuses(house, "run")
        [mark] = re.findall(r"(?:remove|delete) (\S+)", said)
        (tmp_path / Path(mark).name).unlink()
        house.gateway.start()


# A stop in order leaves no log, and a command after a crash may be the one that puts it into the spool.
def test_a_spool_without_a_log_that_nobody_misses_is_begun_with(tmp_path: Path, faults: Table) -> None:
    with house_in(tmp_path, AWAY) as house:
        mails = accepted(house, "stopped@example.net")
        assert house.gateway.terminate() == 0
        assert not (tmp_path / "spool.db-wal").exists()
        house.gateway.start()
        mails |= accepted(house, "killed@example.net")
        house.gateway.kill()
        assert house.gateway.command("queue", "list").returncode == 0
        house.gateway.change({"cention.demo": {"url": house.simulator.url}})
        house.gateway.start()
        counted(house, mails, faults, "a stop in order, and a crash")


# The bodies would be swept, since no row names them.
def test_bodies_without_their_spool_are_not_taken_for_orphans(tmp_path: Path) -> None:
    with house_in(tmp_path, AWAY) as house:
        accepted(house, "large@example.net")
        assert house.gateway.terminate() == 0
        takes_away(tmp_path, "spool.db")
        for command in (["queue", "list"], ["run"]):
            assert "spool.db is missing" in refuses(house, *command)
        assert len(list((tmp_path / "spool.db.blobs").iterdir())) == MAILS
