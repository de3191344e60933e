"""What comes back of an answer by mail: it is known by its address, by what it names or by what it returns."""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway import operate
from gateway.route.tag import verp
from tests.contract.test_outcomes import ASA, attached, change, errand_of, notice, notices, states, told
from tests.roads import Road, road, until

BOUNCE = """\
From: Mail Delivery System <mailer-daemon@mx.example.net>
To: support@example.com
Subject: Undelivered Mail Returned to Sender
Message-ID: <{name}@mx.example.net>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type={kind}; boundary=b

--b

I am sorry.

--b
Content-Type: message/{kind}

{said}

--b
Content-Type: text/rfc822-headers

{returned}

--b--
"""
FAILED = (
    "Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; {}\nAction: {}\nStatus: {}\nDiagnostic-Code: {}"
)
FULL = "smtp; 552 5.2.2 over quota"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    with road(tmp_path_factory.mktemp("bounces")) as running:
        yield running


@pytest.fixture
def roads(house: Road) -> Iterator[Road]:
    yield house
    if house.sections:
        change(house)


class Sent:
    """An answer that a smarthost took."""

    def __init__(self, roads: Road, *to: str) -> None:
        self.roads = roads
        self.errand = errand_of(roads)
        self.answer = roads.answers(self.errand, to=[{"name": "", "email_address": one} for one in to or (ASA,)])
        roads.reaches(self.answer, "done")
        self.mail = roads.smarthost.parsed()
        self.reports = 0

    def returns(
        self,
        said: str = FAILED.format(ASA, "failed", "5.2.2", FULL),
        returned: str = "",
        kind: str = "delivery-status",
        to: str = "support@example.com",
    ) -> str:
        """A report comes, and is done with; its id."""
        self.reports += 1
        name = f"report{self.reports}.{self.answer}"
        mail = BOUNCE.format(name=name, kind=kind, said=said, returned=returned or "Subject: hello")
        report = self.roads.sends(mail, to)
        until(lambda: self.roads.job(report)["state"] in {"done", "discarded", "parked"}, "the report is read")
        return report

    def original(self) -> str:
        return f"Message-ID: {self.mail['Message-ID']}"


def way(name: str, sent: Sent) -> dict[str, Any]:
    """How a report says which answer it is about."""
    ways = {
        "address": {"to": verp("support@example.com", sent.answer)},
        "message-id": {"returned": sent.original()},
        "header": {"returned": f"X-Cention-Errand: {sent.mail['X-Cention-Errand']}"},
    }
    return ways[name]


# The same end as a refusal by our own smarthost: states, and an errand with the reason, the answer and the report.
@pytest.mark.parametrize("name", ["address", "message-id", "header"])
def test_a_bounce_is_matched_and_told(roads: Road, name: str) -> None:
    sent = Sent(roads)
    report = sent.returns(**way(name, sent))
    found = notice(roads, sent.answer)
    assert found["msg"]["subject"] == 'Your answer to "hello" could not be delivered'
    assert "The mailbox is full." in found["msg"]["body"]
    assert found["extradata"] == {
        "notice": "failed",
        "errand": sent.errand,
        "answer": sent.answer,
        "recipients": [ASA],
    }
    assert attached(found, "answer.eml")["Message-ID"] == sent.mail["Message-ID"]
    assert attached(found, "report.eml").get_content_type() == "multipart/report"
    row = states(roads, sent.answer)[ASA]
    assert (row["state"], row["status"], row["report_id"]) == ("bounced", "5.2.2", report)
    assert roads.job(report)["state"] == "discarded"
    assert "bounced" in roads.steps(sent.answer)
    kinds = [next(iter(one)) for one in operate.traces(roads.gateway.spool, report)]
    assert kinds == ["mail", "callback", "mail", "mail"]


def test_a_second_bounce_of_one_recipient_is_no_news(roads: Road) -> None:
    sent = Sent(roads)
    sent.returns(returned=sent.original())
    sent.returns(returned=sent.original())
    assert roads.steps(sent.answer).count("bounced") == 2
    assert len(notices(roads, sent.answer)) == 1


def test_each_recipient_that_bounces_is_told_of(roads: Road) -> None:
    sent = Sent(roads, "a@client.example", "B@client.example")
    for one in ("a@client.example", "b@client.example"):
        sent.returns(FAILED.format(one, "failed", "5.1.1", "smtp; 550 no"), sent.original())
    until(lambda: len(notices(roads, sent.answer)) == 2, "both notices")
    assert {name: row["state"] for name, row in states(roads, sent.answer).items()} == {
        "a@client.example": "bounced",
        "B@client.example": "bounced",
    }


# Who forwards mail reports an address that nobody here has written to; of one recipient it is clear who is meant.
def test_a_bounce_from_behind_a_forwarding_is_of_the_one_recipient(roads: Road) -> None:
    sent = Sent(roads)
    sent.returns(FAILED.format("other@elsewhere.example", "failed", "5.1.1", "smtp; 550 no"), sent.original())
    assert states(roads, sent.answer)[ASA]["state"] == "bounced"


def test_a_delay_that_is_reported_is_told_as_one(roads: Road) -> None:
    sent = Sent(roads)
    sent.returns(FAILED.format(ASA, "delayed", "4.4.1", "smtp; no route"), sent.original())
    assert notice(roads, sent.answer)["msg"]["subject"] == 'Your answer to "hello" is delayed'
    assert states(roads, sent.answer)[ASA]["state"] == "delayed"


def test_a_report_of_success_is_a_step_and_no_errand(roads: Road) -> None:
    sent = Sent(roads)
    sent.returns(FAILED.format(ASA, "delivered", "2.0.0", "smtp; 250 ok"), sent.original())
    assert "arrived" in roads.steps(sent.answer)
    assert states(roads, sent.answer)[ASA]["state"] == "sent"
    assert notices(roads, sent.answer) == []


def test_a_complaint_comes_back_as_one(roads: Road) -> None:
    sent = Sent(roads)
    said = f"Feedback-Type: abuse\nUser-Agent: provider/1\nVersion: 1\nOriginal-Rcpt-To: <{ASA}>"
    sent.returns(said, sent.original(), "feedback-report")
    found = notice(roads, sent.answer)
    assert found["msg"]["subject"] == 'Your answer to "hello" was reported as unwanted'
    assert found["extradata"]["notice"] == "complaint"
    assert states(roads, sent.answer)[ASA]["state"] == "complained"


# Anybody may write such a mail; it becomes what the settings make of it, and nothing of ours is touched.
def test_a_bounce_of_a_mail_that_is_not_ours_is_like_any_other_mail(roads: Road) -> None:
    sent = Sent(roads)
    report = sent.returns(returned="Message-ID: <strange@else.example>")
    assert roads.job(report)["state"] == "done"
    assert states(roads, sent.answer)[ASA]["state"] == "sent"


def test_the_operator_hears_of_a_bounce_where_that_is_set(roads: Road) -> None:
    change(roads, notices={"failures": "operator", "operator": "ops@example.com"})
    sent = Sent(roads)
    sent.returns(returned=sent.original())
    until(lambda: roads.smarthost.mails[-1][0] == ["ops@example.com"], "the operator's mail")
    assert notices(roads, sent.answer) == []


# A mailer-daemon that answers the null sender must not begin a conversation.
def test_a_bounce_of_a_notice_ends_with_a_step(roads: Road) -> None:
    change(roads, notices={"failures": "operator", "operator": "ops@example.com"})
    sent = Sent(roads)
    sent.returns(returned=sent.original())
    mails = len(roads.smarthost.mails)
    report = sent.returns(returned=f"Message-ID: {roads.smarthost.parsed()['Message-ID']}")
    assert "a notice of our own came back" in told(roads, report)
    assert len(roads.smarthost.mails) == mails


def test_a_bounce_waits_for_a_person_where_failures_are_only_parked(roads: Road) -> None:
    change(roads, notices={"failures": "park"})
    sent = Sent(roads)
    report = sent.returns(returned=sent.original())
    assert roads.job(report)["state"] == "parked"
    assert states(roads, sent.answer)[ASA]["state"] == "bounced"


# Who has a report tried again wants to have it as an errand.
def test_a_report_that_a_person_retries_becomes_an_errand(roads: Road) -> None:
    sent = Sent(roads)
    report = sent.returns(returned=sent.original())
    operate.retry(roads.gateway.spool, [report])
    roads.reaches(report, "done")
