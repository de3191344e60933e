"""Conditions of rules: each looks at what it says, and says why it holds or does not."""

import pytest

from tests.rulings import MAIL, WITH_FILES, matched, outcome

JUDGED = b"""Authentication-Results: mx.example.com; dkim=pass; spf=softfail
Authentication-Results: evil.example.net; dmarc=pass
From: a@b.example
Subject: x

x
"""


def holds(when: str, mail: bytes = MAIL, **arrived: object) -> bool:
    return matched(f'[[rule]]\nname = "one"\nwhen = {{ {when} }}', mail, **arrived) == ["one"]


@pytest.mark.parametrize(
    "when",
    [
        'sender = "form@www.example.com"',
        'sender = "FORM@*"',
        'sender = ["nobody@example.com", "form@*"]',
        'sender = "/^form@/"',
        'domain = "*.example.com"',
        'recipient = "support@*"',
        'subject = "case*"',
        'subject = "/case [0-9]+/"',
        'subject = "Case ???? from*"',
        'header = { "X-Case" = "b-*" }',
        'header = { x-case = "A-17", SUBJECT = "*web" }',
        'body = "/^It broke/"',
        'body = "*it broke*"',
        'field = { "customer  no" = "00-*" }',
        'size = { over = 100, under = "1 kB" }',
        'automatic = "person"',
        'automatic = ["bounce", "person"]',
        'envelope_sender = ""',
        "",
        'not = { sender = "boss@*", subject = "/urgent/" }',
        'subject = "case*", not = { header = { X-Spam = "*" } }',
    ],
)
def test_a_condition_holds_of_a_mail_that_is_so(when: str) -> None:
    assert holds(when)


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ('sender = "form"', 'sender "form@www.example.com" does not fit "form"'),
        ('sender = "form@www.example.com", subject = "x"', 'subject "Case 4711 from the web" does not fit "x"'),
        ('domain = "example.com"', 'domain "www.example.com" does not fit "example.com"'),
        ('recipient = ["sales@*", "/^x/"]', 'recipient "support@example.com" does not fit "sales@*" or /^x/'),
        ('header = { X-Other = "*" }', 'header.X-Other is not there and does not fit "*"'),
        ('field = { Name = "Bo*" }', 'field.Name does not fit "Bo*"'),
        ('body = "broke"', 'body does not fit "broke"'),
        ("attachment = {}", "there is no attachment"),
        ('automatic = "bounce"', 'automatic "person" does not fit "bounce"'),
        ('envelope_sender = "?*"', 'envelope_sender "" does not fit "?*"'),
        ('not = { subject = "x", sender = "form@*" }', 'not: sender "form@www.example.com" fits "form@*"'),
    ],
)
def test_a_rule_that_does_not_match_says_which_condition_failed(when: str, why: str) -> None:
    (trial,) = outcome(f'[[rule]]\nname = "one"\nwhen = {{ {when} }}').trials
    assert (trial.matched, trial.why, trial.did) == (False, (why,), ())


def test_a_rule_that_matches_says_why_of_each_condition() -> None:
    found = outcome('[[rule]]\nname = "one"\nwhen = { sender = "form@*", subject = "/case (?P<number>[0-9]+)/" }')
    assert found.matched[0].why == (
        'sender "form@www.example.com" fits "form@*"',
        'subject "Case 4711 from the web" fits /case (?P<number>[0-9]+)/',
    )


# What the mail says at length must not end up in a trace.
def test_the_text_of_a_mail_is_in_no_reason() -> None:
    found = outcome('[[rule]]\nname = "one"\nwhen = { body = "*broke*", field = { Name = "Anna*" } }')
    assert found.matched[0].why == ('body fits "*broke*"', 'field.Name fits "Anna*"')


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("attachment = {}", True),
        ('attachment = { name = "*.pdf" }', True),
        ('attachment = { type = "image/*" }', True),
        ('attachment = { name = "*.pdf", type = "image/*" }', False),
        ('attachment = [{ name = "*.doc" }, { type = "image/*" }]', True),
        ('attachment = { type = "image/*", over = "5 B" }', False),
        ('attachment = { over = "9 B", under = "11 B" }', True),
    ],
)
def test_one_file_must_be_all_that_is_asked_of_it(when: str, *, expected: bool) -> None:
    assert holds(when, WITH_FILES) is expected


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ('dkim = "pass"', True),
        ('dkim = "pass", spf = ["fail", "softfail"]', True),
        ('dmarc = "pass"', False),
        ('dmarc = "none"', True),
    ],
)
def test_results_of_authentication_are_those_of_our_own_server(when: str, *, expected: bool) -> None:
    assert holds(f"authentication = {{ {when} }}", JUDGED) is expected


def test_the_null_reverse_path_is_known_from_any_other() -> None:
    assert holds('envelope_sender = ""', reverse_path="")
    assert not holds('envelope_sender = ""', reverse_path="a@b.example")
    assert holds('automatic = "notification"', reverse_path="")


# The bound is on what rules look at; the mail itself is longer.
def test_only_the_beginning_of_a_long_text_is_looked_at() -> None:
    head = b"From: a@b.example\n\n"
    assert holds('body = "/needle/"', head + b"x" * 65_000 + b" needle\n")
    assert not holds('body = "/needle/"', head + b"x" * 66_000 + b" needle\n")


# In a backtracking engine this pattern takes years on this text.
@pytest.mark.timeout(10)
def test_a_pattern_takes_linear_time() -> None:
    assert not holds('body = "/^(a+)+$/"', b"From: a@b.example\n\n" + b"a" * 50_000 + b"!\n")
