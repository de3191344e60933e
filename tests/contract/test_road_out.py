"""An answer's way to its mail, with everything that Cention and smarthosts may do."""

import base64
from pathlib import Path
from typing import Any

import pytest

from gateway import operate
from gateway.simulator import LinkForm
from tests.roads import Road, road, trace_of, until

HEAD = "Message-ID: <1@client.example>\nReferences: <0@client.example>\n"
MAIL = f"{HEAD}From: Åsa <asa@client.example>\nSubject: hello\n\nhi\n"
PNG, PDF, GIF = b"\x89PNG picture", b"%PDF file", b"GIF89a shown"


def file(name: str, kind: str, content: bytes) -> dict[str, str]:
    return {"name": name, "content_type": kind, "content": base64.b64encode(content).decode()}


def errand_of(roads: Road, *recipients: str) -> str:
    return str(roads.reaches(roads.sends(MAIL, *recipients), "done")["result"])


ANSWER = {
    "text": "On its way, Åsa.",
    "html": '<p>On its <b>way</b> <img src="cid:archive_1"> <img src="cid:attachment_1"></p>',
    "attachments": [file("shown.gif", "image/gif", GIF), file("räkning 日本.pdf", "application/pdf", PDF)],
    "archives": [file("stamp.png", "image/png", PNG)],
}


# The whole of it: structure, pictures, files, sender, thread. Each form of links that servers write.
@pytest.mark.parametrize("links", ["own", "foreign", "relative", "absent", "mixed"])
def test_an_answer_arrives_as_a_proper_mail_in_the_thread(tmp_path: Path, links: LinkForm) -> None:
    with road(tmp_path, simulator={"links": links}) as roads:
        errand = errand_of(roads, "sales@example.com")
        name = roads.answers(errand, **ANSWER)
        roads.reaches(name, "done")
        recipients, _ = roads.smarthost.mails[0]
        mail = roads.smarthost.parsed()
        assert recipients == ["asa@client.example"]
        assert (mail["From"], mail["To"]) == ("Sales <sales@example.com>", "Åsa <asa@client.example>")
        assert (mail["Subject"], mail["Auto-Submitted"]) == ("hello", None)
        assert (mail["In-Reply-To"], mail["References"]) == (
            "<1@client.example>",
            "<0@client.example> <1@client.example>",
        )
        body, attached = list(mail.iter_parts())
        plain, related = list(body.iter_parts())
        html, *pictures = list(related.iter_parts())
        structure = [part.get_content_type() for part in (mail, body, plain, related, html)]
        assert structure == [
            "multipart/mixed",
            "multipart/alternative",
            "text/plain",
            "multipart/related",
            "text/html",
        ]
        assert "On its way, Åsa." in plain.get_content()
        shown = {picture["Content-ID"][1:-1]: picture.get_content() for picture in pictures}
        assert sorted(shown.values()) == sorted([PNG, GIF])
        assert all(f"cid:{cid}" in html.get_content() for cid in shown)
        assert (attached.get_filename(), attached.get_content()) == ("räkning 日本.pdf", PDF)
        assert "errand=" + errand in mail["X-Cention-Errand"]


def test_the_callback_is_answered_at_once_whatever_comes_of_it(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        errand = errand_of(roads)
        roads.faults({"target": "attachment", "status": 500})
        name = roads.answers(errand, **ANSWER)
        until(lambda: "again later" in roads.steps(name), "a first try")
        assert roads.smarthost.mails == []
        roads.faults()
        roads.reaches(name, "done")
        assert len(roads.smarthost.mails) == 1


def test_a_repeated_callback_is_one_mail(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        errand = errand_of(roads)
        said = roads.put(f"/_sim/errands/{errand}/answer?times=3", {"text": "hello", "html": ""}, "POST")
        assert [one["status"] for one in said["callbacks"]] == [200, 200, 200]
        until(lambda: roads.smarthost.mails, "the mail")
        (name,) = {
            job["callback_id"] for job in operate.listing(roads.gateway.spool, [], "", 10) if "callback_id" in job
        }
        roads.reaches(name, "done")
        assert len(roads.smarthost.mails) == 1
        assert roads.steps(name).count("repeat") == 2


def test_two_answers_to_one_errand_are_two_mails(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        errand = errand_of(roads)
        for name in (roads.answers(errand), roads.answers(errand)):
            roads.reaches(name, "done")
        ids = {roads.smarthost.parsed(number)["Message-ID"] for number in (0, 1)}
        assert len(ids) == 2


def test_a_refused_attachment_token_holds_answers_and_not_errands(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        errand = errand_of(roads)
        good = (tmp_path / "get").read_text()
        (tmp_path / "get").write_text("wrong")
        name = roads.answers(errand, **ANSWER)
        roads.reaches(name, "held")
        roads.reaches(roads.sends(MAIL.replace("<1@", "<2@")), "done")
        (tmp_path / "get").write_text(good)
        roads.reaches(name, "done")


def test_an_attachment_that_is_not_there_parks_the_answer(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        errand = errand_of(roads)
        roads.faults({"target": "archive", "status": 404})
        name = roads.answers(errand, **ANSWER)
        assert "404" in roads.reaches(name, "parked")["error"]
        roads.faults()
        operate.retry(roads.gateway.spool, [name])
        roads.reaches(name, "done")


# The one that was taken is not sent again; those refused for now are tried alone; one refused for good is for a person.
def test_recipients_are_each_seen_to(tmp_path: Path) -> None:
    to = [{"name": name, "email_address": f"{name}@client.example"} for name in ("well", "later", "never")]
    with road(tmp_path) as roads:
        errand = errand_of(roads)
        roads.smarthost.replies = {
            "later@client.example": "451 4.7.1 greylisted",
            "never@client.example": "550 5.1.1 unknown",
        }
        name = roads.answers(errand, to=to)
        until(lambda: roads.smarthost.mails, "the first mail")
        until(lambda: roads.job(name)["attempts"] >= 2, "a second try")
        del roads.smarthost.replies["later@client.example"]
        job = roads.reaches(name, "parked")
        assert [recipients for recipients, _ in roads.smarthost.mails] == [
            ["well@client.example"],
            ["later@client.example"],
        ]
        assert roads.smarthost.mails[0][1] == roads.smarthost.mails[1][1]
        assert job["detail"]["recipients"] == ["never@client.example"]
        assert job["error"] == "never@client.example: 550 5.1.1 unknown"
        assert roads.steps(name)[-1] == "parked"
        roads.smarthost.replies.clear()
        operate.retry(roads.gateway.spool, [name])
        roads.reaches(name, "done")
        assert roads.smarthost.mails[2] == (["never@client.example"], roads.smarthost.mails[0][1])


def test_a_refusal_for_good_is_parked_with_the_reply(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        errand = errand_of(roads)
        roads.smarthost.replies = {"asa@client.example": "550 5.1.1 no such user"}
        assert "550 5.1.1 no such user" in roads.reaches(roads.answers(errand), "parked")["error"]


def test_a_smarthost_that_is_down_is_passed_over_and_tried_again(tmp_path: Path) -> None:
    down = "smtp://127.0.0.1:1"
    with road(tmp_path) as roads:
        errand = errand_of(roads)
        working = roads.settings().outgoing.smarthosts[0]
        roads.sections = {"outgoing": {"smarthosts": [down]}}
        roads.reload()
        name = roads.answers(errand)
        until(lambda: "again later" in roads.steps(name), "a try")
        assert "127.0.0.1:1" in roads.job(name)["error"]
        roads.sections = {"outgoing": {"smarthosts": [down, working]}}
        roads.reload()
        roads.reaches(name, "done")


def test_an_answer_to_an_errand_of_somebody_else_leaves_by_the_default_route(tmp_path: Path) -> None:
    with road(tmp_path, workspace={"default_route": "sales"}) as roads:
        created = {
            "data": {"type": "c3_new_errands", "attributes": {"msg": {"message_id": "x", "from": "b@c.example"}}}
        }
        errand = roads.create(created)
        roads.reaches(roads.answers(errand), "done")
        mail = roads.smarthost.parsed()
        assert (mail["From"], mail["To"], mail["In-Reply-To"]) == ("Sales <sales@example.com>", "b@c.example", None)


def test_the_trace_of_an_errand_shows_both_roads(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        errand = errand_of(roads)
        roads.reaches(roads.answers(errand), "done")
        traces: list[dict[str, Any]] = operate.traces(roads.gateway.spool, f"#{errand}")
        assert [next(iter(one)) for one in traces] == ["mail", "callback"]
        told = trace_of(roads.gateway.spool, f"#{errand}")
        for word in ("accepted", "created", "callback", "sent", "asa@client.example"):
            assert word in told
