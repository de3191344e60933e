"""Reports as programs write them: what became of which recipient, and of which mail of ours."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.report import Report, ReportedRecipient, read_report
from gateway.mail.trace import Trace, read_trace
from gateway.model import AutoKind
from tests.mails import multipart, part

OURS = "Message-ID: <cention.1@example.com>\nX-Cention-Errand: GW.example.com; errand=2256\nSubject: Re: hello\n"
STATUS = """Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; <ann@example.net>
Original-Recipient: rfc822;Ann@example.net
Action: Failed
Status: 5.1.1 (no such user)
Diagnostic-Code: smtp; 550 5.1.1 no
 such user

this line is no field

Final-Recipient: rfc822;bob@example.net
Action: delayed
Status: 4.4.1
"""
ANN = ReportedRecipient("Ann@example.net", "failed", "5.1.1", "550 5.1.1 no such user")
BOB = ReportedRecipient("bob@example.net", "delayed", "4.4.1")


def report(kind: str, *parts: str) -> Report | None:
    told = part("text/plain", "It did not work.")
    return read_report(multipart("report", told, *parts, more=f"; report-type={kind}").encode())


@pytest.mark.parametrize("returned", ["message/rfc822", "text/rfc822-headers", "message/global-headers"])
def test_a_delivery_status_names_recipients_and_the_mail_that_came_back(returned: str) -> None:
    read = report("delivery-status", part("message/delivery-status", STATUS), part(returned, f"{OURS}\nhello"))
    trace = Trace("gw.example.com", "2256")
    assert read == Report(AutoKind.BOUNCE, "mx.example.net", (ANN, BOB), "<cention.1@example.com>", trace)
    assert read.failed == (ANN,)


def test_a_receipt_names_what_was_read() -> None:
    said = "Reporting-UA: pc; Mail 1\nFinal-Recipient: rfc822; ann@example.net\nOriginal-Message-ID: <1@x>\n"
    said += "Disposition: automatic-action/MDN-sent-automatically; displayed\n"
    read = report("disposition-notification", part("message/disposition-notification", said))
    assert read == Report(AutoKind.RECEIPT, "Mail 1", (ReportedRecipient("ann@example.net", "displayed"),), "<1@x>")


def test_a_complaint_names_its_kind_and_the_mail() -> None:
    said = "Feedback-Type: abuse\nUser-Agent: Loop/1.0\nVersion: 1\nOriginal-Rcpt-To: <ann@example.net>\n"
    read = report("feedback-report", part("message/feedback-report", said), part("message/rfc822", f"{OURS}\nhi"))
    assert read is not None
    assert (read.kind, read.feedback, read.reporting) == (AutoKind.COMPLAINT, "abuse", "Loop/1.0")
    assert read.recipients == (ReportedRecipient("ann@example.net", "abuse"),)
    assert (read.message_id, read.trace) == ("<cention.1@example.com>", Trace("gw.example.com", "2256"))


# qmail and Exim write no part for programs, and return the mail among the words.
def test_a_bounce_in_words_is_read_as_well() -> None:
    said = (
        f"Hi. This is the program.\n\n<ann@example.net>:\n550 5.1.1 no such user\n\n--- Below this line\n\n{OURS}\nhi\n"
    )
    read = read_report(f"From: MAILER-DAEMON@mx.example.net\n\n{said}".encode())
    assert read is not None
    assert read.failed == (ReportedRecipient("ann@example.net", "failed", "5.1.1", "550 5.1.1 no such user"),)
    assert (read.message_id, read.trace) == ("<cention.1@example.com>", Trace("gw.example.com", "2256"))
    exim = read_report(f"X-Failed-Recipients: ann@example.net, bob@example.net\n\nSorry.\n{OURS}".encode())
    assert exim is not None
    assert [one.recipient for one in exim.failed] == ["ann@example.net", "bob@example.net"]


def test_a_status_in_base64_is_read() -> None:
    encoded = base64.encodebytes(STATUS.encode()).decode()
    read = report("delivery-status", part("message/delivery-status", encoded, "Content-Transfer-Encoding: base64"))
    assert read is not None
    assert read.recipients == (ANN, BOB)


@pytest.mark.parametrize(
    "raw", [b"", b"Subject: hello\n\nMessage-ID: <1@x>\n", b"From: ann@example.com\n\n<a@b>:\nno\n"]
)
def test_a_persons_mail_is_no_report(raw: bytes) -> None:
    assert read_report(raw) is None


@pytest.mark.parametrize("value", [b"", b"gw; errand=", b"errand=1", b"gw.example.com", b"a b; errand=1"])
def test_what_is_not_our_mark_is_not_taken_for_it(value: bytes) -> None:
    assert read_trace(value) is None


@given(st.binary(max_size=400), st.sampled_from(["delivery-status", "feedback-report", "disposition-notification"]))
def test_any_report_is_read(content: bytes, kind: str) -> None:
    raw = f"Content-Type: message/{kind}\n\n".encode() + content
    assert read_report(raw) is not None
    read_report(content)


# Each line is looked at once: with a search from each one to the end this would take minutes.
@pytest.mark.parametrize("line", ["x\n", " \n", "a b\n\n"])
def test_a_status_of_lines_that_are_no_fields_is_read_in_time(line: str) -> None:
    read = report("delivery-status", part("message/delivery-status", line * 100_000))
    assert read == Report(AutoKind.BOUNCE)
