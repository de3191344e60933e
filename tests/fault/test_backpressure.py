"""Over a limit of the spool MAIL is answered 452 and /readyz says why; when work has caught up it takes mail by itself.

Nobody is told yes for what there is no room for, and there is room left for the work in hand.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests.acceptance.conftest import SUPPORT, House, house_settings, message
from tests.fault.power import mounted, needs_mounts
from tests.fault.table import Table
from tests.servers.gateway import Gateway, Settings
from tests.servers.program import wait_until
from tests.servers.simulator import ATTACHMENT_TOKEN, SECRET, WORKSPACE, Simulator

MEGABYTE = 1_000_000
SIZE, LARGE = 20_000, 200_000
# What may be taken at the very most after a limit was reached and before it is looked at again.
MOST = 5000

Build = Callable[[Path, Settings], House]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB."""
    needs_mounts()
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=24m", "tmpfs") as folder:
        yield folder


@pytest.fixture
def processes() -> Settings:
    """How many processes take connections: as many as by default."""
    return {}


@pytest.fixture
def build(processes: Settings, tmp_path: Path) -> Iterator[Build]:
    """Builds a house with its spool in a folder, and starts the gateway; Cention is away until it is started."""
    running = ExitStack()

    def build(spool: Path, limits: Settings) -> House:
        environment = {"ATTACHMENT_TOKEN": ATTACHMENT_TOKEN, "SECRET": SECRET}
        gateway = Gateway(tmp_path, {"gateway": limits | {"spool": f"sqlite:///{spool / 'spool.db'}"}}, environment)
        gateway.change({"smtp": processes})
        simulator = Simulator(tmp_path, f"{gateway.url}/callbacks/{WORKSPACE}")
        gateway.change(house_settings(simulator.url, tmp_path))
        for server in (simulator, gateway):
            running.callback(server.stop)
            running.callback(lambda said: print(said()), server.said)  # pytest shows it where the test failed
        return House(gateway.start(), simulator)

    with running:
        yield build


def sends(gateway: Gateway, number: int, size: int = SIZE) -> bool:
    """Send a mail; False when it was answered 452, to MAIL or at the latest to its data."""
    text = f"Message-ID: <{number}@client.example>\r\nSubject: {number}\r\n\r\n".encode()
    with gateway.smtp() as client:
        client.ehlo("client.example")
        code, said = client.mail("asa@client.example")
        if code == 250:
            client.rcpt(SUPPORT)
            code, said = client.data(text + (b"x" * 76 + b"\r\n") * (size // 78))
        assert code == 250 or (code == 452 and said.startswith(b"4.3.1")), said
        return code == 250


def fills(gateway: Gateway, size: int = SIZE) -> list[int]:
    """Send until it is refused, and then at MAIL; the numbers of the mails that were taken."""
    taken: list[int] = []
    while sends(gateway, len(taken), size):
        taken.append(len(taken))
        assert len(taken) < MOST, "there is no limit to be seen"
    wait_until(lambda: refuses(gateway), "MAIL is answered 452")
    return taken


def refuses(gateway: Gateway) -> bool:
    """Whether MAIL is answered 452."""
    with gateway.smtp() as client:
        client.ehlo("client.example")
        return client.mail("asa@client.example")[0] == 452


def spool_says(gateway: Gateway) -> str:
    """What /readyz says of the spool, "ok" where all is well, and only there it is ready."""
    answer = requests.get(f"{gateway.url}/readyz", timeout=10)
    said: str = answer.json()["parts"]["spool"]
    assert answer.ok == (said == "ok"), answer.text
    return said


def resumes(house: House, taken: list[int], faults: Table, case: str) -> None:
    """It takes mail again by itself, and every mail that was taken becomes its errand, once."""
    gateway, number = house.gateway, len(taken)
    wait_until(lambda: sends(gateway, number), "it takes mail again")
    taken.append(number)
    wait_until(lambda: spool_says(gateway) == "ok", "/readyz says that all is well")
    gateway.wait_until_idle()
    made = [message(errand)["message_id"] for errand in house.simulator.errands()]
    lost = {f"<{number}@client.example>" for number in taken} - set(made)
    repeats = len(made) - len(set(made))
    faults.row(case, accepted=len(taken), errands=len(made), repeats=repeats, left=0, lost=len(lost))
    assert not lost
    assert len(made) == len(taken)


@pytest.mark.parametrize("processes", [{}, {"processes": 0}], ids=["processes", "one process"])
def test_over_its_number_of_waiting_jobs_it_takes_no_mail_until_cention_is_back(
    build: Build, tmp_path: Path, faults: Table
) -> None:
    house = build(tmp_path, {"max_waiting": 20})
    taken = fills(house.gateway)
    assert len(taken) >= 20
    wait_until(lambda: "max_waiting" in spool_says(house.gateway), "/readyz names the limit")
    house.simulator.start()
    resumes(house, taken, faults, "over max_waiting, Cention away")


# What is done stays for a while, by `retention`, but must not keep new mail out.
def test_over_its_bytes_it_takes_no_mail_until_cention_is_back(build: Build, tmp_path: Path, faults: Table) -> None:
    house = build(tmp_path, {"max_spool": 20 * SIZE})
    taken = fills(house.gateway)
    assert len(taken) >= 20
    wait_until(lambda: "max_spool" in spool_says(house.gateway), "/readyz names the limit")
    house.simulator.start()
    resumes(house, taken, faults, "over max_spool, Cention away")


# Most of what the limit keeps free is free when it refuses, so that work goes on.
def test_before_the_disk_is_full_it_takes_no_mail_and_work_goes_on(disk: Path, build: Build, faults: Table) -> None:
    house = build(disk, {"min_free": "10 MB"})
    taken = fills(house.gateway, LARGE)
    assert taken
    wait_until(lambda: spool_says(house.gateway) != "ok", "/readyz says that the disk is full")
    assert free(disk) > 5 * MEGABYTE
    house.simulator.start()
    house.simulator.wait_for_errands(len(taken))
    house.gateway.wait_until_idle()
    assert refuses(house.gateway)
    subprocess.run(["mount", "-o", "remount,size=48m", disk], check=True)
    resumes(house, taken, faults, "under min_free")


def free(disk: Path) -> int:
    """How many bytes can be written there."""
    there = os.statvfs(disk)
    return there.f_bavail * there.f_frsize
