"""Acting in the console, and at a terminal: the real gateway, its pages, and Cention's stand-in."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from gateway import operate
from gateway.cention.validity import Invalid
from gateway.errors import Permanent
from gateway.spool import audit, halts
from gateway.spool.audit import Who
from gateway.spool.spool import beside
from tests.doors import Browser, hidden, user
from tests.roads import Road, until
from tests.roads import road as running

REFUSED = {"target": "create", "status": 422}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    people = {"anna": user("act"), "lo": user("look")}
    folder = tmp_path_factory.mktemp("acting")
    for part in ("new", "cur", "tmp"):
        (folder / "old" / part).mkdir(parents=True)
    old = {"name": "old", "path": str(folder / "old"), "route": "support"}
    with running(folder, console={"user": people}, maildir=[old]) as started:
        yield started


@pytest.fixture
def road(shared: Road) -> Iterator[Road]:
    """A road on which nothing waits and nothing is paused."""
    yield shared
    shared.faults()
    shared.smarthost.replies.clear()
    for name in operate.paused(shared.gateway.spool):
        operate.resume(shared.gateway.spool, name)
    left = [str(row["id"]) for row in operate.listing(shared.gateway.spool, ["parked", "held"], "", 1000)]
    operate.discard(shared.gateway.spool, left, "the test is over")


@pytest.fixture(scope="module")
def anna(shared: Road) -> Browser:
    """Somebody who may act, signed in."""
    return signed_in(shared, "anna")


def signed_in(road: Road, name: str) -> Browser:
    browser = Browser(f"http://{road.gateway.http}")
    assert browser.signs_in(name).status_code == 200
    return browser


def csrf(browser: Browser) -> str:
    return hidden(browser.see("/ways"))["csrf"]


def sends(browser: Browser, path: str, **fields: Any) -> requests.Response:
    """Send a form as a page of the console has it."""
    return browser.sends(path, csrf=csrf(browser), **fields)


def mail(subject: str, body: str = "hello") -> str:
    return f"Message-ID: <{subject}@test>\nFrom: Asa <asa@client.example>\nSubject: {subject}\n\n{body}\n"


def parked(road: Road, subject: str) -> str:
    """A mail that Cention refused: its id."""
    road.faults(REFUSED)
    name = road.sends(mail(subject))
    assert road.reaches(name, "parked")["reason"] == "document-refused"
    road.faults()
    return name


def audited(road: Road) -> dict[str, Any]:
    """The last act."""
    row: dict[str, Any] = road.gateway.spool.read(audit.page).rows[0]
    return row


def test_a_parked_mail_is_found_by_its_reason_read_about_and_retried(road: Road, anna: Browser) -> None:
    name = parked(road, "reason")
    job = road.job(name)["id"]
    assert 'href="/parked/document-refused"' in anna.see("/parked").text
    group = anna.see("/parked/document-refused").text
    assert "Cention does not take the document" in group
    assert f"/mail/{name}" in group
    after = sends(anna, "/act", act="retry", job=job, reason="mended", next=f"/mail/{name}")
    assert after.url.endswith(f"/mail/{name}")
    road.reaches(name, "done")
    step = next(one for one in operate.traces(road.gateway.spool, name)[0]["events"] if one["step"] == "retried")
    assert (step["detail"]["by"], step["detail"]["reason"]) == ("anna", "mended")
    assert {key: audited(road)[key] for key in ("who", "way", "act", "reason", "jobs")} == {
        "who": "anna",
        "way": "console",
        "act": "retry",
        "reason": "mended",
        "jobs": 1,
    }


# The subject of the document is another one; the mail itself, and what was read of the rest, are as they were.
def test_a_field_is_edited_and_posted(road: Road, anna: Browser) -> None:
    name = parked(road, "wrong")
    form = anna.see(f"/mail/{name}/edit")
    assert 'value="wrong"' in form.text
    fields = {"field-from": "asa@client.example", "field-name": "Asa", "field-body": "hello", "field-html": ""}
    same = anna.sends(f"/mail/{name}/edit", csrf=csrf(anna), **fields, **{"field-subject": "wrong"})
    assert same.status_code == 409
    assert "nothing is changed" in same.text
    sent = anna.sends(f"/mail/{name}/edit", csrf=csrf(anna), **fields, **{"field-subject": "right"})
    assert sent.url.endswith(f"/mail/{name}")
    road.reaches(name, "done")
    assert road.job(name)["subject"] == "right"
    assert audited(road)["detail"] == {"fields": ["subject"]}
    assert b"Subject: wrong" in operate.raw(road.gateway.spool, name)


# What was edited goes over what rules set; what they set beside it stays.
def test_what_the_contract_forbids_is_not_posted(road: Road, anna: Browser) -> None:
    name = parked(road, "forbidden")
    fields = {"field-from": "", "field-name": "Asa", "field-body": "hello", "field-html": "", "field-subject": "s"}
    answer = anna.sends(f"/mail/{name}/edit", csrf=csrf(anna), **fields)
    assert answer.status_code == 409
    assert "from: expected an address" in answer.text
    assert road.job(name)["state"] == "parked"
    with pytest.raises(Permanent, match="there is no field cc"):
        operate.edit(road.gateway.spool, [name], {"cc": "x"})
    with pytest.raises(Invalid, match="subject"):
        operate.edit(road.gateway.spool, [name], {"subject": "\ud800"})


def test_a_mail_is_retried_in_another_route(road: Road, anna: Browser) -> None:
    name = parked(road, "elsewhere")
    sends(anna, "/act", act="retry", job=road.job(name)["id"], route="sales")
    assert road.reaches(name, "done")["route"] == "sales"
    answer = sends(anna, "/act", act="retry", job=road.job(name)["id"], route="nowhere")
    assert "there is no route nowhere" in answer.text


def test_a_discard_wants_a_reason_and_can_be_undone(road: Road, anna: Browser) -> None:
    name = parked(road, "undo")
    job = road.job(name)["id"]
    assert "say why" in sends(anna, "/act", act="discard", job=job).text
    page = sends(anna, "/act", act="discard", job=job, reason="spam", next=f"/mail/{name}").text
    assert road.job(name)["state"] == "discarded"
    assert "Undo discard" in page
    sends(anna, "/undo", number=audited(road)["id"])
    assert road.job(name)["state"] == "parked"
    assert "Undo discard" not in anna.see(f"/mail/{name}").text


# The count is seen before anything is done, and what comes or goes meanwhile is looked at again.
def test_all_that_a_search_finds_is_moved_after_a_second_look(road: Road, anna: Browser) -> None:
    names = [parked(road, f"bulk {number}") for number in range(3)]
    query = "subject:bulk state:parked"
    look = anna.see("/act", params={"act": "discard", "q": query})
    assert "Discard 3 jobs?" in look.text
    form = hidden(look)
    operate.retry(road.gateway.spool, names[:1])
    road.reaches(names[0], "done")
    changed = anna.sends("/act", **form, act="discard", reason="a test")
    assert changed.status_code == 409
    assert "there were 3, now there are 2" in changed.text
    names.append(parked(road, "bulk late"))
    done = anna.sends("/act", **hidden(changed), act="discard", reason="a test")
    assert [road.job(name)["state"] for name in names[1:]] == ["discarded", "discarded", "parked"]
    assert "Discard: 2 jobs" in done.text
    assert audited(road)["target"] == query


def test_all_with_a_reason_are_moved_after_a_second_look(road: Road, anna: Browser) -> None:
    names = [parked(road, f"why {number}") for number in range(2)]
    look = anna.see("/act", params={"act": "retry", "why": "document-refused"})
    assert "Retry 2 jobs?" in look.text
    anna.sends("/act", **hidden(look), act="retry")
    for name in names:
        road.reaches(name, "done")


@pytest.mark.parametrize("words", ["", "stat:parked"])
def test_a_search_that_is_not_understood_moves_nothing(words: str, road: Road, anna: Browser) -> None:
    answer = anna.see("/act", params={"act": "discard", "q": words})
    assert answer.status_code == 409
    assert "mark" not in hidden(answer)


# Mail is taken all the same; on other nodes, and after a restart, the pause is the same: it is in the spool.
def test_a_paused_route_rests_until_it_is_resumed(road: Road, anna: Browser) -> None:
    sends(anna, "/pause", name="route:support", reason="new form")
    until(lambda: "route:support" in road.gateway._worker.halted, "the worker to know")
    name, other = road.sends(mail("rests")), road.sends(mail("goes"), "sales@example.com")
    road.reaches(other, "done")
    assert road.job(name)["state"] == "queued"
    page = anna.see("/ways").text
    assert "paused" in page
    assert "new form" in page
    until(lambda: "paused by anna: new form" in anna.see("/").text, "the overview to say so")
    sends(anna, "/resume", name="route:support")
    road.reaches(name, "done")
    assert "is not paused" in sends(anna, "/resume", name="route:support").text


# Its answers wait, and lose no try by it.
def test_answers_wait_for_a_paused_smarthost(road: Road, anna: Browser) -> None:
    number = road.reaches(road.sends(mail("answered")), "done")["result"]
    smarthost = next(name for name in operate.pausable(road.gateway.plan) if name.startswith("smarthost:"))
    sends(anna, "/pause", name=smarthost)
    until(lambda: road.gateway.plan.around.transport.halted, "the transport to know")
    answer = road.answers(number)
    waiting = until(
        lambda: next((row for row in [road.job(answer)] if row.get("reason") == halts.WAITS), None), "it to wait"
    )
    assert (waiting["state"], waiting["attempts"]) == ("queued", 0)
    sends(anna, "/resume", name=smarthost)
    road.reaches(answer, "done")


# What comes there meanwhile stays there, and is taken afterwards.
def test_a_paused_source_is_not_fetched_from(road: Road, anna: Browser) -> None:
    def state() -> str:
        return str(road.gateway._supervisor.statuses[0].state)

    until(lambda: state() == "working", "it to be fetched from")
    sends(anna, "/pause", name="source:old", reason="moving")
    until(lambda: state() == "paused", "it to rest")
    (road.folder / "old/new/1.x").write_text(mail("from the source"))
    assert state() == "paused"
    assert (road.folder / "old/new/1.x").exists()
    sends(anna, "/resume", name="source:old")
    until(lambda: not (road.folder / "old/new/1.x").exists(), "it to be fetched")


# The trace of the test mail is the page that its sender is led to.
def test_a_route_is_tried_with_a_mail_that_can_be_watched(road: Road, anna: Browser) -> None:
    page = sends(anna, "/test", route="sales")
    name = page.url.rpartition("/")[2]
    job = road.reaches(name, "done")
    assert (job["route"], job["subject"]) == ("sales", "Test of gw.example.com")
    assert audited(road)["detail"] == {"mail": name}
    assert "there is no route x" in sends(anna, "/test", route="x").text


def test_a_smarthost_is_tried_and_its_words_are_kept(road: Road, anna: Browser) -> None:
    smarthost = road.gateway.plan.around.smarthosts[0].address
    page = sends(anna, "/test", smarthost=smarthost, to="me@client.example").text
    assert "250 2.0.0 kept" in page
    assert road.smarthost.parsed()["Subject"] == "Test of gw.example.com"
    road.smarthost.replies["me@client.example"] = "550 5.1.1 no such user"
    assert "550 5.1.1 no such user" in sends(anna, "/test", smarthost=smarthost, to="me@client.example").text
    assert audited(road)["detail"]["taken"] == "no"


def test_who_may_only_look_is_offered_nothing(road: Road) -> None:
    name = parked(road, "look")
    lo = signed_in(road, "lo")
    assert "Retry" not in lo.see(f"/mail/{name}").text
    assert "<form" not in lo.see("/parked/document-refused").text.split("<main")[1]
    assert lo.see("/acts").status_code == 403


# What somebody else's page sends, or an old one of ours, is not done.
def test_a_form_without_its_token_does_nothing(road: Road, anna: Browser) -> None:
    name = parked(road, "token")
    assert anna.sends("/act", act="retry", job=road.job(name)["id"]).status_code == 403
    assert road.job(name)["state"] == "parked"


@pytest.mark.parametrize("said", ["https://elsewhere.example/", "//elsewhere.example/", "/\\elsewhere.example"])
def test_an_act_leads_nowhere_else(said: str, road: Road, anna: Browser) -> None:
    name = parked(road, f"next {time.monotonic_ns()}")
    job = road.job(name)["id"]
    answer = sends(anna, "/act", act="hold", job=job, next=said)
    assert answer.url == f"{anna.base}/mail/{job}"


def test_the_audit_tells_acts_and_signing_in(road: Road, anna: Browser) -> None:
    name = parked(road, "audit")
    sends(anna, "/act", act="hold", job=road.job(name)["id"], reason="for legal")
    page = anna.see("/acts").text
    assert "for legal" in page
    assert "anna" in page
    number = audited(road)["id"]
    assert f"/mail/{name}" in anna.see(f"/acts/{number}").text
    assert anna.see(f"/acts/{number + 1000}").status_code == 404


# A command has no writer of its own while the gateway runs: every change goes through the gateway's door.
def test_a_command_beside_the_gateway_does_the_same(road: Road) -> None:
    name, who = parked(road, "beside"), Who("bo")
    with beside(road.gateway.plan.settings.gateway.store) as spool:
        held = operate.hold(spool, [name], "asked", who)
        assert operate.undo(spool, held.number or 0, who).jobs == held.jobs
        with pytest.raises(Permanent, match="undone already"):
            operate.undo(spool, held.number or 0, who)
        assert operate.pause(spool, "route:sales", "moving", who)
        assert operate.resume(spool, "route:sales", who)
        operate.edit(spool, [name], {"subject": "by command"}, who)
        operate.write_down(spool, "sales", name, who)
    road.reaches(name, "done")
    assert road.job(name)["subject"] == "by command"
    assert [row["act"] for row in road.gateway.spool.read(audit.page).rows[:6]] == [
        "test",
        "edit",
        "resume",
        "pause",
        "undo",
        "hold",
    ]


def test_names_that_mean_two_things_are_asked_about() -> None:
    names = ["route:sales", "workspace:sales", "source:old"]
    assert operate.meant(names, "old") == "source:old"
    assert operate.meant(names, "route:sales") == "route:sales"
    with pytest.raises(Permanent, match="route:sales or workspace:sales"):
        operate.meant(names, "sales")
    with pytest.raises(Permanent, match="there is no x"):
        operate.meant(names, "x")
