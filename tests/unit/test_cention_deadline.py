"""The limit on a whole call, against peers that are slow in every way: real sockets on loopback, plain and with TLS."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.cention.client import Client, Limits
from gateway.cention.deadline import Deadline
from gateway.errors import Temporary, TooLarge

PEM = Path(__file__).with_name("cention_localhost.pem")
CREATED = b'HTTP/1.1 200 OK\r\nContent-Length: 48\r\n\r\n{"data":{"type":"c3_new_errands","id":"511055"}}'
LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b" " * 1000

Script = Callable[[socket.socket], None]
Peer = Callable[[Script], str]


@pytest.fixture(params=["http", "https"])
def peer(request: pytest.FixtureRequest) -> Iterator[Peer]:
    """A server that does with its first connection what a script says; gives the base to call it at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve(script: Script) -> None:
            with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
                connection = stack.enter_context(listener.accept()[0])
                if request.param == "https":
                    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    context.load_cert_chain(PEM)
                    connection = stack.enter_context(context.wrap_socket(connection, server_side=True))
                script(connection)

        def start(script: Script) -> str:
            threading.Thread(target=serve, args=(script,), daemon=True).start()
            return f"{request.param}://127.0.0.1:{listener.getsockname()[1]}/s/demo"

        yield start


def create(base: str, limits: Limits, document: bytes = b"{}") -> str:
    client = Client(base, limits, authority=str(PEM))
    try:
        return client.create(document, "token")
    finally:
        client.close()


def drips(data: bytes) -> Script:
    def script(connection: socket.socket) -> None:
        connection.recv(65536)
        for start in range(len(data)):
            connection.sendall(data[start : start + 1])
            time.sleep(0.02)

    return script


# One byte now and then is never silence: only the limit on the whole call ends it.
@pytest.mark.parametrize("data", [CREATED, LONG], ids=["in its head", "in its body"])
def test_a_server_that_drips_is_left_when_the_time_of_the_call_is_over(peer: Peer, data: bytes) -> None:
    base = peer(drips(data))
    began = time.monotonic()
    with pytest.raises(Temporary, match="in time"):
        create(base, Limits(silence=0.3, total=0.6))
    assert 0.55 < time.monotonic() - began < 1.2


def test_a_server_that_says_nothing_is_left_after_the_time_of_silence(peer: Peer) -> None:
    base = peer(lambda _: time.sleep(3))
    began = time.monotonic()
    with pytest.raises(Temporary, match="in time"):
        create(base, Limits(silence=0.2, total=10))
    assert time.monotonic() - began < 1


def test_a_server_that_does_not_read_is_left(peer: Peer) -> None:
    base = peer(lambda _: time.sleep(3))
    began = time.monotonic()
    with pytest.raises(Temporary, match="in time"):
        create(base, Limits(silence=0.2, total=10), b" " * 30_000_000)
    assert time.monotonic() - began < 1.5


def test_a_server_that_reads_for_ever_is_left_when_the_time_of_the_call_is_over(peer: Peer) -> None:
    def slow(connection: socket.socket) -> None:
        while connection.recv(10_000):
            time.sleep(0.005)

    base = peer(slow)
    began = time.monotonic()
    with pytest.raises(Temporary, match="in time"):
        create(base, Limits(silence=0.3, total=0.6), b" " * 30_000_000)
    assert 0.55 < time.monotonic() - began < 1.2


# urllib3 sends under the time limit for connecting, which a large mail on a slow line would never keep.
def test_sending_may_take_longer_than_connecting(peer: Peer) -> None:
    def slow(connection: socket.socket) -> None:
        received = 0
        while received < 6_000_000:
            received += len(connection.recv(200_000))
            time.sleep(0.005)
        connection.sendall(CREATED)

    assert create(peer(slow), Limits(connect=0.1, silence=2, total=30), b" " * 6_000_000) == "511055"


# A proxy that will not take a large mail says so at once, and reads no more of it.
def test_an_answer_that_comes_before_the_document_was_read_is_heard(peer: Peer) -> None:
    def early(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        time.sleep(0.1)

    with pytest.raises(TooLarge):
        create(peer(early), Limits(silence=2, total=5), b" " * 10_000_000)


def test_a_wait_is_never_longer_than_what_is_left() -> None:
    assert Deadline(time.monotonic() + 100, 5).wait() == 5
    assert Deadline(time.monotonic() + 1, 5).wait() <= 1
    with pytest.raises(TimeoutError):
        Deadline(time.monotonic() - 1, 5).wait()
