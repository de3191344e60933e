"""A disk that is full or cannot be written: 452 to the sender, the program lives, and goes on when there is room again.

Nothing is half there: a mail that had its 250 is whole, one that had its 452 has left no row and no file.
"""

import smtplib
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
import requests

from tests.acceptance.conftest import SUPPORT, house_settings
from tests.fault.accepting import mail
from tests.fault.power import image, mounted, needs_mounts
from tests.fault.spools import digest, digests, files, named, url_in
from tests.fault.table import Table
from tests.servers.gateway import Gateway
from tests.servers.program import wait_until

MEGABYTE = 1_000_000
SMALL, LARGE = 3_000, 300_000
# Bytes that are free when a mail comes: each write, of a row or a file, is once the one that does not fit.
ROOM = (*range(0, 80_000, 8_000), *range(80_000, 500_000, 40_000))


@pytest.fixture(params=["tmpfs", "ext4"])
def small_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MB."""
    needs_mounts()
    what = ["-t", "tmpfs", "-o", "size=12m", "tmpfs"]
    if request.param == "ext4":
        what = ["-o", "loop", str(image(tmp_path / "small.img", 12))]
    with mounted(tmp_path / "small", *what) as folder:
        yield folder


@contextmanager
def gateway_in(place: Path, disk: Path, min_free: str) -> Iterator[Gateway]:
    """The program with its spool on the disk; Cention is away, so that everything stays in the spool."""
    settings = house_settings("http://127.0.0.1:1/s/demo", place)
    gateway = Gateway(place, settings, {"ATTACHMENT_TOKEN": "unused", "SECRET": "unused"})
    gateway.change({"gateway": {"spool": url_in(disk), "min_free": min_free}})
    gateway.start()
    try:
        yield gateway
    finally:
        gateway.stop()


def leave(free: int, disk: Path) -> None:
    """Fill the disk until so many bytes, and no more, can be written."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file:
        with suppress(OSError):  # no space left: that is what it is for
            while file.write(bytes(4096)):
                pass
        file.truncate(max(0, file.tell() - free))
    # ext4 gives blocks out again once their freeing is in its journal.
    subprocess.run(["sync", "-f", disk], check=True)


def reply(gateway: Gateway, raw: bytes) -> int:
    """Send a mail; the code that it, or the command that failed, was answered with."""
    with gateway.smtp() as client:
        try:
            client.sendmail("asa@client.example", [SUPPORT], raw)
        except smtplib.SMTPSenderRefused as error:
            return error.smtp_code
        except smtplib.SMTPDataError as error:
            return error.smtp_code
    return 250


def has_just(disk: Path, *mails: bytes) -> bool:
    """Whether the spool has these mails, whole, and no other."""
    return sorted(digests(url_in(disk)).values()) == sorted(map(digest, mails))


def spool_trouble(gateway: Gateway) -> str:
    """What /readyz says of the spool, "" when it is well."""
    answer = requests.get(f"{gateway.url}/readyz", timeout=10)
    said: str = answer.json()["parts"]["spool"]
    assert answer.ok == (said == "ok"), answer.text
    return "" if said == "ok" else said


# The disk fills up while it runs; a filler stands for the mails, or for anything else that lies there.
def test_a_disk_that_is_nearly_full_is_said_to_be(small_disk: Path, tmp_path: Path) -> None:
    with gateway_in(tmp_path, small_disk, "2 MB") as gateway:
        assert reply(gateway, mail(0)) == 250
        leave(MEGABYTE, small_disk)
        wait_until(lambda: spool_trouble(gateway), "/readyz says so")
        wait_until(partial(_refuses, gateway), "MAIL is answered with 452")
        (small_disk / "filler").unlink()
        wait_until(lambda: not spool_trouble(gateway), "/readyz says that it is well again")
        assert reply(gateway, mail(1)) == 250
    assert has_just(small_disk, mail(0), mail(1))


def _refuses(gateway: Gateway) -> bool:
    with gateway.smtp() as client:
        client.ehlo()
        return client.mail("asa@client.example")[0] == 452


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["rows", "files"])
def test_whichever_write_fails_no_mail_is_half_there(
    size: int, small_disk: Path, tmp_path: Path, faults: Table, request: pytest.FixtureRequest
) -> None:
    accepted, refused = set(), 0
    with gateway_in(tmp_path, small_disk, "0 MB") as gateway:
        for number, free in enumerate(ROOM):
            leave(free, small_disk)
            code, one = reply(gateway, mail(number, (size,))), mail(number, (size,))
            assert code in {250, 452}
            refused += code == 452
            accepted |= {digest(one)} if code == 250 else set()
        (small_disk / "filler").unlink()
        wait_until(partial(_takes, gateway, size), "it takes mail again")
        accepted.add(digest(mail(len(ROOM), (size,))))
    left = files(small_disk)
    there = set(digests(url_in(small_disk)).values())
    case = f"disk full ({request.node.callspec.id}), {refused} refused"
    faults.row(case, accepted=len(accepted), left=len(there), lost=len(accepted - there))
    assert refused
    assert there == accepted
    assert left == named(url_in(small_disk))


def _takes(gateway: Gateway, size: int) -> bool:
    return reply(gateway, mail(len(ROOM), (size,))) == 250


@contextmanager
def ext4(file: Path) -> Iterator[Path]:
    """The file system in an image, which becomes read-only at its first error, as Debian's does."""
    with mounted(file.with_suffix(""), "-o", "loop,errors=remount-ro", str(file)) as folder:
        yield folder


@pytest.fixture
def image_file(tmp_path: Path) -> Path:
    needs_mounts()
    return image(tmp_path / "disk.img", 12)


def forbid_writes(disk: Path) -> Callable[[], None]:
    """Make what the spool writes to immutable, open files too; call what is returned to undo it.

    Not SQLite's shared memory: the kernel does not refuse such a write but ends whoever makes it.
    """
    names = "spool.db", "spool.db-wal", "spool.db.blobs"
    there = [str(disk / name) for name in names if (disk / name).exists()]

    def change(how: str) -> None:
        subprocess.run(["chattr", how, *there], check=True)

    change("+i")
    return partial(change, "-i")


def fail(disk: Path) -> Callable[[], None]:
    """Have the kernel find an error on the disk: it is read-only until it is unmounted and mended."""
    found = subprocess.run(["findmnt", "-no", "SOURCE", disk], check=True, capture_output=True, text=True)
    (Path("/sys/fs/ext4") / Path(found.stdout.strip()).name / "trigger_fs_error").write_text("1\n")
    return lambda: None


def test_files_that_cannot_be_written_cost_no_mail(image_file: Path, tmp_path: Path) -> None:
    small, large = mail(0, (SMALL,)), mail(1, (LARGE,))
    with ext4(image_file) as disk:
        with gateway_in(tmp_path, disk, "0 MB") as gateway:
            assert {reply(gateway, mail(number)) for number in (2, 3)} == {250}
            undo = forbid_writes(disk)
            assert {reply(gateway, one) for one in (small, large)} == {452}
            undo()
            assert {reply(gateway, one) for one in (small, large)} == {250}
        assert has_just(disk, small, large, mail(2), mail(3))


# As on a machine whose disk fails: whoever mends it finds every mail, and nothing of those that had their 452.
def test_a_disk_that_failed_has_every_mail_when_it_is_mended(image_file: Path, tmp_path: Path) -> None:
    with ext4(image_file) as disk, gateway_in(tmp_path, disk, "0 MB") as gateway:
        assert {reply(gateway, mail(number)) for number in (2, 3)} == {250}
        fail(disk)
        assert {reply(gateway, mail(number, (size,))) for number, size in enumerate((SMALL, LARGE))} == {452}
        assert requests.get(f"{gateway.url}/healthz", timeout=10).ok
        gateway.kill()
    subprocess.run(["e2fsck", "-p", image_file], check=False)
    with ext4(image_file) as disk:
        with gateway_in(tmp_path, disk, "0 MB") as gateway:
            assert reply(gateway, mail(4)) == 250
        assert has_just(disk, mail(2), mail(3), mail(4))


@pytest.mark.parametrize("trouble", [forbid_writes, fail])
def test_readyz_says_that_nothing_can_be_written(
    trouble: Callable[[Path], Callable[[], None]], image_file: Path, tmp_path: Path
) -> None:
    with ext4(image_file) as disk, gateway_in(tmp_path, disk, "0 MB") as gateway:
        assert reply(gateway, mail(2)) == 250
        undo = trouble(disk)
        try:
            assert reply(gateway, mail(4)) == 452
            assert spool_trouble(gateway)
        finally:
            gateway.kill()
            undo()


def test_the_program_stops_in_order_on_a_disk_that_failed(image_file: Path, tmp_path: Path) -> None:
    with ext4(image_file) as disk, gateway_in(tmp_path, disk, "0 MB") as gateway:
        assert reply(gateway, mail(2)) == 250
        fail(disk)
        assert gateway.terminate() == 0
