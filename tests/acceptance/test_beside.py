"""Commands beside a running gateway: one process writes the spool, and the commands hand their work to it."""

from pathlib import Path

from tests.acceptance.conftest import SUPPORT, Build, message
from tests.servers.program import wait_until

MAIL = b"From: asa@client.example\nSubject: from a script\nMessage-ID: <1@client.example>\n\nhello\n"


def test_ingest_hands_a_mail_to_the_gateway_that_runs(build: Build) -> None:
    house = build()
    said = house.gateway.command("ingest", "--recipient", SUPPORT, stdin=MAIL)
    assert said.returncode == 0, said.stderr
    wait_until(house.simulator.errands, "it is an errand")
    assert message(house.simulator.errands()[0])["subject"] == "from a script"
    again = house.gateway.command("ingest", "--recipient", SUPPORT, stdin=MAIL)
    assert again.returncode == 0
    assert b"have it already" in again.stdout


def test_ingest_writes_itself_while_no_gateway_runs(build: Build, tmp_path: Path) -> None:
    house = build()
    house.gateway.terminate()
    large = MAIL + b"x" * 500_000
    assert house.gateway.command("ingest", "--recipient", SUPPORT, stdin=large).returncode == 0
    house.gateway.kill()
    house.gateway.start()
    wait_until(house.simulator.errands, "it is an errand")
    assert "x" * 500_000 in message(house.simulator.errands()[0])["body"]


# After a kill the door is still there and nobody behind it.
def test_a_door_that_nobody_answers_keeps_no_command_waiting(build: Build, tmp_path: Path) -> None:
    house = build()
    house.gateway.kill()
    assert (tmp_path / "spool.db.sock").exists()
    assert house.gateway.command("ingest", "--recipient", SUPPORT, stdin=MAIL).returncode == 0


def test_queue_acts_through_the_gateway_that_runs_and_it_goes_on_at_once(build: Build) -> None:
    house = build({"worker": {"retry_min": "1 h", "retry_max": "1 h"}})
    house.simulator.faults({"target": "create", "status": 500, "calls": 1})
    assert house.gateway.command("ingest", "--recipient", SUPPORT, stdin=MAIL).returncode == 0
    wait_until(lambda: house.gateway.facts("again later"), "it failed once")
    said = house.gateway.command("queue", "retry", "1")
    assert said.returncode == 0, said.stderr
    wait_until(house.simulator.errands, "it is an errand")
