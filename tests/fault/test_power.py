"""The power fails while mails are accepted: each that got its yes is there, whole, when the machine is up again.

The same with one sync left out loses mail. That is shown here too: it is how we know that the test can see it.
"""

import asyncio
import subprocess
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from tests.acceptance.conftest import SUPPORT, house_settings
from tests.fault.accepting import SIZES, SMALL
from tests.fault.cuts import CUTS, accepting, cut_many_times, lost
from tests.fault.power import Disk, disk, needs_mounts
from tests.fault.spools import digest, digests, url_in
from tests.fault.table import Table
from tests.servers.gateway import Gateway
from tests.servers.load import Load, Outcome, send
from tests.servers.program import wait_until

SMTP_CUTS, SMTP_MAILS = 3, 150


@pytest.fixture(autouse=True)
def _may_mount() -> None:
    needs_mounts()


def number_of(message_id: str) -> int:
    """Which mail of its load this is."""
    return int(message_id.partition("@")[0].rpartition("-")[2])


def test_what_was_accepted_outlives_a_power_cut(tmp_path: Path, faults: Table, scale: int) -> None:
    accepted, missing = 0, []
    for turn in range(scale):
        with disk(tmp_path) as on, accepting(url_in(on.folder)) as child:
            for cut in cut_many_times(on, child, f"power {turn}"):
                missing += lost(url_in(cut.folder), cut.accepted)
            accepted += len(cut.accepted)
    faults.row(f"power cut, {scale * CUTS} times", accepted=accepted, lost=len(missing))
    assert not missing


def cut_until_lost(on: Disk, *options: str) -> tuple[int, int]:
    """Cut the power until that costs mail: how many were accepted, how many lost."""
    sizes = SMALL if "--small" in options else SIZES
    with accepting(url_in(on.folder), *options) as child:
        for cut in cut_many_times(on, child, " ".join(options)):
            if missing := lost(url_in(cut.folder), cut.accepted, sizes):
                break
    return len(cut.accepted), len(missing)


@pytest.mark.parametrize("options", [("--without", "commit", "--small"), ("--without", "file")], ids=["commit", "file"])
def test_without_a_sync_a_power_cut_costs_mail(options: tuple[str, ...], tmp_path: Path, faults: Table) -> None:
    with disk(tmp_path) as on:
        accepted, missing = cut_until_lost(on, *options)
    faults.row(f"power cut, without the {options[1]} sync", accepted=accepted, lost=missing)
    assert missing


# ext4, as all of Linux's own file systems, makes the name of a new file durable with the file, so that leaving the
# folder's sync out cannot be seen there. POSIX promises less: here a name is lost that had no sync of its folder.
@pytest.mark.parametrize("part", ["", "folder"], ids=["all syncs", "without folder sync"])
def test_a_name_is_durable_once_its_folder_is_synced(part: str, tmp_path: Path, faults: Table) -> None:
    with disk(tmp_path) as on, accepting(url_in(on.folder), *(["--without", part] if part else [])) as child:
        for cut in cut_many_times(on, child, "names"):
            assert not lost(url_in(cut.folder), cut.accepted)
            for name in cut.names_in_the_air:
                subprocess.run(["rm", "-rf", name], check=True)
            if missing := lost(url_in(cut.folder), cut.accepted):
                break
    faults.row(
        f"power cut and names lost, {'without the folder sync' if part else 'all syncs'}",
        accepted=len(cut.accepted),
        lost=len(missing),
    )
    assert bool(missing) == bool(part)


def gateway_on(place: Path, on: Disk) -> Gateway:
    """The real program with its spool on the disk; Cention is away, so that everything stays in the spool."""
    settings = house_settings("http://127.0.0.1:1/s/demo", place)
    gateway = Gateway(place, settings, {"ATTACHMENT_TOKEN": "unused", "SECRET": "unused"})
    gateway.change({"gateway": {"spool": url_in(on.folder)}})
    return gateway


async def cut_under_load(on: Disk, loads: Sequence[Load], checked: Callable[[Path, set[str]], None]) -> int:
    """Send all loads at once and cut the power at moments of it; `checked` gets what is there and what had its 250."""
    outcomes = [Outcome() for _ in loads]

    def taken() -> set[str]:
        pairs = zip(loads, outcomes, strict=True)
        return {digest(load.mail(number_of(name))) for load, outcome in pairs for name in list(outcome.accepted)}

    def is_so_far(mails: int) -> bool:
        return sum(len(outcome.accepted) for outcome in outcomes) >= mails

    def cut() -> None:
        for number in range(1, SMTP_CUTS + 1):
            wait_until(partial(is_so_far, number * SMTP_MAILS), f"cut {number}")
            accepted = taken()
            with on.after_power_cut() as folder:
                checked(folder, accepted)

    async with asyncio.TaskGroup() as tasks:
        for load, outcome in zip(loads, outcomes, strict=True):
            tasks.create_task(send(load, outcome))
        tasks.create_task(asyncio.to_thread(cut))
    return len(taken())


# The whole program, as it was built, with mail servers that go on sending.
def test_a_mail_with_its_250_outlives_a_power_cut(tmp_path: Path, faults: Table, scale: int) -> None:
    missing = 0

    def checked(folder: Path, taken: set[str]) -> None:
        nonlocal missing
        missing += len(taken - set(digests(url_in(folder)).values()))

    accepted = 0
    for _ in range(scale):
        with disk(tmp_path) as on:
            gateway = gateway_on(tmp_path, on)
            gateway.start()
            loads = [
                Load(gateway.smtp_port, mails, 8, size, f"{size}@example.net", SUPPORT)
                for mails, size in ((450, 4096), (150, 300_000))
            ]
            try:
                accepted += asyncio.run(cut_under_load(on, loads, checked))
            finally:
                gateway.kill()
    faults.row(f"power cut under SMTP, {scale * SMTP_CUTS} times", accepted=accepted, lost=missing)
    assert not missing
