"""Who wrote a mail, by what it says of itself; and what our own border server said of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.authentication import results
from gateway.mail.automatic import automatic
from gateway.mail.header import Header, read_header
from gateway.model import AutoKind


def header(text: str) -> Header:
    raw = text.encode() + b"\n\n"
    return read_header(raw, 0, len(raw))[0]


REPORT = "Content-Type: multipart/report; boundary=b; report-type="


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("From: ann@example.com\nSubject: Automatic reply", AutoKind.PERSON),
        ("Auto-Submitted: no", AutoKind.PERSON),
        ("Precedence: first-class", AutoKind.PERSON),
        ("X-Auto-Response-Suppress: none", AutoKind.PERSON),
        ("Content-Type: multipart/report; boundary=b", AutoKind.PERSON),
        ("Auto-Submitted: auto-replied", AutoKind.REPLY),
        ("Auto-Submitted: auto-replied (vacation)\nList-Id: <x.example>", AutoKind.REPLY),
        ('Auto-Submitted: Auto-Replied; owner-email="a@b"', AutoKind.REPLY),
        ("X-Autoreply: yes", AutoKind.REPLY),
        ("Precedence: auto_reply", AutoKind.REPLY),
        ("Auto-Submitted: auto-generated", AutoKind.NOTIFICATION),
        ("Auto-Submitted: auto-notified", AutoKind.NOTIFICATION),
        ("Auto-Submitted: auto-something-new", AutoKind.NOTIFICATION),
        ("X-Auto-Response-Suppress: DR, OOF, AutoReply", AutoKind.NOTIFICATION),
        ("List-Id: Friends <friends.example.com>", AutoKind.LIST),
        ("List-Unsubscribe: <mailto:x@example.com>", AutoKind.LIST),
        ("Precedence: bulk", AutoKind.LIST),
        (REPORT + "delivery-status", AutoKind.BOUNCE),
        (REPORT + '"Delivery-Status"\nAuto-Submitted: auto-replied', AutoKind.BOUNCE),
        ("Content-Type: message/delivery-status", AutoKind.BOUNCE),
        ("X-Failed-Recipients: ann@example.com", AutoKind.BOUNCE),
        ("From: Mail Delivery System <MAILER-DAEMON@mx.example.com>", AutoKind.BOUNCE),
        (REPORT + "disposition-notification", AutoKind.RECEIPT),
        (REPORT + "feedback-report", AutoKind.COMPLAINT),
    ],
)
def test_a_mail_says_who_wrote_it(text: str, kind: AutoKind) -> None:
    assert automatic(header(text), "ann@example.com") is kind


@pytest.mark.parametrize(
    ("text", "path", "kind"),
    [
        ("From: ann@example.com", "", AutoKind.NOTIFICATION),
        ("From: postmaster@example.com", "", AutoKind.BOUNCE),
        ("From: postmaster@example.com", "postmaster@example.com", AutoKind.PERSON),
        ("Return-Path: <>\nFrom: ann@example.com", None, AutoKind.NOTIFICATION),
        ("Return-Path: <ann@example.com>\nFrom: ann@example.com", None, AutoKind.PERSON),
        # The envelope is what came, Return-Path what anyone may have written.
        ("Return-Path: <>\nFrom: ann@example.com", "ann@example.com", AutoKind.PERSON),
    ],
)
def test_what_is_returned_to_nobody_was_not_written_by_a_person(text: str, path: str | None, kind: AutoKind) -> None:
    assert automatic(header(text), path) is kind


RESULTS = """Authentication-Results: mx.example.com 1; spf=softfail smtp.mailfrom=a.example;
 dkim=fail (bad; signature (really)) header.d=b.example; dkim=pass header.d=a.example;
 DMARC/1 = Pass reason="; arc=pass" ; auth=none
Authentication-Results: mx.example.com; none
Authentication-Results: other.example.net; iprev=pass
Authentication-Results: mx.example.com; bimi=skipped; spf=pass"""


def test_results_are_those_that_our_own_server_wrote() -> None:
    expected = {"spf": "pass", "dkim": "pass", "dmarc": "pass", "auth": "none", "bimi": "skipped"}
    assert results(header(RESULTS), "MX.example.com") == expected


def test_no_results_are_believed_where_no_server_is_named() -> None:
    assert results(header(RESULTS), "") == {}
    assert results(header("Authentication-Results: ; spf=pass"), "") == {}
    assert results(header("Subject: x"), "mx.example.com") == {}


@given(st.text(alphabet='mx.example.com;=()"\\ \tspf/1pass', max_size=80))
def test_any_text_has_results_or_none(text: str) -> None:
    found = results(header(f"Authentication-Results: mx.example.com;{text}"), "mx.example.com")
    assert all(method and result for method, result in found.items())


def test_a_long_header_takes_a_bounded_time() -> None:
    deep = "Authentication-Results: mx.example.com; " + '("\\' * 20_000
    assert results(header(deep), "mx.example.com") == {}
