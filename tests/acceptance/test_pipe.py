"""`ingest` at the end of a pipe: from a real Postfix by alias, `.forward` and pipe(8), and by hand."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import SUPPORT, Build, House, house_settings, message
from tests.acceptance.test_lmtp import status
from tests.servers.clients import swaks
from tests.servers.gateway import PROGRAM, Gateway
from tests.servers.postfix import COMMAND_USER, Postfix, as_root, hands_to_commands
from tests.servers.postgres import running
from tests.servers.program import wait_until

UNKNOWN = "nobody@example.com"
BY_PIPE, FORWARDED = "piped@support.example.com", f"{COMMAND_USER}@example.com"
MAIL = b"From: asa@client.example\nSubject: from a pipe\nMessage-ID: <1@client.example>\n\nhello\n"


@pytest.fixture
def house(build: Build) -> House:
    """A house that listens to nobody: what comes, comes by a pipe."""
    return build({"smtp": {"listen": []}})


@pytest.fixture
def postfix(house: House) -> Iterator[Postfix]:
    with as_root() as prefix:
        command = f"{prefix} {PROGRAM} ingest --config {house.gateway.settings_file}"
        server = hands_to_commands("example.com", command)
        server.set_table("transport", [f"{BY_PIPE} gateway:"])
        server.set_forward(f'"|{command}"')
        yield server.start()
        print(server.log())  # pytest shows it where the test failed
        server.stop()


def traced(gateway: Gateway, name: str) -> dict[str, Any]:
    """What the trace says of a mail."""
    [found] = json.loads(gateway.command("trace", name, "--json").stdout)
    mail: dict[str, Any] = found["mail"]
    return mail


def envelope(house: House, subject: str) -> tuple[str, str, list[str]]:
    """Of the mail that made the errand with this subject: its source, sender and recipients, by the trace."""
    [errand] = [one for one in house.simulator.errands() if message(one)["subject"] == subject]
    mail = traced(house.gateway, message(errand)["message_id"])
    return mail["source"], mail["sender"], mail["recipients"]


def send(postfix: Postfix, subject: str, to: str, sender: str = "asa@client.example") -> None:
    swaks(postfix.port, "--header", f"Subject: {subject}", sender=sender, to=to)


# local(8) says sender and recipient in the environment, pipe(8) on the command line. The gateway need not know of a
# recipient that was added since its start: the command reads the settings itself.
def test_postfix_hands_mail_to_the_command_by_alias_forward_file_and_pipe(house: House, postfix: Postfix) -> None:
    route = house.gateway.settings["route"][0]
    house.gateway.change({"route": [route | {"recipients": [*route["recipients"], FORWARDED]}]})
    send(postfix, "by alias", SUPPORT)
    send(postfix, "by forward", FORWARDED)
    send(postfix, "by pipe", BY_PIPE)
    send(postfix, "a bounce", BY_PIPE, sender="<>")
    house.simulator.wait_for_errands(4)
    wait_until(postfix.queue_is_empty, "Postfix has nothing left")
    assert status(postfix.log(), SUPPORT).startswith("sent (delivered to command: ")
    assert status(postfix.log(), BY_PIPE).startswith("sent (delivered via gateway service")
    assert envelope(house, "by alias") == ("pipe", "asa@client.example", [SUPPORT])
    assert envelope(house, "by forward") == ("pipe", "asa@client.example", [FORWARDED])
    assert envelope(house, "by pipe") == ("pipe", "asa@client.example", [BY_PIPE])
    assert envelope(house, "a bounce") == ("pipe", "", [BY_PIPE])


# The one mail can never be taken and goes back at once; the other waits in Postfix until the settings are mended.
def test_postfix_bounces_an_unknown_recipient_and_keeps_what_meets_wrong_settings(
    house: House, postfix: Postfix
) -> None:
    postfix.set_table("transport", ["example.com gateway:"])
    send(postfix, "for nobody", UNKNOWN)
    wait_until(lambda: status(postfix.log(), UNKNOWN), "Postfix knows what became of it")
    assert status(postfix.log(), UNKNOWN).startswith("bounced (")
    assert f"no such recipient here: {UNKNOWN}" in status(postfix.log(), UNKNOWN)
    right = house.gateway.settings_file.read_text()
    house.gateway.settings_file.write_text(right.replace("hostname", "hostnam"))
    send(postfix, "patient", SUPPORT)
    wait_until(lambda: status(postfix.log(), SUPPORT), "Postfix has tried")
    assert status(postfix.log(), SUPPORT).startswith("deferred (")
    assert 'did you mean "hostname"?' in status(postfix.log(), SUPPORT)
    house.gateway.settings_file.write_text(right)
    house.simulator.wait_for_errands()


def handed_in(
    gateway: Gateway, *words: str, mail: bytes = MAIL, **environment: str
) -> "subprocess.CompletedProcess[bytes]":
    """Run `ingest` with few variables, as a mail server does: none of our secrets is among them."""
    argv = [PROGRAM, "ingest", "--config", str(gateway.settings_file), *words]
    clean = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(argv, env=clean, input=mail, capture_output=True, check=False, timeout=60)


@pytest.fixture
def still(tmp_path: Path) -> Gateway:
    """A gateway that does not run."""
    secrets = {"ATTACHMENT_TOKEN": "x", "SECRET": "x"}
    return Gateway(tmp_path, house_settings("http://127.0.0.1:1/s/demo", tmp_path), secrets)


@pytest.mark.parametrize(
    ("words", "mail", "environment", "code", "said"),
    [
        ((), MAIL, {"RECIPIENT": SUPPORT, "SENDER": "asa@client.example"}, 0, "queued as"),
        ((), MAIL, {"RECIPIENT": "someone@here", "ORIGINAL_RECIPIENT": SUPPORT}, 0, "queued as"),
        (("-r", SUPPORT), b"From asa Tue Nov 24 10:00:00 2026\n" + MAIL, {}, 0, "queued as"),
        (("-r", UNKNOWN), MAIL, {"RECIPIENT": SUPPORT}, 67, f"no such recipient here: {UNKNOWN}"),
        ((), MAIL, {"RECIPIENT": UNKNOWN}, 67, f"no such recipient here: {UNKNOWN}"),
        (("-r", SUPPORT), b"From asa Tue Nov 24 10:00:00 2026\n", {}, 65, "standard input was empty"),
        (("-r", SUPPORT), b"Received: by gateway.example.com\n" * 4 + MAIL, {}, 65, "in a loop"),
        (("-r", SUPPORT), MAIL + b"x" * 200_000, {"CENTION_GATEWAY_SMTP__MAX_SIZE": "100 kB"}, 65, "smtp.max_size"),
        ((), MAIL, {}, 75, "no --recipient"),
        (("--recipent", SUPPORT), MAIL, {}, 75, "No such option"),
        (("-r", SUPPORT, "--config", "/nowhere/config.toml"), MAIL, {}, 75, "/nowhere/config.toml: cannot be read"),
        (("-r", SUPPORT), MAIL, {"CENTION_GATEWAY_GATEWAY__SPOOL": "sqlite:////nowhere/spool.db"}, 75, "no folder"),
    ],
)
def test_its_exit_code_tells_a_mail_server_what_to_do(
    still: Gateway, words: tuple[str, ...], mail: bytes, environment: dict[str, str], code: int, said: str
) -> None:
    done = handed_in(still, *words, mail=mail, **environment)
    output = (done.stdout + done.stderr).decode()
    assert (done.returncode, said in output, "Traceback" in output) == (code, True, False), output


# procmail and scripts say no sender: the server before them wrote it down. An empty one that is said is the null one.
@pytest.mark.parametrize(
    ("words", "sender"), [((), "bounces@list.example"), (("-f", ""), ""), (("-f", "b@x.example"), "b@x.example")]
)
def test_a_sender_that_nobody_says_is_that_of_the_header(still: Gateway, words: tuple[str, ...], sender: str) -> None:
    mail = b"Return-Path: <bounces@list.example>\n" + MAIL
    name = handed_in(still, "-r", SUPPORT, *words, mail=mail).stdout.split()[-1].decode()
    assert traced(still, name)["sender"] == sender


# The line is a mailbox's and not the mail's: with or without it, it is the same mail.
def test_the_line_before_a_mail_is_no_part_of_it(still: Gateway) -> None:
    first = handed_in(still, "-r", SUPPORT, mail=b"From asa@client.example Tue Nov 24 10:00:00 2026\n" + MAIL)
    name = first.stdout.split()[-1].decode()
    assert still.command("trace", name, "--raw").stdout == MAIL
    assert b"have it already" in handed_in(still, "-r", SUPPORT).stdout


def test_on_postgresql_it_commits_itself_whether_a_gateway_runs_or_not(build: Build) -> None:
    with running() as server:
        settings = {"gateway": {"spool": server.url(server.create())}, "smtp": {"listen": []}}
        house = build(settings, start=False)
        assert handed_in(house.gateway, "-r", SUPPORT).returncode == 0
        house.gateway.start()
        large = MAIL.replace(b"<1@", b"<2@") + b"x" * 300_000
        assert handed_in(house.gateway, "-r", SUPPORT, mail=large).returncode == 0
        house.simulator.wait_for_errands(2)
        house.gateway.terminate()


def cpu(run: Any) -> float:
    """The least of three runs' seconds of CPU: other work on the machine only adds to it."""
    found = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(found)


# A mail server starts it for each mail. Beside a gateway that runs it loads no database's library, which doubles it.
def test_beside_a_running_gateway_it_starts_with_less_work_than_the_libraries_alone(house: House) -> None:
    libraries = [sys.executable, "-c", "import typer, pydantic_settings, sqlalchemy, alembic.command"]
    ours = cpu(lambda: handed_in(house.gateway, "-r", SUPPORT))
    assert ours < cpu(lambda: subprocess.run(libraries, check=True))
