"""What the pages say to any client: headers, what strangers' files are sent as, and who may send a form."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.simulator.pages import guard
from tests.browser.agent import mail
from tests.roads import Road, until
from tests.roads import road as running

FILES = [
    {"name": "page.html", "content_type": "text/html", "content": "PHNjcmlwdD4="},
    {"name": "drawing.svg", "content_type": "image/svg+xml", "content": "PHN2Zz4="},
    {"name": "picture.png", "content_type": "IMAGE/PNG", "content": "iVBORw0KGgo=", "content_id": "pic@client"},
    {"name": '../räk\r\nX: y".pdf', "content_type": "application/pdf\r\nX: y", "content": "JVBERg=="},
]
PAGES = ["/", "/?q=x", "/?closed=1", "/calls", "/faults", "/errands/{id}", "/errands/{id}/json"]
FORMS = ["/errands/{id}/answer", "/errands/{id}/fail", "/errands/{id}/repeat", "/errands/{id}/close", "/faults"]


def errand_of(road: Road, **more: Any) -> str:
    """An errand with HTML and files of many kinds."""
    html = '<p>Hello <img src="cid:pic@client"><img src="cid:other@client"></p>'
    message = {"message_id": "<1@client.example>", "name": "Åsa", "from": "asa@client.example", "html_body": html}
    attributes = {"msg": message | {"subject": "Many kinds", "body": "Hello", "attachments": FILES}} | more
    return road.create({"data": {"type": "c3_new_errands", "attributes": attributes}})


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    with running(tmp_path_factory.mktemp("road")) as started:
        yield started


@pytest.fixture(scope="module")
def errand(road: Road) -> str:
    return errand_of(road)


def get(road: Road, path: str) -> requests.Response:
    return requests.get(f"{road.simulator.origin}{path}", timeout=10)


def post(road: Road, path: str, form: dict[str, str], **headers: str) -> requests.Response:
    return requests.post(f"{road.simulator.origin}{path}", form, headers=headers, allow_redirects=False, timeout=10)


@pytest.mark.parametrize("path", [*PAGES, "/errands/1", "/errands/1/json", "/archive/nothing.png"])
def test_every_page_forbids_what_it_does_not_need(road: Road, errand: str, path: str) -> None:
    answer = get(road, path.format(id=errand))
    policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert {value for name, value in policy.items() if name.endswith("-src")} == {"'none'", "'self'"}
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.status_code == (404 if "/1" in path or "nothing" in path else 200)
    assert "style=" not in answer.text
    assert "<script>" not in answer.text


def test_a_message_s_html_is_sent_into_a_sandbox_with_its_own_pictures(road: Road, errand: str) -> None:
    answer = get(road, f"/errands/{errand}/message/html")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'; img-src data: 'self'; style-src 'unsafe-inline';")
    assert f'src="/errands/{errand}/message/files/3"' in answer.text
    assert 'src="cid:other@client"' in answer.text
    assert 'sandbox title="The message as HTML"' in get(road, f"/errands/{errand}").text


# A picture that a browser knows is shown; whatever could be more than a picture is only ever kept.
@pytest.mark.parametrize(
    ("place", "kind", "disposition"),
    [
        (1, "application/octet-stream", "attachment; filename*=UTF-8''page.html"),
        (2, "application/octet-stream", "attachment; filename*=UTF-8''drawing.svg"),
        (3, "image/png", "inline; filename*=UTF-8''picture.png"),
        (4, "application/octet-stream", "attachment; filename*=UTF-8''..%2Fr%C3%A4k%0D%0AX%3A%20y%22.pdf"),
    ],
)
def test_a_file_is_sent_as_what_is_safe(road: Road, errand: str, place: int, kind: str, disposition: str) -> None:
    answer = get(road, f"/errands/{errand}/message/files/{place}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == kind
    assert answer.headers["Content-Disposition"] == disposition
    assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("part", ["message/files/0", "message/files/5", "answer-1/html", "nothing/html"])
def test_a_part_that_is_not_there_is_404(road: Road, errand: str, part: str) -> None:
    assert get(road, f"/errands/{errand}/{part}").status_code == 404


# A page elsewhere cannot press our buttons: the browser says where a form comes from, and what says nothing is no form.
@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_a_form_from_elsewhere_is_refused(road: Road, errand: str, path: str, headers: dict[str, str]) -> None:
    assert (
        post(road, path.format(id=errand), {"text": "x", "target": "end", "what": "503"}, **headers).status_code == 403
    )
    assert road.get(f"/_sim/errands/{errand}")["state"] == "open"
    assert road.get("/_sim/faults") == []


@pytest.mark.parametrize("by", ["Origin", "Sec-Fetch-Site"])
def test_a_form_of_ours_is_taken(road: Road, by: str) -> None:
    headers = {"Origin": road.simulator.origin} if by == "Origin" else {"Sec-Fetch-Site": "same-origin"}
    errand = errand_of(road)
    answer = post(road, f"/errands/{errand}/close", {}, **headers)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/errands/{errand}?area=demo%2Fsupport#closing")
    assert road.get(f"/_sim/errands/{errand}")["state"] == "closed"


def test_a_form_for_no_errand_is_404(road: Road) -> None:
    headers = {"Origin": road.simulator.origin}
    assert {post(road, path.format(id="1"), {}, **headers).status_code for path in FORMS[:4]} == {404}


@pytest.mark.parametrize("number", ["1", "x", "\u0661", "9" * 5000])
def test_an_answer_that_is_not_there_cannot_be_repeated(road: Road, errand: str, number: str) -> None:
    answer = post(road, f"/errands/{errand}/repeat", {"number": number}, Origin=road.simulator.origin)
    assert answer.status_code == 409


def test_a_form_that_is_too_large_is_refused(road: Road, errand: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MOST_SENT", 100_000)
    origin = {"Origin": road.simulator.origin}
    assert post(road, f"/errands/{errand}/answer", {"text": "x" * 200_000}, **origin).status_code == 413
    assert road.get(f"/_sim/errands/{errand}")["state"] == "open"


# Whatever JSON an errand brought, and whatever somebody types into an address, there is a page.
@pytest.mark.parametrize(
    "more", [{"extradata": json.loads("[" * 200 + "]" * 200)}, {"extradata": None}, {"cuid": "\0\u202e"}]
)
def test_any_errand_has_its_pages(road: Road, more: dict[str, Any]) -> None:
    errand = errand_of(road, **more)
    assert get(road, f"/errands/{errand}").status_code == 200
    assert get(road, f"/errands/{errand}/json").status_code == 200
    assert get(road, f"/errands/{errand}/json/posted").json()["data"]["attributes"].items() >= more.items()


@pytest.mark.parametrize("path", ["/?q=%00%ff", "/?area=nowhere", "/?area=%00&closed=0", f"/?q={'x' * 5000}"])
def test_any_address_of_the_list_has_a_page(road: Road, path: str) -> None:
    assert get(road, path).status_code == 200


def test_a_fault_that_cannot_be_ordered_says_what_is_wrong(road: Road) -> None:
    form = {"target": "end", "what": "503", "calls": "many", "delay": ""}
    answer = post(road, "/faults", form, Origin=road.simulator.origin)
    assert answer.status_code == 422
    assert "Not ordered: calls must be" in answer.text
    assert road.get("/_sim/faults") == []


def test_an_answer_without_a_callback_setting_says_what_is_missing(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    errand, callback = errand_of(road), road.simulator.callback
    road.simulator.callback = ""
    try:
        answer = post(road, f"/errands/{errand}/answer", {"text": "Kept"}, Origin=road.simulator.origin)
    finally:
        road.simulator.callback = callback
    assert answer.status_code == 422
    assert "No callback URL is set" in answer.text
    assert "Kept</textarea>" in answer.text


# Who follows the page does not keep the simulator from stopping: the stream ends, in order.
def test_the_stream_tells_what_changed_and_ends_with_the_simulator(tmp_path: Path) -> None:
    with running(tmp_path) as started:
        stream = requests.get(f"{started.simulator.origin}/live", stream=True, timeout=10)
        assert stream.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        lines = stream.iter_lines()
        assert next(lines) == b": here"
        errand = errand_of(started)
        until(lambda: next(lines) == f"data: {errand}".encode(), "the event")
    assert not any(lines)
    stream.close()


# What came by mail and what was posted by hand are the same to the page.
def test_a_mail_s_errand_is_in_the_list_with_its_address(road: Road) -> None:
    road.reaches(road.sends(mail("By mail")), "done")
    found = get(road, "/?q=By+mail").text
    assert "By mail" in found
    assert "Åsa Öberg" in found


# Not every errand is a mail that waits: one may come closed, come again, or be a WhatsApp template.
def test_a_closed_errand_says_by_whom_and_a_repeat_that_it_is_one(road: Road) -> None:
    closing = {"subject": "Seen", "body": "Nothing to do.", "html_body": "", "user_type": "cention", "user_id": "12"}
    template = {"elementname": "welcome", "namespace": "shop", "params": [{"name": "Åsa"}]}
    errand_of(road)
    page = get(road, f"/errands/{errand_of(road, answer=closing, watemplate=template)}").text
    assert "by cention 12" in page
    assert "Nothing to do." in page
    assert "shop / welcome" in page
    assert "came before with the same message_id" in page
    assert "came again" in get(road, "/?closed=1").text
