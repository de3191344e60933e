"""The client against servers that behave as no server should: real sockets on loopback, no mocks."""

import contextlib
import gzip
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pybase64
import pytest

from gateway.cention import exchange
from gateway.cention.client import Client, Limits
from gateway.cention.loop import _made, loop
from gateway.cention.workspace import client_of
from gateway.config.cention import Workspace
from gateway.config.units import Secret
from gateway.errors import GatewayError, Permanent, Refused, Temporary, TooLarge
from gateway.model import Resource

TOKEN = "eyJhbGciOiJIUzI1NiJ9.e30.c2VjcmV0"
PEM = Path(__file__).with_name("cention_localhost.pem")
CREATED = b'{"data":{"type":"c3_new_errands","id":"511055"}}'
PICTURE = Resource("c3_response_attachments", "789")
QUICK = Limits(connect=2, silence=0.3, total=0.6)

Script = Callable[[socket.socket], None]
Serve = Callable[..., "Server"]


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def says(data: bytes) -> Script:
    return lambda connection: connection.sendall(data)


class Server:
    """A server on loopback. The script runs after each request; a script that is not repeated ends the connection."""

    def __init__(self, script: Script, *, keep: bool = False, tls: bool = False) -> None:
        self.script, self.keep = script, keep
        self.requests: queue.Queue[bytes] = queue.Queue()
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
        if self.context:
            self.context.load_cert_chain(PEM)
        self.origin = f"{'https' if tls else 'http'}://127.0.0.1:{self.listener.getsockname()[1]}"
        self.base = f"{self.origin}/s/demo"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection = self.listener.accept()[0]
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            if self.context:
                connection = stack.enter_context(self.context.wrap_socket(connection, server_side=True))
            while True:
                self.requests.put(_request(connection))
                self.script(connection)
                if not self.keep:
                    return

    def close(self) -> None:
        self.listener.close()


def _request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        received = connection.recv(65536)
        if not received:
            raise ConnectionResetError
        data += received
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@pytest.fixture
def serve() -> Iterator[Serve]:
    with contextlib.ExitStack() as stack:

        def start(script: Script, **options: bool) -> Server:
            server = Server(script, **options)
            stack.callback(server.close)
            return server

        yield start


@contextlib.contextmanager
def client(base: str, limits: Limits = QUICK, authority: str = "") -> Iterator[Client]:
    opened = Client(base, limits, authority=authority)
    try:
        yield opened
    finally:
        opened.close()


def failure(base: str, limits: Limits = QUICK, document: bytes = b"{}") -> GatewayError:
    with client(base, limits) as opened, pytest.raises(GatewayError) as caught:
        opened.create(document, TOKEN)
    assert TOKEN not in str(caught.value)
    return caught.value


def test_a_document_goes_out_as_the_contract_has_it(serve: Serve) -> None:
    server = serve(says(answer(CREATED, "201 Created")))
    with client(server.base) as opened:
        assert opened.create(b'{"data":1}', TOKEN) == "511055"
    head, _, body = server.requests.get(timeout=2).partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /s/demo/capi/json/c3_new_errands HTTP/1.1"
    assert body == b'{"data":1}'
    for line in (
        "Content-Type: application/vnd.api+json",
        "Accept: application/vnd.api+json",
        "Accept-Encoding: identity",
        f"Authorization: Bearer {TOKEN}",
        "Content-Length: 10",
    ):
        assert lines.count(line) == 1, line
    assert not any(line.startswith("Transfer-Encoding") for line in lines)


# A large document lies in a file; a second try sends it from its beginning again.
def test_a_document_in_a_file_goes_out_whole_and_with_its_length_each_time(serve: Serve, tmp_path: Path) -> None:
    document = bytes(range(256)) * 2000
    server = serve(says(answer(CREATED, "201 Created")), keep=True)
    with client(server.base, Limits()) as opened, (tmp_path / "document").open("w+b") as file:
        file.write(document)
        for _ in range(2):
            assert opened.create(file, TOKEN) == "511055"
            head, _, body = server.requests.get(timeout=2).partition(b"\r\n\r\n")
            assert body == document
            assert b"\r\nContent-Length: 512000\r\n" in head
            assert b"transfer-encoding" not in head.lower()


# A proxy that will not take a large mail says so at once, and reads no more of it.
def test_an_answer_that_comes_before_a_file_was_read_is_heard(serve: Serve, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, (tmp_path / "document").open("w+b") as file:

        def early() -> None:
            with listener.accept()[0] as connection:
                connection.recv(1000)
                connection.sendall(answer(b"", "413 Too Large", "Connection: close"))
                time.sleep(0.1)

        threading.Thread(target=early, daemon=True).start()
        file.truncate(10_000_000)
        with client(f"http://127.0.0.1:{listener.getsockname()[1]}/s", Limits()) as opened, pytest.raises(TooLarge):
            opened.create(file, TOKEN)


def test_a_server_that_does_not_read_a_file_is_left_when_the_time_of_the_call_is_over(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, (tmp_path / "document").open("w+b") as file:
        file.truncate(30_000_000)
        base = f"http://127.0.0.1:{listener.getsockname()[1]}/s"
        with client(base) as opened, pytest.raises(Temporary, match="in time"):
            opened.create(file, TOKEN)


def test_a_token_goes_with_its_own_call_only(serve: Serve) -> None:
    server = serve(says(answer(CREATED)), keep=True)
    with client(server.base) as opened:
        opened.create(b"{}", "first")
        opened.create(b"{}", "second")
    heads = [server.requests.get(timeout=2) for _ in range(2)]
    assert [b"Bearer first" in head for head in heads] == [True, False]
    assert [head.count(b"Authorization:") for head in heads] == [1, 1]


def test_an_attachment_is_fetched_with_both_headers(serve: Serve) -> None:
    content = bytes(range(256)) * 1000
    encoded = pybase64.b64encode_as_string(content)
    attachment = {"c3_id": 789, "content_type": "image/png", "name": "a.png", "content": encoded}
    server = serve(says(answer(orjson.dumps({"data": {"attributes": {"attachment": attachment}}}))))
    with client(server.base) as opened:
        fetched = opened.fetch(PICTURE, TOKEN)
    assert (fetched.name, fetched.content_type, fetched.content) == ("a.png", "image/png", content)
    head = server.requests.get(timeout=2).decode()
    assert head.startswith("GET /s/demo/capi/json/c3_response_attachments/789 HTTP/1.1\r\n")
    assert "Content-Type: application/vnd.api+json\r\n" in head
    assert "Accept: application/vnd.api+json\r\n" in head
    assert f"Authorization: Bearer {TOKEN}" in head


# requests would take the Authorization from ~/.netrc instead of ours, and a proxy from the environment.
def test_nothing_from_the_environment_changes_a_call(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server = serve(says(answer(CREATED)))
    with client(server.base) as opened:
        opened.create(b"{}", TOKEN)
    assert f"Authorization: Bearer {TOKEN}".encode() in server.requests.get(timeout=2)


def test_cookies_are_not_kept(serve: Serve) -> None:
    server = serve(says(answer(CREATED, "200 OK", "Set-Cookie: a=b")), keep=True)
    with client(server.base) as opened:
        opened.create(b"{}", TOKEN)
        opened.create(b"{}", TOKEN)
    server.requests.get(timeout=2)
    assert b"cookie" not in server.requests.get(timeout=2).lower()


def test_a_connection_is_kept_for_the_next_call(serve: Serve) -> None:
    server = serve(says(answer(CREATED)), keep=True)
    with client(server.base) as opened:
        for _ in range(5):
            opened.create(b"{}", TOKEN)
    assert server.connections == 1


def test_a_connection_that_the_server_closed_between_two_calls_is_opened_again(serve: Serve) -> None:
    server = serve(says(answer(CREATED)))
    with client(server.base) as opened:
        for _ in range(3):
            assert opened.create(b"{}", TOKEN) == "511055"
            time.sleep(0.05)
    assert server.connections == 3


def test_threads_share_the_client_each_with_its_own_call(serve: Serve) -> None:
    def echo(connection: socket.socket) -> None:
        time.sleep(0.02)
        connection.sendall(answer(CREATED))

    server = serve(echo, keep=True)
    results: queue.Queue[str] = queue.Queue()
    with client(server.base, Limits()) as opened:
        threads = [threading.Thread(target=lambda: results.put(opened.create(b"{}", TOKEN))) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results.qsize() == 20


# One thread has them all: their connections and their answers must not be taken for one another's.
def test_many_calls_at_once_have_each_its_own_answer(serve: Serve) -> None:
    def echo(connection: socket.socket) -> None:
        number = server.requests.get(timeout=2).rpartition(b"\r\n\r\n")[2]
        time.sleep(0.01)
        connection.sendall(answer(CREATED.replace(b"511055", number)))

    server = serve(echo, keep=True)
    with client(server.base, Limits()) as opened:
        calls = [opened.begin(b"%d" % number, TOKEN) for number in range(100)]
        assert len({call.result(timeout=10) for call in calls}) == 100
        assert len({opened.begin(b"%d" % number, TOKEN).result(timeout=10) for number in range(20)}) == 20
    assert server.connections <= 100


# Whose answer would it be? The next request's, if the connection were used again.
def test_a_connection_on_which_more_came_than_was_asked_for_is_not_used_again(serve: Serve) -> None:
    server = serve(says(answer(CREATED) + answer(b"", "400 Bad Request")), keep=True)
    with client(server.base) as opened:
        for _ in range(3):
            assert opened.create(b"{}", TOKEN) == "511055"
    assert server.connections == 3


# Nobody else closes those of a client that new settings have replaced.
def test_a_connection_that_nobody_uses_is_closed_after_a_while(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "_REST_SECONDS", 0.05)
    ends: queue.Queue[bytes] = queue.Queue()

    def once(connection: socket.socket) -> None:
        connection.sendall(answer(CREATED))
        ends.put(connection.recv(1))

    server = serve(once)
    with client(server.base) as opened:
        opened.create(b"{}", TOKEN)
        assert ends.get(timeout=5) == b""


# Two threads that come first made one loop each, and each used the other's connections.
def test_all_calls_are_made_from_one_loop_whoever_comes_first() -> None:
    _made.cache_clear()
    with ThreadPoolExecutor(16) as threads:
        loops = {id(made) for made in threads.map(lambda _: loop(), range(64))}
    assert len(loops) == 1


# The other host gets neither the token nor anything else.
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(serve: Serve, status: int) -> None:
    other = serve(says(answer(CREATED)))
    server = serve(says(answer(b"", f"{status} Moved", f"Location: {other.base}/capi/json/c3_new_errands")))
    error = failure(server.base)
    assert type(error) is Temporary
    assert "redirect" in str(error)
    assert "127.0.0.1" in str(error)
    assert other.connections == 0


def test_a_link_to_another_host_is_asked_for_at_ours(serve: Serve) -> None:
    other = serve(says(answer(b"{}")))
    server = serve(says(answer(b"gone", "404 Not Found")))
    link = f"{other.origin}/capi/json/c3_response_attachments/789"
    with client(server.base) as opened, pytest.raises(Permanent):
        opened.fetch(Resource("c3_response_attachments", "789", link), TOKEN)
    assert server.requests.get(timeout=2).startswith(b"GET /s/demo/capi/json/c3_response_attachments/789 ")
    assert other.connections == 0


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (answer(b"", "200 OK"), Temporary),
        (answer(b"<html>login</html>", "200 OK"), Temporary),
        (answer(b'{"data":{"type":"c3_new_errands"}}', "200 OK"), Temporary),
        (answer(b"", "204 No Content"), Temporary),
        (answer(b"", "422 Unprocessable Entity"), Permanent),
        (answer(b"", "413 Too Large"), TooLarge),
        (answer(TOKEN.encode(), "401 Unauthorized"), Refused),
        (answer(b"x" * 3_000_000, "500 Oops"), Temporary),
        (answer(b"x" * 3_000_000, "200 OK"), Temporary),
        (b"", Temporary),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Temporary),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", Temporary),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{", Temporary),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{", Temporary),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", Temporary),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n", Temporary),
        (b"HTTP/1.1 200 OK\r\n" + b"A" * 100_000 + b"\r\n\r\n", Temporary),
        (answer(b"not gzip", "200 OK", "Content-Encoding: gzip"), Temporary),
    ],
)
def test_whatever_a_server_says_is_one_of_our_errors(serve: Serve, reply: bytes, kind: type[GatewayError]) -> None:
    assert type(failure(serve(says(reply)).base)) is kind


def test_a_token_that_the_server_repeats_is_hidden(serve: Serve) -> None:
    server = serve(says(answer(b"s3cr3t is unknown", "401 Unauthorized")))
    with client(server.base) as opened, pytest.raises(Refused) as caught:
        opened.create(b"{}", "s3cr3t")
    assert "*** is unknown" in str(caught.value)


def test_retry_after_is_heard(serve: Serve) -> None:
    error = failure(serve(says(answer(b"", "503 Service Unavailable", "Retry-After: 120"))).base)
    assert isinstance(error, Temporary)
    assert error.delay is not None
    assert error.delay.total_seconds() == 120


def test_a_server_that_never_answers_is_left_after_the_time_of_silence(serve: Serve) -> None:
    began = time.monotonic()
    error = failure(serve(lambda _: time.sleep(3)).base)
    assert "in time" in str(error)
    assert time.monotonic() - began < 0.58


def test_an_attachment_larger_than_the_limit_is_not_read_to_its_end(serve: Serve) -> None:
    sent: queue.Queue[int] = queue.Queue()

    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        count = 0
        with contextlib.suppress(OSError):
            while count < 100_000_000:
                connection.sendall(b" " * 100_000)
                count += 100_000
        sent.put(count)

    server = serve(endless)
    with client(server.base, Limits(attachment=1000)) as opened, pytest.raises(TooLarge, match="1000 bytes"):
        opened.fetch(PICTURE, TOKEN)
    assert sent.get(timeout=5) < 20_000_000


def test_a_small_document_that_unpacks_to_a_large_one_is_bounded(serve: Serve) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    server = serve(says(answer(bomb, "200 OK", "Content-Encoding: gzip")))
    with client(server.base, Limits(attachment=1000)) as opened, pytest.raises(TooLarge):
        opened.fetch(PICTURE, TOKEN)


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(serve: Serve) -> None:
    server = serve(says(answer(CREATED)), tls=True)
    error = failure(server.base)
    assert type(error) is Temporary
    assert "self-signed" in str(error)
    assert server.requests.empty()


def test_a_certificate_of_the_given_authority_is_accepted(serve: Serve) -> None:
    server = serve(says(answer(CREATED)), tls=True)
    with client(server.base, authority=str(PEM)) as opened:
        assert opened.create(b"{}", TOKEN) == "511055"


def test_the_end_of_a_call_goes_to_its_own_address(serve: Serve) -> None:
    server = serve(says(answer(b"", "204 No Content")))
    with client(server.base) as opened:
        opened.end_errand(b'{"data":1}', TOKEN)
    request = server.requests.get(timeout=2)
    assert request.startswith(b"POST /s/demo/capi/json/c3_end_errands HTTP/1.1\r\n")
    assert request.endswith(b'\r\n\r\n{"data":1}')


def test_the_end_of_a_call_that_cention_does_not_take_is_an_error(serve: Serve) -> None:
    server = serve(says(answer(b"", "404 Not Found")))
    with client(server.base) as opened, pytest.raises(Permanent, match="404"):
        opened.end_errand(b"{}", TOKEN)


# Who has to mend it looks for the file, not for the token in it.
@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_a_refused_token_is_named_by_its_source(serve: Serve, tmp_path: Path, status: str) -> None:
    (tmp_path / "token").write_text(TOKEN)
    secret = Secret(f"file:{tmp_path / 'token'}")
    server = serve(says(answer(f"no: {TOKEN}".encode(), status)))
    with client(server.base) as opened, pytest.raises(Refused) as caught:
        opened.create(b"{}", secret)
    assert f"the token from file:{tmp_path / 'token'} was refused" in str(caught.value)
    assert TOKEN not in str(caught.value)


def workspace(base: str, **settings: Any) -> Workspace:
    return Workspace(url=base, attachment_token=Secret(f"file:{PEM}"), **settings)


def test_a_private_authority_of_the_settings_is_trusted_and_no_other(serve: Serve) -> None:
    server = serve(says(answer(CREATED)), tls=True)
    trusting, doubting = client_of(workspace(server.base, tls_ca=str(PEM))), client_of(workspace(server.base))
    with contextlib.closing(trusting), contextlib.closing(doubting):
        assert trusting.create(b"{}", TOKEN) == "511055"
        with pytest.raises(Temporary, match="no TLS connection"):
            doubting.create(b"{}", TOKEN)


# A server whose queue of connections is full takes no more, and says nothing: the kernel tries for minutes.
def test_a_connection_is_waited_for_as_long_as_the_settings_say() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, contextlib.ExitStack() as stack:
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(listener.getsockname())
        base = f"http://127.0.0.1:{listener.getsockname()[1]}/s/demo"
        opened = stack.enter_context(contextlib.closing(client_of(workspace(base, connect_timeout=0.2))))
        with pytest.raises(Temporary, match="did not take the connection in time"):
            opened.create(b"{}", TOKEN)


def test_a_closed_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert str(failure(f"http://127.0.0.1:{port}/s/demo")) == (
        f"127.0.0.1:{port} refuses connections: does its web server run?"
    )


def test_a_name_that_does_not_exist_is_named() -> None:
    error = failure("https://cention.invalid/s/demo")
    assert type(error) is Temporary
    assert "the name cention.invalid cannot be resolved" in str(error)


@pytest.mark.parametrize(
    "base", ["nonsense", "ftp://127.0.0.1/s", "http://[::1/s", f"http://{'a' * 70}/s", "http:///s"]
)
def test_an_address_that_is_none_is_named(base: str) -> None:
    error = failure(base)
    assert type(error) is Temporary
    assert "is `url` right?" in str(error)


@pytest.mark.parametrize("token", ["", "two words", "line\r\nbreak", "schlüssel", "\x00"])
def test_a_token_that_no_header_can_carry_is_refused_before_a_call(serve: Serve, token: str) -> None:
    server = serve(says(answer(CREATED)))
    with client(server.base) as opened, pytest.raises(Refused) as caught:
        opened.create(b"{}", token)
    assert not token or token not in str(caught.value)
    assert server.connections == 0
