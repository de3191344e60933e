"""Markup older than HTML is text to read, without its commands."""

import pytest

from gateway.mail.enriched import enriched_text, rich_text
from tests.mails import part, read


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<bold>Now</bold> is\nthe time", "Now is the time"),
        ("one\n\ntwo\n\n\nthree", "one\ntwo\n\nthree"),
        ("a << b", "a < b"),
        ("<color><param>red</param>blood</color> is red", "blood is red"),
        ("<nofill>as\nit\nis</nofill>", "as\nit\nis"),
        ("said:<excerpt>one\n\ntwo</excerpt>three", "said:\n> one\n> two\nthree"),
        ("</bold></param></nofill>text", "text"),
        ("1 < 2 and <unclosed", "1 < 2 and <unclosed"),
    ],
)
def test_enriched_text_loses_its_commands(source: str, text: str) -> None:
    assert enriched_text(source) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<bold>Now</bold> is\nthe <nl>time", "Now is the\ntime"),
        ("a <lt> b", "a < b"),
        ("<paragraph>one</paragraph>two<comment>not this</comment>", "one\n\ntwo"),
    ],
)
def test_rich_text_loses_its_commands(source: str, text: str) -> None:
    assert rich_text(source) == text


@pytest.mark.parametrize("kind", ["enriched", "richtext"])
def test_a_mail_in_it_is_read_and_has_no_html(kind: str) -> None:
    mail = read(part(f"text/{kind}", "<bold>Hello</bold> you"))
    assert (mail.body, mail.html_body) == ("Hello you", "")
