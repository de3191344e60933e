"""The accepting processes: they come and go, and what is promised to a client and to an operator stays."""

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
import requests

from tests.acceptance.conftest import SUPPORT, Build, House, message
from tests.fault.processes import Kind, kill, of_session, processes
from tests.servers.gateway import PROGRAM
from tests.servers.program import wait_until

PROCESSES = 2


@pytest.fixture
def house(build: Build) -> House:
    return build({"smtp": {"processes": PROCESSES}})


def mail(number: int) -> str:
    return f"From: asa@client.example\r\nSubject: {number}\r\nMessage-ID: <{number}@client.example>\r\n\r\nhello\r\n"


def send(house: House, *numbers: int, to: str = SUPPORT) -> None:
    for number in numbers:
        with house.gateway.smtp() as client:
            client.sendmail("asa@client.example", [to], mail(number))


def metric(house: House, name: str) -> float:
    page = requests.get(f"{house.gateway.url}/metrics", timeout=10).text
    return sum(float(line.rpartition(" ")[2]) for line in page.splitlines() if line.startswith(name))


def test_connections_are_dealt_out_to_processes_that_are_not_the_main_one(house: House) -> None:
    found = processes(house.gateway)
    assert len(found[Kind.ACCEPTING]) == PROCESSES
    assert house.gateway.pid not in found[Kind.ACCEPTING]


# Its socket stays open in the main process, so that a client that comes meanwhile waits and is not refused.
def test_a_process_that_is_killed_is_started_again_and_no_client_is_refused(house: House) -> None:
    before = processes(house.gateway)[Kind.ACCEPTING]
    for pid in before:
        kill(pid)
    send(house, *range(10))
    wait_until(lambda: len(processes(house.gateway)[Kind.ACCEPTING]) == PROCESSES, "both are there again")
    assert not set(before) & set(processes(house.gateway)[Kind.ACCEPTING])
    house.gateway.wait_until_idle()
    assert {message(errand)["subject"] for errand in house.simulator.errands()} == {str(number) for number in range(10)}
    assert len(house.gateway.facts("accepting process ended, started again")) == PROCESSES


def test_a_process_that_is_down_is_named_by_readyz(house: House) -> None:
    victim = processes(house.gateway)[Kind.ACCEPTING][0]
    kill(victim)

    def said() -> str:
        return str(requests.get(f"{house.gateway.url}/readyz", timeout=5).json()["parts"]["smtp"])

    wait_until(lambda: "being started again" in said(), "readyz names it")
    wait_until(lambda: said() == "ok", "readyz is well again")


# Nobody could say "yes" any more, and a port that is held would keep the next start away.
def test_when_the_main_process_is_killed_the_others_end(house: House) -> None:
    session = os.getsid(house.gateway.pid)
    house.gateway.kill_alone()
    wait_until(lambda: not of_session(session), "all processes end")


def test_counts_of_all_processes_are_on_one_page_and_outlive_them(house: House) -> None:
    send(house, *range(20))
    wait_until(lambda: metric(house, "cention_gateway_mails_accepted_total") == 20, "all are counted")
    assert metric(house, "cention_gateway_accept_seconds_count") == 20
    for pid in processes(house.gateway)[Kind.ACCEPTING]:
        kill(pid)
    send(house, 20)
    wait_until(lambda: metric(house, "cention_gateway_mails_accepted_total") == 21, "none is forgotten")


def test_a_reload_reaches_every_process(house: House) -> None:
    route = house.gateway.settings["route"][0]
    house.gateway.change({"route": [route | {"recipients": [*route["recipients"], "new@example.com"]}]})
    house.gateway.reload()

    def known() -> bool:
        codes = set()
        for _ in range(10):
            with house.gateway.smtp() as client:
                client.ehlo("x")
                client.mail("asa@client.example")
                codes.add(client.rcpt("new@example.com")[0])
        return codes == {250}

    wait_until(known, "every process knows the new recipient")


@contextmanager
def connections(port: int, count: int) -> Iterator[list[bytes]]:
    """So many connections at once; their greetings."""
    with ExitStack() as stack:
        open_ones = [stack.enter_context(socket.create_connection(("127.0.0.1", port), 10)) for _ in range(count)]
        yield [one.recv(200) for one in open_ones]


@pytest.mark.parametrize("limit", ["max_connections", "max_connections_per_address"])
def test_the_limits_of_connections_are_for_all_processes_together(build: Build, limit: str) -> None:
    house = build({"smtp": {"processes": PROCESSES, limit: 12}})
    with connections(house.gateway.smtp_port, 20) as greetings:
        assert sum(greeting.startswith(b"220") for greeting in greetings) <= 12
        assert sum(greeting.startswith(b"421") for greeting in greetings) >= 8
    wait_until(lambda: metric(house, "cention_gateway_smtp_connections") == 0, "all are counted out")
    with connections(house.gateway.smtp_port, 10) as greetings:
        assert all(greeting.startswith(b"220") for greeting in greetings)


def test_sigterm_to_every_process_at_once_ends_them_in_order(house: House) -> None:
    session = os.getsid(house.gateway.pid)
    with closing(house.gateway.smtp()) as client:
        client.ehlo("x")
        for pid in of_session(session):
            with suppress(ProcessLookupError):  # some end with others
                os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not of_session(session), "all end")
    assert house.gateway.facts("stopped")


# As systemd does: the socket is there before the program and outlives it, so a restart refuses nobody.
def test_a_socket_that_systemd_holds_is_taken_over_at_each_start(build: Build, tmp_path: Path) -> None:
    house = build({"smtp": {"processes": PROCESSES}}, start=False)
    gateway = house.gateway
    with socket.create_server(("127.0.0.1", gateway.smtp_port)) as held:
        for number in range(2):
            running = _as_systemd(held, gateway.settings_file)
            try:
                wait_until(gateway.is_ready, "ready")
                waiting = threading.Thread(target=partial(send, house, number))
                waiting.start()
                waiting.join(20)
            finally:
                running.terminate()
                assert running.wait(20) == 0
        late = threading.Thread(target=partial(send, house, 2))
        late.start()  # while nothing runs
        running = _as_systemd(held, gateway.settings_file)
        late.join(30)
        wait_until(lambda: len(house.simulator.errands()) == 3, "each is an errand")
        running.terminate()
        assert running.wait(20) == 0


def _as_systemd(held: socket.socket, settings: Path) -> "subprocess.Popen[bytes]":
    """Start the program with the socket as descriptor 3 and the variables of sd_listen_fds(3)."""
    script = f'exec 3<&{held.fileno()}; export LISTEN_PID=$$ LISTEN_FDS=1; exec "$0" run --config "$1"'
    return subprocess.Popen(
        ["/bin/bash", "-c", script, PROGRAM, str(settings)],
        pass_fds=[held.fileno()],
        env=os.environ | {"ATTACHMENT_TOKEN": "x", "SECRET": "x"},
    )
