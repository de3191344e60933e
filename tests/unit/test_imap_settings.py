"""`[[imap]]` as people write it, and what is said to them when it cannot be so."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.config.imap import Imap

LEAST = {"name": "box", "host": "imap.example.com", "user": "u", "oauth": "m365", "route": "support"}


def imap(**settings: Any) -> Imap:
    return Imap.model_validate(LEAST | settings)


def refusal(**settings: Any) -> str:
    with pytest.raises(ValidationError) as found:
        imap(**settings)
    return str(found.value)


@pytest.mark.parametrize(("security", "port"), [("tls", 993), ("starttls", 143)])
def test_the_port_is_what_belongs_to_the_security(security: str, port: int) -> None:
    assert imap(security=security).address == ("imap.example.com", port)


def test_a_first_start_may_begin_at_a_day() -> None:
    assert imap(since="2024-05-31").since == imap(since=date(2024, 5, 31)).since == date(2024, 5, 31)


# RFC 2177 says 29 minutes; what stands between us and the server often forgets a connection after five.
def test_no_wait_for_news_is_longer_than_five_minutes() -> None:
    assert imap(interval="1 h").pause < 300


@pytest.mark.parametrize("after", ["flag", "keyword:", "keyword:a b", "keyword:(x)", "move:", ""])
def test_what_comes_after_is_one_of_a_few_things(after: str) -> None:
    assert "after" in refusal(after=after)


# It would be fetched again from there, for ever.
def test_mail_is_not_moved_into_a_folder_that_is_fetched_from() -> None:
    assert "among the folders" in refusal(after="move:INBOX")


def test_a_folder_is_named_once() -> None:
    assert "twice" in refusal(folders=["A", "A"])


# RFC 3501 5.1: INBOX is one folder, however it is written.
def test_the_inbox_is_one_folder_in_all_its_spellings() -> None:
    assert "among the folders" in refusal(after="move:Inbox")
    assert "twice" in refusal(folders=["INBOX", "inbox"])
    assert imap(folders=["A", "a"]).folders == ["A", "a"]
