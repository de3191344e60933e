"""Which answers leave, to whom, and with what: callbacks that leave something out, or are not ours to send."""

import json
import smtplib
from pathlib import Path
from typing import Any

import pytest

from gateway import operate
from tests.contract.test_callbacks import document
from tests.contract.test_road_out import ANSWER, GIF, PDF, errand_of, file
from tests.roads import Road, road, trace_of, until

FOREIGN = {"data": {"type": "c3_new_errands", "attributes": {"msg": {"message_id": "x", "from": "b@c.example"}}}}


def called(roads: Road, **response: Any) -> str:
    """Have a callback come that is Cention's sample but for its response, without attachments; return its id."""
    sample = document()
    (errand,) = [one for one in sample["included"] if one["type"] == "c3_answer_errands"]
    errand["attributes"]["answer"]["response"] |= {"html_body": "", "body": "hello"} | response
    errand["attributes"]["service"] = response.pop("service", errand["attributes"]["service"])
    status, said = roads.post(json.dumps(sample | {"included": [errand | {"relationships": {}}]}).encode())
    assert status == 200
    return str(json.loads(said)["meta"]["id"])


def told(roads: Road, name: str) -> str:
    return trace_of(roads.gateway.spool, name)


def test_an_answer_without_an_address_goes_to_the_writer_of_our_mail_and_says_so(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        name = roads.answers(errand_of(roads), to=[])
        roads.reaches(name, "done")
        assert roads.smarthost.mails[0][0] == ["asa@client.example"]
        assert roads.smarthost.parsed()["To"] == "asa@client.example"
        assert "asa@client.example  why: the answer names no recipient" in told(roads, name)


# Who wrote a mail without a sender is us, in the document for Cention; to answer that would be a loop.
def test_an_answer_without_an_address_to_a_mail_without_a_writer_is_parked(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        listen = roads.gateway.smtp[0]
        with smtplib.SMTP(listen.host, listen.port, timeout=10) as client:
            client.sendmail("", "support@example.com", b"Message-ID: <9@x.example>\r\nSubject: hello\r\n\r\nhi\r\n")
        (job,) = operate.listing(roads.gateway.spool, [], "", 10)
        errand = str(roads.reaches(job["mail_id"], "done")["result"])
        assert "names no recipient" in roads.reaches(roads.answers(errand, to=[]), "parked")["error"]


def test_an_answer_without_an_address_to_an_errand_of_somebody_else_is_parked(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        name = roads.answers(roads.create(FOREIGN), to=[])
        assert "names no recipient" in roads.reaches(name, "parked")["error"]


def test_every_recipient_gets_the_mail_and_is_named_in_it(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        to = [{"name": name, "email_address": f"{name}@client.example"} for name in ("a", "b", "a", "c")]
        roads.reaches(roads.answers(errand_of(roads), to=to), "done")
        assert roads.smarthost.mails[0][0] == ["a@client.example", "b@client.example", "c@client.example"]
        assert roads.smarthost.parsed()["To"].count("@") == 3


def test_an_answer_that_says_nothing_is_parked_with_the_reason(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        name = called(roads, body=" ", html_body="<div><br></div>")
        assert "neither text nor a file" in roads.reaches(name, "parked")["error"]
        assert roads.smarthost.mails == []


def test_an_answer_of_files_alone_is_sent(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        sent = file("a.pdf", "application/pdf", PDF)
        roads.reaches(roads.answers(errand_of(roads), text="", html="", attachments=[sent]), "done")
        (attached,) = roads.smarthost.parsed().iter_attachments()
        assert attached.get_content() == PDF


def test_an_answer_without_html_is_plain_text_and_one_without_text_has_it_made_from_the_html(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        errand = errand_of(roads)
        roads.reaches(roads.answers(errand, text="Hej", html=""), "done")
        assert roads.smarthost.parsed().get_content_type() == "text/plain"
        roads.reaches(roads.answers(errand, text="", html="<p>Hej <b>igen</b></p>"), "done")
        plain, page = roads.smarthost.parsed().iter_parts()
        assert plain.get_content().startswith("Hej igen")
        assert "<b>igen</b>" in page.get_content()


def test_an_answer_to_an_errand_of_somebody_else_is_left_to_them_where_set_so(tmp_path: Path) -> None:
    with road(tmp_path, workspace={"foreign_answers": "ignore"}) as roads:
        name = roads.answers(roads.create(FOREIGN))
        assert "foreign_answers" in roads.reaches(name, "discarded")["error"]
        assert "discarded      by: settings  no mail of ours made errand" in told(roads, name)
        roads.reaches(roads.answers(errand_of(roads)), "done")
        roads.sections = {}
        roads.reload()
        operate.retry(roads.gateway.spool, [name])
        roads.reaches(name, "done")
        assert [recipients for recipients, _ in roads.smarthost.mails] == [["asa@client.example"], ["b@c.example"]]


@pytest.mark.parametrize(
    ("services", "service", "state"),
    [
        ({}, {"type": 19, "name": "Form"}, "done"),
        ({}, {"type": 99, "name": "Something new"}, "done"),
        ({}, {"type": 7, "name": "SMS"}, "discarded"),
        ({"19": "ignore"}, {"type": 19, "name": "Form"}, "discarded"),
        ({"Form": "deliver", "*": "ignore"}, {"type": 20, "name": "Other"}, "discarded"),
    ],
)
def test_a_service_that_is_no_mail_is_answered_2xx_and_discarded_with_the_reason(
    tmp_path: Path, services: dict[str, str], service: dict[str, Any], state: str
) -> None:
    with road(tmp_path, workspace={"services": services}) as roads:
        job = roads.reaches(called(roads, service=service), state)
        assert ("services" in job.get("error", "")) == (state == "discarded")


# An agent's macro may answer before the connection that made the errand has told us its number.
def test_an_answer_that_overtakes_our_record_of_its_errand_finds_its_thread_all_the_same(tmp_path: Path) -> None:
    with road(tmp_path, workspace={"foreign_answers": "ignore", "timeout": "10 s"}) as roads:
        roads.faults({"target": "create", "delay": 3, "after_create": True, "calls": 1})
        mail = roads.sends("Message-ID: <1@client.example>\nFrom: asa@client.example\nSubject: hello\n\nhi\n")
        (errand,) = until(roads.errands, "the errand")
        name = roads.answers(errand["id"])
        until(lambda: roads.job(name)["lease"] >= 2, "a second look")
        assert roads.job(mail)["state"] == "working"
        roads.reaches(name, "done")
        assert roads.smarthost.parsed()["In-Reply-To"] == "<1@client.example>"


def test_answers_may_come_out_of_order_and_twice(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        first, second = ({"c3_id": number, "body": f"answer {number}"} for number in (1, 2))
        names = [called(roads, **response) for response in (second, first, second, first, second)]
        assert len(set(names)) == 2
        for name in names:
            roads.reaches(name, "done")
        assert len(roads.smarthost.mails) == 2


# What is not named by the callback is not asked for: customers' own HTML is quoted in there.
def test_a_picture_that_only_the_html_names_is_not_fetched_and_the_answer_is_sent(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        errand = errand_of(roads)
        roads.reaches(roads.answers(errand, **ANSWER), "done")
        name = called(roads, html_body='<p>x<img src="cid:attachment_1" alt="(a logo)"></p>')
        roads.reaches(name, "done")
        assert GIF not in roads.smarthost.mails[-1][1]
        assert "pictures not found" in roads.steps(name)
        assert "(a logo)" in roads.smarthost.parsed().get_body(("html",)).get_content()  # type: ignore[union-attr]


def test_attachments_that_are_together_too_large_park_the_answer(tmp_path: Path) -> None:
    with road(tmp_path, workspace={"max_answer_size": "20 B"}) as roads:
        name = roads.answers(errand_of(roads), **ANSWER)
        assert "together larger than 20 bytes" in roads.reaches(name, "parked")["error"]


def test_a_picture_that_is_gone_for_good_is_left_out_after_three_tries_where_set_so(tmp_path: Path) -> None:
    with road(tmp_path, workspace={"missing_pictures": "send"}) as roads:
        errand = errand_of(roads)
        roads.faults({"target": "archive", "status": 404})
        name = roads.answers(errand, **(ANSWER | {"html": '<p>x<img src="cid:archive_1" alt="(our stamp)"></p>'}))
        roads.reaches(name, "done")
        assert roads.steps(name).count("again later") == 2
        assert roads.steps(name)[-3:] == ["picture left out", "pictures not found", "sent"]
        assert "(our stamp)" in roads.smarthost.parsed().get_body(("html",)).get_content()  # type: ignore[union-attr]


def test_a_file_that_is_gone_parks_the_answer_whatever_is_set_for_pictures(tmp_path: Path) -> None:
    with road(tmp_path, workspace={"missing_pictures": "send"}) as roads:
        errand = errand_of(roads)
        roads.faults({"target": "attachment", "status": 404})
        assert "404" in roads.reaches(roads.answers(errand, **ANSWER), "parked")["error"]
