"""How a callback may travel: types, lengths, methods, addresses, sizes (contract.md, Transport and Callback)."""

import asyncio
import http.client
import json
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from gateway.config.units import Listen
from gateway.web import callbacks
from gateway.web.server import WebServer
from tests.contract.test_callbacks import body, document, stored
from tests.roads import Road, road

JSON_API = "application/vnd.api+json"


@pytest.fixture(scope="module")
def roads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    with road(tmp_path_factory.mktemp("transport")) as running:
        yield running


def asked(
    listen: Listen, method: str, path: str, content: Any = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Say a request as it is, and return status, headers with names in lower case, and body."""
    connection = http.client.HTTPConnection(listen.host, listen.port, timeout=30)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, content, {"Content-Type": JSON_API} | sent, encode_chunked=True)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "kind",
    [
        JSON_API,
        "Application/Vnd.Api+JSON",
        f"{JSON_API}; charset=utf-8",
        f'{JSON_API};ext="https://jsonapi.org/ext/atomic"',
        "application/json",
        "application/json ; charset=UTF-8",
    ],
)
def test_the_type_may_have_parameters_and_may_be_plain_json(roads: Road, kind: str) -> None:
    assert asked(roads.gateway.http, "POST", "/callbacks/demo", body(), Content_Type=kind)[0] == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/vnd.api+jsonx", ""])
def test_another_type_is_415(roads: Road, kind: str) -> None:
    status, _, said = asked(roads.gateway.http, "POST", "/callbacks/demo", body(), Content_Type=kind)
    assert (status, json.loads(said)["errors"][0]["status"]) == (415, "415")


def test_a_packed_body_is_415_and_says_what_is_taken(roads: Road) -> None:
    status, headers, _ = asked(roads.gateway.http, "POST", "/callbacks/demo", body(), Content_Encoding="gzip")
    assert (status, headers["accept-encoding"]) == (415, "identity")
    assert asked(roads.gateway.http, "POST", "/callbacks/demo", body(), Content_Encoding="identity")[0] == 200


# Cention's own client sends its documents so, without a Content-Length.
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_body_may_come_in_chunks(roads: Road, size: int) -> None:
    sent = body()
    chunks = (sent[start : start + size] for start in range(0, len(sent), size))
    status, _, said = asked(roads.gateway.http, "POST", "/callbacks/demo", chunks)
    assert status == 200
    assert stored(roads, json.loads(said)["meta"]["id"])["callback"]["errand"] == "2256"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_another_method_is_405_and_says_which_is_allowed(roads: Road, method: str) -> None:
    status, headers, said = asked(roads.gateway.http, method, "/callbacks/demo")
    assert (status, headers["allow"], headers["content-type"]) == (405, "POST", JSON_API)
    assert said == b"" if method == "HEAD" else json.loads(said)["errors"][0]["status"] == "405"


# A redirect would lead a server behind a proxy to an address that is not ours.
@pytest.mark.parametrize("path", ["/callbacks/demo", "/callbacks/demo/", "/callbacks/demo?from=cention"])
def test_a_slash_at_the_end_makes_no_difference(roads: Road, path: str) -> None:
    server = WebServer(callbacks.routes(roads.settings, roads.gateway.spool), Listen("127.0.0.1", 0))
    listen = roads.run(server.start())
    try:
        assert asked(listen, "POST", path, body())[0] == 200
        assert asked(listen, "GET", path)[0] == 405
    finally:
        roads.run(server.stop())


@pytest.mark.parametrize("path", ["/callbacks/other", "/callbacks/demo2", "/callbacks/%2e%2e", "/callbacks/demo/more"])
def test_another_address_is_404_as_a_json_api_error(roads: Road, path: str) -> None:
    status, _, said = asked(roads.gateway.http, "POST", path, body())
    assert (status, json.loads(said)["errors"][0]["status"]) == (404, "404")


def test_a_wrong_secret_is_401_with_its_scheme(roads: Road) -> None:
    status, headers, _ = asked(roads.gateway.http, "POST", "/callbacks/demo", body(meta={}))
    assert (status, headers["www-authenticate"]) == (401, "Cention-Callback")


def test_a_document_of_20_mb_is_taken(roads: Road) -> None:
    large = document()
    response = large["included"][3]["attributes"]["answer"]["response"]
    response |= {"c3_id": 20_000_000, "html_body": "<p>Hej på dig, världen.</p>\n" * 700_000}
    status, _, said = asked(roads.gateway.http, "POST", "/callbacks/demo", json.dumps(large).encode())
    assert status == 200
    kept = roads.gateway.spool.document(json.loads(said)["meta"]["id"])
    assert len(kept) > 18_000_000


# Large documents are read in a thread, one at a time: meanwhile the others are answered.
def test_while_a_large_document_is_read_others_are_answered(roads: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, go_on, read = threading.Event(), threading.Event(), callbacks._understood

    def slowly(body: bytes, secrets: Sequence[str]) -> Any:
        if len(body) > 1_000_000:
            reading.set()
            assert go_on.wait(30)
        return read(body, secrets)

    monkeypatch.setattr(callbacks, "_understood", slowly)
    large = asyncio.run_coroutine_threadsafe(
        asyncio.to_thread(asked, roads.gateway.http, "POST", "/callbacks/demo", body(more="x" * 2_000_000)), roads.loop
    )
    assert reading.wait(30)
    assert asked(roads.gateway.http, "POST", "/callbacks/demo", body())[0] == 200
    assert not large.done()
    go_on.set()
    assert large.result(30)[0] == 200
