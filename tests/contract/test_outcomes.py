"""What becomes of an answer's recipients, and who hears of it: refusals, delays, and the notice that tells of them."""

import base64
import email
import itertools
import json
import re
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from gateway import operate
from gateway.config.notices import NoticesSection
from gateway.errors import Permanent, Temporary
from gateway.flow import account as recalling
from gateway.flow import answer as answering
from gateway.flow import telling
from gateway.flow.account import account
from gateway.flow.reason import in_words
from gateway.outgoing.dkim_key import new_key
from gateway.spool import delivery
from tests.contract.test_road_out import ANSWER, MAIL, PDF
from tests.roads import Road, road, trace_of, until

ASA = "asa@client.example"
GONE = "550 5.1.1 no such user"
NOT_NOW = "451 4.7.1 greylisted"

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    with road(tmp_path_factory.mktemp("outcomes")) as running:
        yield running


@pytest.fixture
def roads(house: Road) -> Iterator[Road]:
    """The house of all tests here; what a test has changed is as before after it."""
    yield house
    house.smarthost.replies.clear()
    if house.sections:
        change(house)


def errand_of(roads: Road, *recipients: str) -> str:
    """Have an errand made by a mail of its own."""
    mail = MAIL.replace("<1@", f"<o{next(_NUMBERS)}@")
    return str(roads.reaches(roads.sends(mail, *recipients), "done")["result"])


def change(roads: Road, **sections: Any) -> None:
    roads.sections = sections
    roads.reload()


def notices(roads: Road, answer: str) -> list[dict[str, Any]]:
    """The errands that tell of an answer, oldest first."""
    linked = (one["attributes"] for one in roads.errands())
    return [one for one in linked if isinstance(one.get("extradata"), dict) and one["extradata"]["answer"] == answer]


def notice(roads: Road, answer: str) -> dict[str, Any]:
    until(lambda: notices(roads, answer), "the notice")
    (found,) = notices(roads, answer)
    return found


def states(roads: Road, answer: str) -> dict[str, dict[str, Any]]:
    rows = roads.gateway.spool.read(lambda connection: delivery.of_answer(connection, answer))
    return {row.get("recipient", ""): row for row in rows}


def told(roads: Road, name: str) -> str:
    return trace_of(roads.gateway.spool, name)


def attached(notice: dict[str, Any], name: str) -> EmailMessage:
    """A mail that a notice has enclosed."""
    (content,) = [one["content"] for one in notice["msg"]["attachments"] if one["name"] == name]
    return email.message_from_bytes(base64.b64decode(content), policy=default)


# The agent reads what happened and why, and has the whole answer at hand; the errand says which one it belongs to.
def test_a_refusal_for_good_comes_back_to_the_agent_as_an_errand(roads: Road) -> None:
    errand = errand_of(roads, "sales@example.com")
    roads.smarthost.replies = {ASA: GONE}
    answer = roads.answers(errand, **ANSWER)
    found = notice(roads, answer)
    assert found["msg"]["subject"] == 'Your answer to "hello" could not be delivered'
    for words in ("There is no such address", GONE, ASA, f"#{errand}"):
        assert words in found["msg"]["body"]
    assert found["extradata"] == {"notice": "failed", "errand": errand, "answer": answer, "recipients": [ASA]}
    original = attached(found, "answer.eml")
    assert original["To"] == f"Åsa <{ASA}>"
    assert [one.get_content() for one in original.iter_attachments()] == [PDF]
    assert roads.job(answer)["state"] == "parked"
    assert "(errand, route sales)" in told(roads, states(roads, answer)[ASA]["notice_id"])


# A person may have it tried again; what fails once more is no news.
def test_a_failure_is_told_once(roads: Road) -> None:
    roads.smarthost.replies = {ASA: GONE}
    answer = roads.answers(errand_of(roads))
    notice(roads, answer)
    operate.retry(roads.gateway.spool, [answer])
    until(lambda: roads.steps(answer).count("parked") == 2, "the second refusal")
    roads.reaches(roads.answers(errand_of(roads), to=[{"name": "", "email_address": "b@c.example"}]), "done")
    assert len(notices(roads, answer)) == 1


def test_each_recipient_has_a_state_that_queue_and_trace_show(roads: Road) -> None:
    roads.smarthost.kept = "250 2.0.0 Ok: queued as 4D2A71C0"
    roads.smarthost.replies = {"later@client.example": NOT_NOW, "never@client.example": GONE}
    to = [{"name": "", "email_address": f"{name}@client.example"} for name in ("well", "later", "never")]
    answer = roads.answers(errand_of(roads), to=to)
    until(lambda: len(states(roads, answer)) == 3, "the first try")
    found = states(roads, answer)
    assert {name.partition("@")[0]: row["state"] for name, row in found.items()} == {
        "well": "sent",
        "later": "delayed",
        "never": "failed",
    }
    assert found["well@client.example"]["queue_id"] == "4D2A71C0"
    assert (found["later@client.example"]["reply"], found["later@client.example"]["status"]) == (NOT_NOW, "4.7.1")
    (row,) = [one for one in operate.listing(roads.gateway.spool, [], "", 50) if one.get("callback_id") == answer]
    assert "later@client.example" in operate.cells(row)[6]
    lines = told(roads, answer)
    assert "to well@client.example  sent since" in lines
    assert "there as 4D2A71C0" in lines
    since = found["later@client.example"]["since"]
    del roads.smarthost.replies["later@client.example"]
    roads.reaches(answer, "parked")
    assert states(roads, answer)["later@client.example"]["state"] == "sent"
    assert states(roads, answer)["later@client.example"]["since"] > since


# Nobody knows whether the smarthost has it: it goes again as it is, and the trace says that there may be two.
def test_a_line_that_is_cut_after_the_final_dot_is_a_step_in_the_trace(roads: Road) -> None:
    before, kept = len(roads.smarthost.mails), roads.smarthost.kept
    roads.smarthost.kept = ""
    answer = roads.answers(errand_of(roads))
    until(lambda: "ambiguous" in roads.steps(answer), "the cut")
    roads.smarthost.kept = kept
    roads.reaches(answer, "done")
    assert "it may have taken the mail" in told(roads, answer)
    assert len({mail for _, mail in roads.smarthost.mails[before:]}) == 1
    assert states(roads, answer)[ASA]["state"] == "sent"


# First that it takes long, then that it is over; nothing in between, however often it is tried.
def test_a_delay_is_told_once_and_its_end_as_well(roads: Road) -> None:
    change(roads, notices={"warn_after": "200 ms"}, worker={"give_up": "1500 ms"})
    roads.smarthost.replies = {ASA: NOT_NOW}
    answer = roads.answers(errand_of(roads))
    assert "given up" in roads.reaches(answer, "parked")["error"]
    until(lambda: len(notices(roads, answer)) == 2, "both notices")
    first, last = notices(roads, answer)
    assert first["msg"]["subject"] == 'Your answer to "hello" is delayed'
    assert "tried again by itself until" in first["msg"]["body"]
    assert last["msg"]["subject"] == 'Your answer to "hello" could not be delivered'
    assert roads.steps(answer).count("again later") > 1


def test_nothing_is_said_of_a_delay_before_its_time(roads: Road) -> None:
    roads.smarthost.replies = {ASA: NOT_NOW}
    answer = roads.answers(errand_of(roads))
    until(lambda: roads.steps(answer).count("again later") > 2, "some tries")
    roads.smarthost.replies.clear()
    roads.reaches(answer, "done")
    assert "told" not in roads.steps(answer)


# Nobody answers it, and nobody bounces it: RFC 3834, and the null sender.
def test_the_operator_hears_of_it_by_mail_where_that_is_set(roads: Road) -> None:
    change(roads, notices={"failures": "operator", "operator": "ops@example.com"})
    roads.smarthost.replies = {ASA: GONE}
    answer = roads.answers(errand_of(roads))
    roads.reaches(answer, "parked")
    recipients, _ = roads.smarthost.mails[-1]
    mail = roads.smarthost.parsed()
    assert (recipients, roads.smarthost.senders[-1]) == (["ops@example.com"], "<>")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert f"answer={answer}" in mail["X-Cention-Notice"]
    assert notices(roads, answer) == []
    operate.retry(roads.gateway.spool, [answer])
    until(lambda: roads.steps(answer).count("parked") == 2, "the second refusal")
    assert roads.smarthost.parsed()["Message-ID"] == mail["Message-ID"]
    assert [one for one, _ in roads.smarthost.mails].count(["ops@example.com"]) == 1


# A failure has no next try: where nobody takes the operator's mail the agent hears of it after all.
def test_an_operator_who_cannot_be_told_leaves_it_to_the_agent(roads: Road) -> None:
    change(roads, notices={"failures": "operator", "operator": "ops@example.com"})
    roads.smarthost.replies = {ASA: GONE, "ops@example.com": GONE}
    answer = roads.answers(errand_of(roads))
    assert notice(roads, answer)["extradata"]["recipients"] == [ASA]
    assert "ops@example.com could not be: All recipients were refused: ops@example.com: 550" in told(roads, answer)


# What parks the answer also stands in the way of writing it once more; whom it was for is known all the same.
def test_an_answer_whose_template_fails_comes_back_too(roads: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise Permanent("the template cannot be filled")

    errand = errand_of(roads)
    with monkeypatch.context() as broken:
        broken.setattr(answering, "reply_to", fails)
        broken.setattr(recalling, "reply_to", fails)
        found = notice(roads, roads.answers(errand))
    assert (found["extradata"]["recipients"], "the template cannot be filled" in found["msg"]["body"]) == ([ASA], True)


# The spool is away for a moment just when the agent is to be told: that is waited for, and not told to nobody.
def test_a_spool_that_is_away_loses_no_notice(roads: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    away = iter([Temporary("the spool is away")])

    def once(*given: Any, **more: Any) -> Any:
        for error in away:
            raise error
        return account(*given, **more)

    monkeypatch.setattr(telling, "account", once)
    roads.smarthost.replies = {ASA: GONE}
    answer = roads.answers(errand_of(roads))
    assert notice(roads, answer)["extradata"]["recipients"] == [ASA]
    assert next(away, None) is None


def test_the_operators_mail_is_signed_with_the_key_of_our_domain(roads: Road) -> None:
    (roads.folder / "dkim").write_bytes(new_key("ed25519").pem)
    key = {"domain": "example.com", "selector": "gw", "key": f"file:{roads.folder / 'dkim'}"}
    change(roads, notices={"failures": "operator", "operator": "ops@example.com"}, dkim=[key])
    roads.smarthost.replies = {ASA: GONE}
    roads.reaches(roads.answers(errand_of(roads)), "parked")
    assert roads.smarthost.mails[-1][0] == ["ops@example.com"]
    assert "d=example.com; s=gw;" in re.sub(r"\s+", " ", roads.smarthost.parsed()["DKIM-Signature"])


def test_nobody_is_told_where_failures_are_only_parked(roads: Road) -> None:
    change(roads, notices={"failures": "park"})
    roads.smarthost.replies = {ASA: GONE}
    answer = roads.answers(errand_of(roads))
    roads.reaches(answer, "parked")
    assert "told" not in roads.steps(answer)
    assert states(roads, answer)[ASA]["state"] == "failed"


def test_an_answer_that_names_nobody_comes_back_too(roads: Road) -> None:
    created = {"data": {"type": "c3_new_errands", "attributes": {"msg": {"message_id": "x", "from": "b@c.example"}}}}
    answer = roads.answers(roads.create(created), to=[])
    assert "names no recipient" in notice(roads, answer)["msg"]["body"]


# A macro at Cention that answers every errand would otherwise write to us for ever.
def test_an_answer_to_a_notice_goes_nowhere(roads: Road) -> None:
    roads.smarthost.replies = {ASA: GONE}
    answer = roads.answers(errand_of(roads))
    notice(roads, answer)
    (errand,) = [
        one["id"] for one in roads.errands() if (one["attributes"].get("extradata") or {}).get("answer") == answer
    ]
    assert "notice of our own" in roads.reaches(roads.answers(errand), "discarded")["error"]


# A rule against programs' mail must not cost the agent the news.
def test_rules_do_not_touch_a_notice(roads: Road) -> None:
    rule = {"name": "no robots", "when": {"sender": "mailer-daemon*"}, "discard": "a robot"}
    change(roads, rules={"every": [rule]})
    roads.smarthost.replies = {ASA: GONE}
    assert notice(roads, roads.answers(errand_of(roads)))


def test_the_trace_of_a_mail_shows_its_answers_and_what_became_of_them(roads: Road) -> None:
    roads.smarthost.replies = {ASA: GONE}
    errand = errand_of(roads)
    answer = roads.answers(errand)
    notice(roads, answer)
    (mail,) = [
        job["mail_id"]
        for job in operate.listing(roads.gateway.spool, ["done"], "", 50)
        if job.get("result") == errand and "mail_id" in job
    ]
    for name in (mail, answer, f"#{errand}", states(roads, answer)[ASA]["notice_id"]):
        shown = operate.traces(roads.gateway.spool, name)
        assert [next(iter(one)) for one in shown] == ["mail", "callback", "mail"]
        assert json.dumps(shown, default=str)


@pytest.mark.parametrize(
    ("status", "reply", "word"),
    [
        ("5.2.2", "", "full"),
        ("", "552 5.2.3 too big", "too large"),
        ("5.7.26", "", "policy"),
        ("", "450 come back", "later"),
        ("", "554 no", "refused"),
        ("", "no smarthost took the mail", "could not be handed over"),
        ("5.9.9", "550 5.9.9 strange", "refused"),
    ],
)
def test_a_reason_is_told_in_words(status: str, reply: str, word: str) -> None:
    assert word in in_words(status, reply)


def test_settings_that_name_no_operator_say_so() -> None:
    with pytest.raises(ValueError, match="operator: expected an address"):
        NoticesSection(failures="operator")
