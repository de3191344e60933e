"""Start, reload and stop, and a token that is refused: what whoever runs the gateway does to it."""

import subprocess
from pathlib import Path

import pytest

from tests.acceptance.conftest import SUPPORT, Build, House
from tests.servers.clients import swaks
from tests.servers.gateway import PROGRAM
from tests.servers.program import wait_until
from tests.servers.simulator import CREATE_TOKEN

EX_CONFIG = 78


def send(house: House, to: str = SUPPORT) -> str:
    """Send a mail by swaks; the conversation."""
    return swaks(house.gateway.smtp_port, sender="a@example.net", to=to)


# Every mistake at once, each as file, key and what was expected.
def test_wrong_settings_end_the_start_with_a_line_for_each_mistake(tmp_path: Path) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text('[smtp]\nlisten = ["127.0.0.1"]\nmax_sise = "1 MB"\n[http]\nlisten = 8080\n')
    ran = subprocess.run(
        [PROGRAM, "run", "--config", settings], capture_output=True, check=False, timeout=60, text=True
    )
    assert ran.returncode == EX_CONFIG
    lines = ran.stderr.splitlines()
    assert all(line.startswith(str(settings)) for line in lines), ran.stderr
    for key in ("smtp.listen", "smtp.max_sise", "http.listen", "cention", "route"):
        assert any(key in line for line in lines), f"{key} is not in\n{ran.stderr}"


def test_sigterm_finishes_what_is_in_hand_and_it_is_not_done_again(house: House) -> None:
    house.simulator.faults({"target": "create", "delay": 2, "calls": 1})
    send(house)
    wait_until(house.simulator.calls, "the errand is being created")
    assert house.simulator.errands() == []
    assert house.gateway.terminate() == 0
    assert len(house.simulator.errands()) == 1
    with pytest.raises(ConnectionRefusedError):
        house.gateway.smtp()
    house.gateway.start()
    house.gateway.wait_until_idle()
    assert len(house.simulator.calls()) == 1


# A Cention that does not answer holds the stop up for no longer than its limit; the mail is kept for the next start.
def test_sigterm_does_not_wait_for_ever(build: Build) -> None:
    house = build({"gateway": {"stop_timeout": "1 s"}})
    house.simulator.faults({"target": "create", "delay": 30, "calls": 1})
    send(house)
    wait_until(house.simulator.calls, "the errand is being created")
    house.gateway.terminate(seconds=10)
    house.simulator.faults()
    house.gateway.start()
    house.simulator.wait_for_errands()


def test_sigterm_begins_nothing_new(build: Build) -> None:
    house = build({"worker": {"threads": 1}})
    house.simulator.faults({"target": "create", "delay": 1})
    for _ in range(5):
        send(house)
    wait_until(house.simulator.calls, "the first errand is being created")
    house.gateway.terminate()
    begun = len(house.simulator.errands())
    assert begun < 5
    house.simulator.faults()
    house.gateway.start()
    house.gateway.wait_until_idle()
    assert len(house.simulator.errands()) == 5


def test_sighup_brings_new_settings_into_force(house: House) -> None:
    assert "550 5.1.1" in send(house, "new@example.com")
    [route] = house.gateway.settings["route"]
    house.gateway.change({"route": [route | {"recipients": ["new@example.com"]}]})
    house.gateway.reload()
    assert "<-  250 2.0.0" in send(house, "new@example.com")
    assert "550 5.1.1" in send(house, SUPPORT)


def test_sighup_with_wrong_settings_keeps_the_old_ones_and_says_why(house: House) -> None:
    house.gateway.change({"smtp": {"max_size": "many"}})
    house.gateway.reload()
    [fact] = house.gateway.facts("settings not reloaded, the old ones stay")
    assert any("smtp.max_size" in line for line in fact["mistakes"])
    assert "<-  250 2.0.0" in send(house)
    house.simulator.wait_for_errands()


# The sender notices nothing, and nobody has to tell the gateway of the new token: it reads the file again.
def test_a_refused_token_pauses_its_route_until_the_file_has_a_new_one(house: House, tmp_path: Path) -> None:
    token = tmp_path / "create-token"
    token.write_text("expired")
    for _ in range(3):
        assert "<-  250 2.0.0" in send(house)
    wait_until(lambda: house.gateway.jobs()["held"] == 3, "the mails are held")
    token.write_text(CREATE_TOKEN)
    house.simulator.wait_for_errands(3)
    house.gateway.wait_until_idle()
    assert len(house.simulator.errands()) == 3


def test_a_mail_that_cention_rejects_waits_for_a_person_and_goes_on_when_retried(house: House) -> None:
    house.simulator.faults({"target": "create", "status": 422, "calls": 1})
    send(house)
    wait_until(lambda: house.gateway.jobs()["parked"] == 1, "the mail is parked")
    assert house.gateway.command("queue", "retry", "--all-parked").returncode == 0
    house.simulator.wait_for_errands()


# Cention says how long to leave it in peace.
def test_retry_after_is_honoured(house: House) -> None:
    house.simulator.faults({"target": "create", "status": 503, "headers": {"Retry-After": "3"}, "calls": 1})
    send(house)
    house.simulator.wait_for_errands()
    first, second = (call["at"] for call in house.simulator.calls())
    assert second - first >= 3


def test_a_mail_on_standard_input_takes_the_same_road(house: House) -> None:
    mail = b"From: a@example.net\r\nSubject: By pipe\r\nMessage-ID: <pipe@example.net>\r\n\r\nHello.\r\n"
    assert house.gateway.command("ingest", "--recipient", SUPPORT, stdin=mail).returncode == 0
    house.simulator.wait_for_errands()


# Two writers on one spool would be two truths: the second one says why it ends, the first one notices nothing.
def test_a_second_gateway_on_the_same_spool_ends_and_leaves_the_first_alone(house: House) -> None:
    again = house.gateway.command("run")
    assert again.returncode > 0
    [line] = again.stderr.decode().splitlines()
    assert "in use" in line
    assert "<-  250 2.0.0" in send(house)
