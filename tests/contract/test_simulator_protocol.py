"""The simulator's HTTP as clients of every kind speak it, and the conversation of Cention's own Go client [sdk]."""

import json
import socket
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from gateway.simulator import Simulator
from tests.contract.conftest import JSON_API, Party

MESSAGE = {
    "message_id": "msgid_1",
    "name": "Ann",
    "from": "ann@example.com",
    "subject": "s",
    "body": "b",
    "html_body": "",
}
DOCUMENT = json.dumps({"data": {"type": "c3_new_errands", "attributes": {"msg": MESSAGE}}}).encode()
PATH = "/s/demo/capi/json/c3_new_errands"


def spoken(cention: Simulator, sent: bytes) -> tuple[int, Any]:
    """What the server says to these bytes, status and document, once it has closed the connection."""
    where = urlsplit(cention.origin)
    assert where.hostname
    assert where.port
    with socket.create_connection((where.hostname, where.port), timeout=10) as client:
        client.sendall(sent)
        said = b"".join(iter(lambda: client.recv(65536), b""))
    head, _, body = said.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def request(cention: Simulator, version: str, *headers: str, body: bytes) -> bytes:
    lines = [
        f"POST {PATH} HTTP/{version}",
        "HOST: cention.example",
        f"aUTHORIZATION: bearer {cention.create_token}",
        f"content-TYPE: {JSON_API}",
        "connection: close",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunked(body: bytes, size: int) -> bytes:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def test_a_body_in_chunks_without_a_length_is_taken(cention: Simulator) -> None:
    sent = request(cention, "1.1", "transfer-encoding: CHUNKED", body=chunked(DOCUMENT, 7))
    assert spoken(cention, sent) == (201, {"data": {"type": "c3_new_errands", "id": "511055"}})


def test_http_1_0_is_spoken(cention: Simulator) -> None:
    status, _ = spoken(cention, request(cention, "1.0", f"Content-Length: {len(DOCUMENT)}", body=DOCUMENT))
    assert status == 201


def test_a_client_that_waits_to_be_asked_for_the_body_is_asked(cention: Simulator) -> None:
    where = urlsplit(cention.origin)
    assert where.hostname
    head = request(cention, "1.1", f"Content-Length: {len(DOCUMENT)}", "Expect: 100-continue", body=b"")
    with socket.create_connection((where.hostname, where.port or 0), timeout=10) as client:
        client.sendall(head)
        assert client.recv(65536).startswith(b"HTTP/1.1 100")
        client.sendall(DOCUMENT)
        assert client.recv(65536).startswith(b"HTTP/1.1 201")


# No Accept, no length, a newline behind the document, an answer with all of a message's fields empty, `user_type` in
# capitals; and for files the link of the callback as it is, or an address of its own where the link is an object.
def test_the_go_client_holds_its_conversation(
    party: Callable[..., Party], received: list[tuple[dict[str, str], bytes]]
) -> None:
    at = party()
    answer = dict.fromkeys(MESSAGE, "") | {"subject": "Answer", "body": "Text", "user_type": "CENTION", "user_id": "1"}
    files = [{"content_type": "text/plain", "name": "tst1.txt", "content": b64encode(b"Apple").decode()}]
    attributes = {"msg": MESSAGE | {"attachments": files}, "answer": answer}
    body = json.dumps({"data": {"type": "c3_new_errands", "attributes": attributes}}).encode() + b"\n"
    head = {"Authorization": f"Bearer {at.simulator.create_token}", "Content-Type": JSON_API, "Accept": None}
    created = requests.post(f"{at.simulator.url}/capi/json/c3_new_errands", data=iter([body]), headers=head, timeout=30)
    assert isinstance(created.json()["data"]["id"], str)
    at.answer(created.json()["data"]["id"], text="t", attachments=files * 20)
    callback = json.loads(received[0][1])
    assert callback["data"]["attributes"]["event"] == 1
    head["Authorization"] = f"Bearer {at.simulator.attachment_token}"
    for node in callback["included"]:
        if node["type"] == "c3_answer_errands":
            continue
        link = node["links"]["self"]
        url = link if isinstance(link, str) else f"{at.simulator.url}/capi/json/{node['type']}/{node['id']}"
        fetched = requests.get(url, headers=head, timeout=30).json()["data"]["attributes"]["attachment"]
        assert fetched == files[0] | {"c3_id": int(node["id"])}


@pytest.mark.parametrize("body", [b"", b"{"])
def test_a_client_without_a_length_and_without_chunks_sends_no_body(cention: Simulator, body: bytes) -> None:
    status, said = spoken(cention, request(cention, "1.0", body=body))
    assert (status, said["errors"][0]["status"]) == (400, "400")
