"""Old mail becomes errands beside a running gateway, from files that real programs wrote, whatever is killed."""

import json
import signal
import smtplib
import subprocess
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from tests.acceptance.conftest import SUPPORT, Build, House, message
from tests.servers.dovecot import Dovecot
from tests.servers.gateway import PROGRAM
from tests.servers.program import wait_until

LINE = "From asa@client.example Mon Jan  1 10:00:00 2024\n"
MAIL = "Message-ID: <{0}@client.example>\nFrom: Asa <asa@client.example>\nTo: {1}\nSubject: number {0}\n\nhello {0}\n"


def box(path: Path, count: int) -> Path:
    path.write_text("".join(LINE + MAIL.format(number, SUPPORT) + "\n" for number in range(count)))
    return path


def subjects(house: House) -> Counter[str]:
    return Counter(message(errand)["subject"] for errand in house.simulator.errands())


def started(house: House, *words: str | Path) -> subprocess.Popen[bytes]:
    argv = [PROGRAM, "import", "--config", str(house.gateway.settings_file), *map(str, words)]
    return subprocess.Popen(argv, env=house.gateway._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.fixture
def quiet(build: Build) -> House:
    """A house that sends no answers."""
    return build({"outgoing": {"smarthosts": ["smtp://127.0.0.1:1"]}})


def test_old_mail_becomes_errands_while_the_gateway_runs(quiet: House, tmp_path: Path) -> None:
    path = box(tmp_path / "box", 50)
    done = quiet.gateway.command("import", str(path), "--route-by", "To")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, b"50 taken, 0 seen before, 0 refused"), done.stderr
    quiet.simulator.wait_for_errands(50)
    assert subjects(quiet) == Counter(f"number {number}" for number in range(50))
    # What came by SMTP already is no second errand.
    with quiet.gateway.smtp() as client:
        client.sendmail("asa@client.example", [SUPPORT], MAIL.format(100, SUPPORT))
    (tmp_path / "100.eml").write_text(MAIL.format(100, SUPPORT))
    done = quiet.gateway.command("import", str(tmp_path / "100.eml"), "--route-by", "To")
    assert done.stdout.startswith(b"0 taken, 1 seen before")


# The store writes the Maildir, with its own names, index files and folders; nobody has to know where it kept what.
def test_a_maildir_that_dovecot_wrote_is_imported_with_its_folders(quiet: House, dovecot: Dovecot) -> None:
    user = "archive@example.net"
    with smtplib.LMTP("127.0.0.1", dovecot.lmtp_port) as client:
        for number in range(20):
            client.sendmail("asa@client.example", [user], MAIL.format(number, SUPPORT))
    with dovecot.client(user) as client:
        client.create_folder("Årkiv 2019")
        client.select_folder("INBOX")
        client.move(client.search()[:5], "Årkiv 2019")
        client.add_flags(client.search()[:5], [rb"\Seen"])
    done = quiet.gateway.command("import", str(dovecot.maildir(user)), "--route-by", "To", "--json")
    assert done.returncode == 0, done.stderr
    quiet.simulator.wait_for_errands(20)
    assert subjects(quiet) == Counter(f"number {number}" for number in range(20))


# Either is killed in the middle: the same command goes on, and each mail is one job.
@pytest.mark.parametrize("dies", ["import", "gateway"])
def test_a_kill_of_either_side_costs_no_mail_and_makes_no_copy(quiet: House, tmp_path: Path, dies: str) -> None:
    path, count = box(tmp_path / "box", 1000), 1000
    with started(quiet, path, "--route", "support", "--rate", "500/s") as running:
        wait_until(partial(_has, quiet, 100), "some of them are stored")
        if dies == "import":
            running.kill()
        else:
            quiet.gateway.kill()
        said = running.communicate(timeout=60)[0].decode()
    if dies == "import":
        assert running.returncode == -signal.SIGKILL
    else:
        assert (running.returncode, "the spool's process is gone" in said) == (75, True), said
        quiet.gateway.start()
    done = quiet.gateway.command("import", str(path), "--route", "support")
    assert done.returncode == 0, done.stderr
    quiet.gateway.wait_until_idle()
    jobs = json.loads(quiet.gateway.command("queue", "list", "--state", "done", "--limit", "5000", "--json").stdout)
    assert len(jobs) == count
    # A gateway that is killed between Cention's answer and its record of it asks again (docs/operations.md).
    assert set(subjects(quiet)) == {f"number {number}" for number in range(count)}


def _has(house: House, count: int) -> bool:
    return len(house.simulator.errands()) >= count
