"""Searches as people type them: what is understood, what is said of it, how it goes on."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.spool.tokens import tokens
from gateway.spool.wanted import KEYS, Around, Search, Term, complete, parse

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
AROUND = Around(NOW.timestamp(), names={"route": ["support", "sales desk"]})


def read(text: str) -> Search:
    return parse(text, AROUND)


def at(*when: int) -> float:
    return datetime(*when, tzinfo=UTC).timestamp()  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("parcel", Term("", "parcel")),
        ('"late parcel"', Term("", "late parcel")),
        ("-parcel", Term("", "parcel", negated=True)),
        ("from:ann@example.com", Term("from", "ann@example.com")),
        ('subject:"late parcel"', Term("subject", "late parcel")),
        ('subject:"late parcel', Term("subject", "late parcel")),
        ("-state:done", Term("state", "done", negated=True)),
        ("STATE:Parked,held", Term("state", "parked,held")),
        ("errand:#2256", Term("errand", "2256")),
        ("after:2d", Term("after", at(2026, 11, 22, 12))),
        ("before:2026-11-20", Term("before", at(2026, 11, 20))),
        ("before:2026-11-20T10:30", Term("before", at(2026, 11, 20, 10, 30))),
        ("after:10:30", Term("after", at(2026, 11, 24, 10, 30))),
        ("larger:2MB", Term("larger", 2_000_000)),
        ("larger:1.5k", Term("larger", 1500)),
        ("larger:999999999GB", Term("larger", 999_999_999_000_000_000)),
        ("smaller:500", Term("smaller", 500)),
        ("has:attachment", Term("has", "attachment")),
        ("kind:bounce", Term("kind", "bounce")),
        ("message-id:<a@b>", Term("message-id", "<a@b>")),
        ("https://example.com/a", Term("", "https://example.com/a")),
    ],
)
def test_a_word_means_what_it_says(text: str, term: Term) -> None:
    assert read(text) == Search((term,))


# What is not understood narrows nothing and hides nothing: it is said, with what may have been meant.
@pytest.mark.parametrize(
    ("text", "why", "meant"),
    [
        ("stat:parked", "there is no stat:", "state:parked"),
        ("state:prked", "state: is one of queued", "state:parked"),
        ("state:", "wants a value", ""),
        ("after:tomorrow", "after: is a day", ""),
        ("after:99999999999999d", "after: is a day", ""),
        ("after:999999d", "after 1970", ""),
        ("before:0001-01-01", "after 1970", ""),
        ("larger:" + "9" * 400, "larger: is a size", ""),
        ("larger:big", "larger: is a size", ""),
        ("---", "no letter and no digit", ""),
        ('from:"!"', "no letter and no digit", ""),
    ],
)
def test_what_is_not_understood_is_explained(text: str, why: str, meant: str) -> None:
    (trouble,) = read(text).troubles
    assert why in trouble.why
    assert trouble.meant == meant
    assert read(text).terms == ()


def test_a_date_is_in_the_zone_of_who_asks() -> None:
    there = Around(NOW.timestamp(), timezone(timedelta(hours=2)))
    assert parse("before:2026-11-20", there).terms == (Term("before", at(2026, 11, 19, 22)),)


def test_a_search_says_in_words_what_it_looks_for() -> None:
    said = str(read('from:ann -state:done larger:5MB route:"sales desk" parcel'))
    assert said == (
        'mails and answers from "ann", not that are done, of at least 5 MB, in route "sales desk", with "parcel"; '
        "newest first"
    )
    assert str(read("")) == "all mails and answers, newest first"


@pytest.mark.parametrize(
    ("begun", "ends"),
    [
        ("st", ["state:"]),
        ("parcel st", ["parcel state:"]),
        ("-st", ["-state:"]),
        ("state:pa", ["state:parked"]),
        ("route:s", ["route:support", 'route:"sales desk"']),
        ("has:", ["has:attachment"]),
        ("", []),
        ("nothing:", []),
    ],
)
def test_a_search_completes_itself(begun: str, ends: list[str]) -> None:
    assert complete(begun, AROUND) == ends


@given(st.text(max_size=200))
def test_any_text_is_a_search(text: str) -> None:
    found = read(text)
    str(found)
    complete(text, AROUND)
    assert all(term.key in {"", *KEYS} for term in found.terms)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Élan VITAL", ["elan", "vital"]),
        ("Straße", ["strasse"]),
        ("bob.smith@example.com", ["bob", "smith", "example", "com"]),
        ("注文の件", ["注", "文", "の", "件"]),
        ("주문 확인", ["주", "문", "확", "인"]),
        ("ΣΊΣΥΦΟΣ", ["σισυφοσ"]),
        ("ﬁle ①", ["file", "1"]),
        ("a_b-c", ["a", "b", "c"]),
    ],
)
def test_words_are_found_without_case_accents_and_signs(text: str, words: list[str]) -> None:
    assert tokens(text) == words
