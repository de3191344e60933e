"""A mail's way to its errand, with everything that Cention may answer."""

import base64
import smtplib
import time
from pathlib import Path
from typing import Any

import pytest

from gateway import operate
from gateway.errors import Full
from gateway.flow.inbound import Prepared
from gateway.flow.readers import Readers
from gateway.spool import jobs
from tests.roads import Road, road, until

MAIL = "Message-ID: <1@client.example>\nFrom: Åsa <asa@client.example>\nSubject: hello\n\nhello there\n"
BASE64 = "Content-Transfer-Encoding: base64\n\n"


def mail(number: int = 1) -> str:
    return MAIL.replace("<1@", f"<{number}@")


def with_files(*sizes: int) -> str:
    parts = "".join(
        f'--x\nContent-Type: application/pdf; name="f{number}.pdf"\n{BASE64}{base64.b64encode(b"p" * size).decode()}\n'
        for number, size in enumerate(sizes, 1)
    )
    head = 'Message-ID: <9@x>\nFrom: a@b.example\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="x"\n\n'
    return f"{head}--x\n\nthe text\n{parts}--x--\n"


def test_a_mail_becomes_an_errand_and_the_trace_tells_its_way(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        name = roads.sends(MAIL)
        job = roads.reaches(name, "done")
        (errand,) = roads.errands()
        message = errand["attributes"]["msg"]
        assert (message["message_id"], message["name"], message["from"]) == (
            "<1@client.example>",
            "Åsa",
            "asa@client.example",
        )
        assert (message["subject"], message["body"].strip(), message["html_body"]) == ("hello", "hello there", "")
        assert job["result"] == errand["id"]
        assert roads.steps(name) == ["accepted", "read", "created"]


def test_a_mail_to_two_routes_becomes_two_errands(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        roads.sends(MAIL, "support@example.com", "sales@example.com")
        until(lambda: len(roads.errands()) == 2, "two errands")


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 502},
        {"status": 503, "headers": {"Retry-After": "1"}},
        {"status": 429, "headers": {"Retry-After": "0"}},
        {"status": 408},
        {"cut": True},
        {"cut": "middle"},
        {"json": False},
        {"status": 200, "body": '{"data": {"type": "c3_new_errands"}}'},
        {"delay": 4},
        {"status": 302, "headers": {"Location": "http://127.0.0.1:1/"}},
    ],
    ids=lambda fault: " ".join(f"{name}={value}" for name, value in fault.items()),
)
def test_what_is_temporary_is_tried_again_until_it_works(tmp_path: Path, fault: dict[str, Any]) -> None:
    with road(tmp_path) as roads:
        roads.faults({"target": "create", "calls": 1} | fault)
        name = roads.sends(MAIL)
        roads.reaches(name, "done")
        # Cut in the middle of the answer, the errand was created already: its repeat has the same Message-ID.
        assert {errand["attributes"]["msg"]["message_id"] for errand in roads.errands()} == {"<1@client.example>"}
        assert len(roads.errands()) == (2 if fault == {"cut": "middle"} else 1)
        assert roads.steps(name) == ["accepted", "again later", "read", "created"]


def test_retry_after_is_the_least_wait(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        roads.faults({"target": "create", "calls": 1, "status": 503, "headers": {"Retry-After": "2"}})
        roads.reaches(roads.sends(MAIL), "done")
        first, second = (call["at"] for call in roads.get("/_sim/calls"))
        assert second - first >= 2


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_what_is_permanent_is_parked_with_the_reason_and_can_be_retried(tmp_path: Path, status: int) -> None:
    errors = '{"errors": [{"status": "422", "title": "wrong", "detail": "the subject is missing"}]}'
    with road(tmp_path) as roads:
        roads.faults({"target": "create", "calls": 1, "status": status, "body": errors})
        name = roads.sends(MAIL)
        job = roads.reaches(name, "parked")
        assert str(status) in job["error"]
        assert "the subject is missing" in job["error"]
        assert len(roads.get("/_sim/calls")) == 1
        moved = operate.retry(roads.gateway.spool, [name])
        assert moved.jobs == [job["id"]]
        roads.reaches(name, "done")
        assert roads.steps(name) == ["accepted", "parked", "retried", "read", "created"]


# 401: the route pauses, mail is still accepted, the other mails are not tried in vain, and a new token lets all go on.
@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_pauses_the_route_until_a_new_one_works(tmp_path: Path, status: int) -> None:
    with road(tmp_path) as roads:
        good = roads.simulator.create_token
        roads.faults({"target": "create", "status": status})
        first = roads.sends(mail(1))
        job = roads.reaches(first, "held")
        assert str(status) in job["error"]
        assert good not in job["error"]
        others = [roads.sends(mail(number)) for number in range(2, 6)]
        assert {roads.job(name)["state"] for name in others} == {"held"}
        calls = len(roads.get("/_sim/calls"))
        until(lambda: b"paused" in roads.post(b"", "/readyz", "GET")[1], "readyz to name the lane")
        assert len(roads.get("/_sim/calls")) == calls
        roads.faults()
        (tmp_path / "create").write_text(good + "\n\n")
        assert len(roads.errands()) == 0
        (tmp_path / "create").write_text("another.token.that-is-wrong")
        until(lambda: len(roads.get("/_sim/calls")) > calls, "a probe, since the token is another one")
        (tmp_path / "create").write_text(good)
        for name in (first, *others):
            roads.reaches(name, "done")
        assert len(roads.errands()) == 5
        assert b"paused" not in roads.post(b"", "/readyz", "GET")[1]


# The token changes while a try with the old one is under way: the new one is tried at once, not a probe later.
def test_a_token_that_changes_during_a_refused_try_is_tried_at_once(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        good = roads.simulator.create_token
        (tmp_path / "create").write_text("wrong")
        roads.faults({"target": "create", "status": 401, "delay": 1, "calls": 1})
        name = roads.sends(MAIL)
        until(lambda: roads.job(name)["state"] == "working", "the try to be under way")
        time.sleep(0.5)
        (tmp_path / "create").write_text(good)
        roads.reaches(name, "done")
        assert roads.steps(name) == ["accepted", "held", "read", "created"]


def test_a_paused_route_probes_by_itself_and_leaves_the_others_alone(tmp_path: Path) -> None:
    with road(tmp_path, worker={"retry_min": "100 ms", "probe": "300 ms", "readers": 1, "threads": 2}) as roads:
        roads.faults({"target": "create", "status": 401, "calls": 3})
        name = roads.sends(MAIL)
        roads.reaches(name, "done")
        assert [call["status"] for call in roads.get("/_sim/calls")] == [401, 401, 401, 201]


# 413: once more without the largest attachments, with a note, and the whole mail stays for the operator.
def test_what_is_too_large_goes_again_smaller_and_the_whole_mail_is_kept(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        roads.faults({"target": "create", "status": 413, "calls": 1})
        raw = with_files(2_000_000, 300, 50_000)
        name = roads.sends(raw)
        roads.reaches(name, "done")
        (errand,) = roads.errands()
        message = errand["attributes"]["msg"]
        assert [one["name"] for one in message["attachments"]] == ["f2.pdf", "f3.pdf"]
        assert "f1.pdf" in message["body"]
        assert "the text" in message["body"]
        assert roads.steps(name) == ["accepted", "read", "too large", "read", "left out", "created"]
        assert roads.gateway.spool.forget(4e9, 4e9) == 0
        with roads.gateway.spool.raw(name) as kept:
            assert (kept if isinstance(kept, bytes) else kept.read_bytes()) == raw.replace("\n", "\r\n").encode()
        assert "the whole mail is kept" in operate.cells(roads.job(name))[-1]
        operate.discard(roads.gateway.spool, [name], "seen")
        assert roads.gateway.spool.forget(4e9, 1.0) == 1


def test_what_is_too_large_even_then_is_parked(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        roads.faults({"target": "create", "status": 413})
        name = roads.sends(with_files(5000, 300))
        assert "413" in roads.reaches(name, "parked")["error"]
        assert len(roads.get("/_sim/calls")) == 2


def test_a_mail_without_attachments_that_is_too_large_is_parked_at_once(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        roads.faults({"target": "create", "status": 400, "body": "request body size exceeds the limit"})
        roads.reaches(roads.sends(MAIL), "parked")
        assert len(roads.get("/_sim/calls")) == 1


def test_one_bad_mail_does_not_stop_the_next(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        roads.faults({"target": "create", "status": 422, "calls": 1})
        roads.reaches(roads.sends(mail(1)), "parked")
        roads.reaches(roads.sends(mail(2)), "done")


def test_after_the_window_a_mail_is_parked_and_not_lost(tmp_path: Path) -> None:
    worker = {"retry_min": "50 ms", "retry_max": "50 ms", "give_up": "300 ms", "readers": 1}
    with road(tmp_path, worker=worker) as roads:
        roads.faults({"target": "create", "status": 500})
        name = roads.sends(MAIL)
        assert roads.reaches(name, "parked")["error"].startswith("given up after ")
        roads.faults()
        operate.retry(roads.gateway.spool, [name])
        roads.reaches(name, "done")


def test_a_mail_without_a_message_id_has_a_stable_one(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        roads.faults({"target": "create", "status": 500, "calls": 2})
        name = roads.sends("From: a@b.example\nSubject: x\n\nhello\n")
        roads.reaches(name, "done")
        assert roads.errands()[0]["attributes"]["msg"]["message_id"] == f"<{name}@gw.example.com>"


def test_work_in_hand_is_finished_when_the_program_stops(tmp_path: Path) -> None:
    running = Road(tmp_path)
    running.faults({"target": "create", "delay": 1, "calls": 1})
    name = running.sends(MAIL)
    until(lambda: running.job(name)["state"] == "working", "the job to be in hand")
    running.run(running.gateway.stop())
    assert len(running.errands()) == 1
    running.gateway = running.run(running._started())
    assert running.job(name)["state"] == "done"
    running.__exit__()


def hang(_source: object, _reading: object) -> Prepared:
    time.sleep(60)
    raise AssertionError("nobody ended this")


# The reading process is ended each time; the mail is parked after three such ends, whole, and others go on.
def test_a_mail_that_ends_its_reader_three_times_is_parked(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        real, hanging = roads.gateway._worker._readers, Readers(1, 0.5, 1_000_000_000, hang)
        roads.gateway._worker._readers = hanging
        name = roads.sends(MAIL)
        job = roads.reaches(name, "parked")
        assert job["error"] == "reading took longer than 0.5 s, 3 times; the whole mail is kept"
        assert roads.steps(name) == ["accepted", "again later", "again later", "parked"]
        with roads.gateway.spool.raw(name) as kept:
            assert kept == MAIL.replace("\n", "\r\n").encode()
        roads.gateway._worker._readers = real
        hanging.close()
        roads.reaches(roads.sends(mail(2)), "done")


# What the settings leave to a restart is named, and what they can change at once is changed.
def test_a_reload_changes_what_begins_from_now_on(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        roads.sections = {
            "smtp": {"listen": ["127.0.0.1:0", "127.0.0.1:0"], "max_size": "1 kB"},
            "http": {"max_size": "1 kB"},
        }
        assert roads.reload() == ["smtp.listen"]
        with pytest.raises(smtplib.SMTPResponseException, match="552"):
            roads.sends(MAIL + "x" * 2000)
        assert roads.post(b"{" + b" " * 1500)[0] == 413


# Cention has the errand, but the disk is full just then: it is recorded when there is room, and not created again.
def test_a_result_that_cannot_be_recorded_yet_is_not_done_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, refused = jobs.conclude_all, [Full("no room"), Full("no room")]

    def full_at_first(*arguments: Any) -> list[bool]:
        if refused:
            raise refused.pop()
        return real(*arguments)

    monkeypatch.setattr(jobs, "conclude_all", full_at_first)
    with road(tmp_path) as roads:
        roads.reaches(roads.sends(MAIL), "done")
        assert refused == []
        assert len(roads.errands()) == 1
