"""Which errand a mail names, and what its own errand is told of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.flow.automatic import Handling, Signs, alike, fitted
from gateway.flow.thread import named, told
from gateway.model import AutoKind, Closing, Errand, Thread

BLOCK = "--------- Cention Contact Center - Original message ---------\nErrand: #2256-1\nFrom: Ann"
THREAD = Thread("2256", ("2200", "2256"), "references")
ERRAND = Errand("<1@x>", "Ann", "a@b.example", "Re: hello", "hi", "")
BELONGS = {"in_reply_to_errand": "2256", "errand_history": ["2200", "2256"]}


@pytest.mark.parametrize(
    ("recipient", "subject", "body", "mark", "expected"),
    [
        ("support+e1@example.com", "Re: [#2] x", BLOCK, "", ("1", "address")),
        ("support@example.com", "Re: [#2-1] x", BLOCK, "", ("2", "subject")),
        ("support@example.com", "Re: hello", BLOCK, "", ("2256", "quotation")),
        ("support@example.com", "Re: Case 12/3 [#4]", "", "Case {errand}/3", ("12", "subject")),
        ("support@example.com", "Re: [#4]", "", "Case {errand}", ("4", "subject")),
        ("support@example.com", "Re: #2 and (#3)", "Errand: #4", "", ("", "")),
    ],
)
def test_address_goes_before_subject_and_that_before_what_is_quoted(
    recipient: str, subject: str, body: str, mark: str, expected: tuple[str, str]
) -> None:
    assert named((recipient,), subject, body, mark) == expected


@given(st.text(), st.text(), st.sampled_from(["", "[#{errand}]", "({errand}"]))
def test_any_subject_and_text_is_read(subject: str, body: str, mark: str) -> None:
    errand, where = named((), subject, body, mark)
    assert where in {"", "subject", "quotation"}
    assert errand in (subject if where == "subject" else body)
    assert errand.isdecimal() == bool(where)


@pytest.mark.parametrize(
    ("before", "after"), [(None, BELONGS), ({"shop": 1}, BELONGS | {"shop": 1}), ("text", "text"), ([1], [1])]
)
def test_the_extra_data_tells_the_thread_beside_what_is_there(before: object, after: object) -> None:
    errand = Errand("<1@x>", "Ann", "a@b.example", "Re: hello", "hi", "", extradata=before)
    assert told(errand, THREAD, "").extradata == after


def signs(kind: AutoKind) -> Signs:
    return Signs(kind, "why", None, "", "", 0, None)


@pytest.mark.parametrize(
    ("kind", "thread", "closed"),
    [
        (AutoKind.REPLY, THREAD, True),
        (AutoKind.REPLY, None, False),
        (AutoKind.LIST, None, True),
        (AutoKind.PERSON, THREAD, False),
    ],
)
def test_an_errand_is_closed_by_its_kind_and_where_it_belongs(
    kind: AutoKind, thread: Thread | None, *, closed: bool
) -> None:
    how = Handling(closed=frozenset({AutoKind.LIST}), attached=frozenset({AutoKind.REPLY}))
    assert (fitted(ERRAND, signs(kind), thread, how).closing is not None) is closed


def test_an_answer_that_a_rule_has_set_stays() -> None:
    errand = Errand("<1@x>", "Ann", "a@b.example", "hello", "hi", "", closing=Closing(body="by rule"))
    closing = fitted(errand, signs(AutoKind.LIST), None, Handling(closed=frozenset({AutoKind.LIST}))).closing
    assert closing == Closing(body="by rule")


def test_mails_are_alike_however_often_they_are_answered() -> None:
    number = alike("a@b.example", "Thank you")
    assert number == alike("A@b.example", "Re: AW: Re[2]: thank you")
    assert number != alike("a@b.example", "Thank you too")
    assert -(2**63) <= number < 2**63
