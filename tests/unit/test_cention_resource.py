"""Where attachments are fetched, and what is fetched (contract.md, Callback and Fetch)."""

import base64
import contextlib
import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3.util import parse_url

from gateway.cention.resource import address, attachment
from gateway.errors import Permanent, Temporary, TooLarge
from gateway.model import Attachment, Resource

BASE = "https://api.example.com/s/demo"
OWN = f"{BASE}/capi/json/c3_response_attachments/788"


def asked(link: str | None, base: str = BASE) -> str:
    return address(base, Resource("c3_response_attachments", "788", link))


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (f"{BASE}/capi/json/c3_response_attachments/788", OWN),
        (f"{BASE}/ng/api/json/other/1", f"{BASE}/ng/api/json/other/1"),
        (f"{BASE}/capi/json/c3_response_attachments/788?v=1&w=2", f"{OWN}?v=1&w=2"),
        ("https://api.example.com:443/s/demo/x/1", f"{BASE}/x/1"),
        ("HTTPS://API.example.com/s/demo/x/1", f"{BASE}/x/1"),
        ("/s/demo/x/1", f"{BASE}/x/1"),
    ],
)
def test_a_link_under_the_base_is_used_as_it_is(link: str, expected: str) -> None:
    assert asked(link) == expected


@pytest.mark.parametrize(
    "link",
    [
        None,
        "",
        "http://localhost/capi/json/c3_response_attachments/788",
        "http://localhost/ng/api/json/c3_response_attachments/788",
        "http://localhost/capi/json/c3_response_attachments/999",
        "http://api.example.com/s/demo/x/1",
        "https://api.example.com:8443/s/demo/x/1",
        "https://api.example.com/s/other/x/1",
        "https://api.example.com/s/demonstration/x/1",
        "https://api.example.com/s/demo",
        "https://api.example.com.evil/s/demo/x/1",
        "https://evil/https://api.example.com/s/demo/x/1",
        "https://api.example.com@evil/s/demo/x/1",
        "https://api.example.com:443@evil/s/demo/x/1",
        "https://user:word@api.example.com/s/demo/x/1",
        "https://evil?https://api.example.com/s/demo/x/1",
        "https://api.example.com\\@evil/s/demo/x/1",
        "https://api.example.com\\.evil/s/demo/x/1",
        "https://evil\\@api.example.com/s/demo/x/1",
        "https://api.example.com/s/demo/../other/x/1",
        "https://api.example.com/s/demo/./x/1",
        "https://api.example.com/s/demo/..",
        "capi/json/c3_response_attachments/788",
        "../other/x/1",
        "?x",
        "#x",
        "/s/demo/../other",
        "https://api.example.com/s/demo/%2e%2e/other/x/1",
        "https://api.example.com/s/demo/..%2fother",
        "https://api.example.com/s%2fdemo/x/1",
        "//evil/s/demo/x/1",
        "///evil/s/demo/x/1",
        "https:evil",
        "https:///api.example.com/s/demo/x/1",
        "javascript:alert(1)",
        "file:///s/demo/x/1",
        "https://api.example.com/s/demo/x 1",
        "https://api.example.com/s/demo/x\r\nHost: evil",
        " https://api.example.com/s/demo/x/1",
        "https://api.exämple.com/s/demo/x/1",
        "https://api.example.com:99999/s/demo/x",
        "https://api.example.com:x/s/demo/x",
        "http://[::1",
        "https://api.example.com/s/demo/" + "x" * 3000,
    ],
)
def test_any_other_link_is_asked_for_under_the_base_by_type_and_id(link: str | None) -> None:
    assert asked(link) == OWN


# The token goes nowhere else: whatever a link is, each of the parsers in use finds the base's host in the result.
@given(
    st.text() | st.text("https://api.example.com@evil\\/.:?#%2f[]&=").map(lambda end: f"https://api.example.com{end}")
)
def test_no_link_leads_to_another_host(link: str) -> None:
    url = asked(link)
    assert url.startswith(f"{BASE}/")
    assert urlsplit(url).hostname == parse_url(url).host == "api.example.com"
    assert (parse_url(url).path or "").startswith("/s/demo/")


def test_a_slash_at_the_end_of_the_base_makes_no_difference() -> None:
    assert asked(None, f"{BASE}/") == asked(f"{BASE}/capi/json/c3_response_attachments/788", f"{BASE}/") == OWN


def test_a_base_may_have_a_port() -> None:
    base = "http://127.0.0.1:8080/s/demo"
    assert asked(f"{base}/x/1", base) == f"{base}/x/1"
    assert asked("http://127.0.0.1/s/demo/x/1", base) == f"{base}/capi/json/c3_response_attachments/788"


@pytest.mark.parametrize("kind", ["c3_new_errands", "c3_films", "", "../x"])
def test_another_type_of_resource_is_not_asked_for(kind: str) -> None:
    with pytest.raises(Permanent, match="unknown type"):
        address(BASE, Resource(kind, "788"))


@pytest.mark.parametrize("number", ["", "..", ".", "1/2", "1?x", "1%2f2", "1 2", "\u0661", "x" * 200, "1\n"])
def test_an_id_that_would_change_the_address_is_not_asked_for(number: str) -> None:
    with pytest.raises(Permanent, match="unusable id"):
        address(BASE, Resource("c3_area_archives", number))


def fetched(limit: int = 1000, **changes: Any) -> Attachment:
    found = {"c3_id": 789, "content_type": "image/png", "name": "a.png", "content": "iVBORw=="} | changes
    document = {"data": {"type": "c3_response_attachments", "id": "789", "attributes": {"attachment": found}}}
    return attachment(json.dumps(document).encode(), limit)


def test_a_fetched_attachment_is_read() -> None:
    assert fetched() == Attachment("a.png", "image/png", b"\x89PNG")
    assert fetched(content_id="<logo@x>").content_id == "logo@x"


def test_base64_may_come_in_lines() -> None:
    content = bytes(range(256))
    assert fetched(content=base64.encodebytes(content).decode()).content == content


def test_a_file_may_be_empty() -> None:
    assert fetched(content="").content == b""


@pytest.mark.parametrize("content", [None, 5, [], "iVBORw", "iVBORw==x", "%%%%", "ä"])
def test_broken_base64_is_tried_again(content: Any) -> None:
    with pytest.raises(Temporary, match="/data/attributes/attachment/content"):
        fetched(content=content)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"data":{"attributes":{"attachment":5}}}', b"\xff"])
def test_a_document_without_an_attachment_is_tried_again(body: bytes) -> None:
    with pytest.raises(Temporary, match="cannot be read"):
        attachment(body, 1000)


def test_an_attachment_over_the_limit_is_too_large() -> None:
    encoded = base64.b64encode(b"x" * 11).decode()
    assert len(fetched(11, content=encoded).content) == 11
    with pytest.raises(TooLarge, match="11 bytes"):
        fetched(10, content=encoded)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Größe 5.pdf", "Größe 5.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a\\b.txt", "a_b.txt"),
        ("invoice\u202efdp.exe", "invoice_fdp.exe"),
        ("a\r\nb\0.txt", "a b.txt"),
        ("..", "attachment"),
        ("", "attachment"),
        (None, "attachment"),
    ],
)
def test_a_file_name_is_clean(name: Any, expected: str) -> None:
    assert fetched(name=name).name == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("Image/PNG", "image/png"),
        ("text/plain; charset=utf-8", "text/plain"),
        ("", "application/octet-stream"),
        (None, "application/octet-stream"),
        ("text/plain\r\nX: y", "application/octet-stream"),
    ],
)
def test_a_media_type_is_clean(kind: Any, expected: str) -> None:
    assert fetched(content_type=kind).content_type == expected


# Mail programs show what is called an image, and offer the rest as a file.
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\x89PNG\r\n\x1a\nrest", "image/png"),
        (b"\xff\xd8\xff\xe0rest", "image/jpeg"),
        (b"GIF89arest", "image/gif"),
        (b"RIFF\n\0\0\0WEBPrest", "image/webp"),
        (b"%PDF-1.7", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_a_picture_without_a_type_has_the_one_that_its_bytes_say(content: bytes, expected: str) -> None:
    encoded = base64.b64encode(content).decode()
    for said in ("application/octet-stream", "", None):
        assert fetched(content=encoded, content_type=said).content_type == expected
    assert fetched(content=encoded, content_type="text/plain").content_type == "text/plain"


@given(st.binary())
def test_any_bytes_at_all_are_an_attachment_or_an_error_of_ours(body: bytes) -> None:
    with contextlib.suppress(Temporary, TooLarge):
        attachment(body, 1000)
