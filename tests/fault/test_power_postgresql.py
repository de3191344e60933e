"""The power fails while mails are accepted into PostgreSQL: each that got its yes is there after the recovery.

The server's owner may have switched waiting for the disk off for speed (`synchronous_commit`): our sessions switch it
on. That the cuts cost mail where it stays off, or where the server syncs nothing at all, is shown as well.
"""

import shutil
import tempfile
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from tests.fault.accepting import SIZES, SMALL
from tests.fault.cuts import CUTS, Cut, accepting, cut_many_times, lost
from tests.fault.power import disk, needs_mounts
from tests.fault.table import Table
from tests.servers.postgres import running

MEGABYTES = 500
# What is not waited for stays in memory for long; and the log is small enough for the disk.
CARELESS = {"synchronous_commit": "off", "wal_writer_delay": "10s", "max_wal_size": "64MB"}


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder for disks that the user postgres can reach."""
    needs_mounts()
    folder = Path(tempfile.mkdtemp(prefix="power-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def lost_after(cut: Cut, sizes: tuple[int, ...] = SIZES) -> list[int]:
    """Which of the accepted mails are not there, or not whole, once a server has recovered what the cut left."""
    # The machine that starts again has no process of this number; here it is still running.
    (cut.folder / "data" / "postmaster.pid").unlink(missing_ok=True)
    with running(cut.folder) as server:
        return lost(server.url(), cut.accepted, sizes)


def cuts(place: Path, seed: str, settings: Mapping[str, str], *options: str) -> Generator[Cut, None, None]:
    """Power cuts of a server under load, whose data is on a disk of its own."""
    with (
        disk(place, MEGABYTES) as on,
        running(on.folder, settings) as server,
        accepting(server.url(), *options) as child,
    ):
        yield from cut_many_times(on, child, seed)


def test_what_postgresql_took_outlives_a_power_cut(place: Path, faults: Table, scale: int) -> None:
    accepted, missing = 0, []
    for turn in range(scale):
        for cut in cuts(place, f"postgresql {turn}", CARELESS):
            missing += lost_after(cut)
        accepted += len(cut.accepted)
    faults.row(f"power cut of PostgreSQL, {scale * CUTS} times", accepted=accepted, lost=len(missing))
    assert not missing


@pytest.mark.parametrize(
    ("what", "settings", "options"),
    [
        ("our session's synchronous_commit", CARELESS, ("--without", "commit", "--small")),
        ("the server's fsync", CARELESS | {"fsync": "off"}, ("--small",)),
    ],
    ids=["synchronous_commit", "fsync"],
)
def test_without_a_sync_a_power_cut_of_postgresql_costs_mail(
    what: str, settings: Mapping[str, str], options: tuple[str, ...], place: Path, faults: Table
) -> None:
    with closing(cuts(place, what, settings, *options)) as made:
        for cut in made:
            if missing := lost_after(cut, SMALL):
                break
    faults.row(f"power cut of PostgreSQL, without {what}", accepted=len(cut.accepted), lost=len(missing))
    assert missing
