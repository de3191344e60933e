"""What a large mail takes: the child that reads it holds the mail and its files once, the main process neither."""

import base64
import os
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.cention.client import Client, Limits
from gateway.flow.inbound import Prepared, Reading, prepare
from gateway.flow.readers import Readers

SIZE = 25_000_000
READING = Reading("a@b.example", "<1@x>")
HEAD = (
    b"From: a@b.example\r\nSubject: large\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\n\r\nhello\r\n"
    b"--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
)
CREATED = b'HTTP/1.1 201 Created\r\nContent-Length: 48\r\n\r\n{"data":{"type":"c3_new_errands","id":"511055"}}'


def resident(what: str) -> int:
    """Bytes of memory of this process, as the system counts them: VmRSS now, VmHWM at most."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith(what))


def measured(source: bytes | Path, reading: Reading) -> Prepared:
    """Read a mail; the subject is how many bytes more than before the process had meanwhile, at most."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = resident("VmRSS")
    prepared = prepare(source, reading)
    return replace(prepared, subject=str(resident("VmHWM") - before))


@pytest.fixture(scope="module")
def mail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mail") / "large"
    path.write_bytes(HEAD + base64.encodebytes(os.urandom(SIZE * 57 // 77)).replace(b"\n", b"\r\n") + b"--b--\r\n")
    return path


@pytest.fixture
def cention() -> Iterator[str]:
    """The base of a server that takes one document, without keeping it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def take() -> None:
            with listener.accept()[0] as connection:
                data = connection.recv(65536)
                head, _, body = data.partition(b"\r\n\r\n")
                left = int(head.lower().partition(b"content-length: ")[2].split()[0]) - len(body)
                buffer = bytearray(65536)
                while left > 0:
                    left -= connection.recv_into(buffer)
                connection.sendall(CREATED)

        thread = threading.Thread(target=take)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/s/demo"
        thread.join()


# The mail as it came, the decoded file, and a piece of the mail on its way from the one to the other: no more copies.
def test_a_child_that_reads_a_large_mail_peaks_under_three_times_its_size(mail: Path) -> None:
    readers = Readers(1, 60.0, 1_000_000_000, measured)
    with readers.scratch() as file:
        prepared = readers.read(mail, READING, file)
    readers.close()
    assert prepared.size > SIZE * 0.95
    assert int(prepared.subject) < 3 * SIZE


def test_the_main_process_does_not_grow_with_the_mail(mail: Path, cention: str) -> None:
    readers, client = Readers(1, 60.0, 1_000_000_000), Client(cention, Limits())
    tracemalloc.start()
    try:
        with readers.scratch() as file:
            prepared = readers.read(mail, READING, file)
            assert prepared.document == b""
            assert client.create(file, "token") == "511055"
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        client.close()
        readers.close()
    assert peak < 2_000_000
