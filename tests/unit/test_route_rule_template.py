"""Templates, patterns and the lines of a form: what each takes, and that nothing of a mail can break one."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model import Errand
from gateway.route.facts import Facts
from gateway.route.lines import LINES, fields
from gateway.route.pattern import LONGEST_GROUP, pattern
from gateway.route.template import LONGEST, template

ERRAND = Errand("<1@x>", "Ann Lee", "Ann@Example.com", " Hello ", "text", "")
FACTS = Facts(
    errand=ERRAND,
    envelope_sender="bounce@example.com",
    recipients=("a@b.example", "c@d.example"),
    headers={"x-case": ("A-17", "B-18")},
    fields={"Case  number": "17", "empty": ""},
)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("plain", "plain"),
        ("[{case}] {subject}!", "[x7] Hello!"),
        ("{name} <{from|lower}>", "Ann Lee <ann@example.com>"),
        ("{header:X-Case} {header: x-case |digits}", "A-17 17"),
        ("{field:case number}{field:Case Number|default:none}", "1717"),
        ("{field:empty|default:not said}, {header:None|default:}", "not said, "),
        ("{case|upper|digits}", "7"),
        (
            "{domain} {recipient} {envelope_sender} {message_id} {body}",
            "Example.com a@b.example bounce@example.com <1@x> text",
        ),
        ("{{case}} {{{case}}}", "{case} {x7}"),
        ("", ""),
    ],
)
def test_a_template_is_filled(source: str, text: str) -> None:
    assert template(source, {"case"}).fill(FACTS, {"case": "x7"}) == text


# What a mail says is text, also where it looks like a template.
def test_what_is_filled_in_is_not_read_again() -> None:
    assert template("{subject}", ()).fill(Facts(replace(ERRAND, subject="{body}")), {}) == "{body}"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{}", "unknown name {}; there is {case}, {subject}, "),
        ("{cas}", "unknown name {cas}; there is {case}, {subject}, "),
        ("{header:}", "unknown name {header:}"),
        ("{env:HOME}", "unknown name {env:HOME}"),
        ("{case.__class__}", "unknown name {case.__class__}"),
        ("{case|eval}", "unknown filter in {case|eval}: 'eval'; there is lower, upper, digits, default:TEXT"),
        ("a } b", '"}" stands alone'),
        ("a { b", '"{" stands alone'),
    ],
)
def test_what_is_no_template_is_a_mistake_that_says_what_there_is(source: str, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        template(source, {"case"})
    assert str(caught.value).startswith(said)


@given(st.text(alphabet="{}|:ab header", max_size=40), st.text(max_size=40))
def test_a_template_of_any_text_is_a_mistake_or_fills(source: str, said: str) -> None:
    try:
        read = template(source, {"a"})
    except ValueError:
        return
    assert isinstance(read.fill(FACTS, {"a": said}), str)


def test_a_template_comes_to_a_bounded_text() -> None:
    assert len(template("{a}" * 100, {"a"}).fill(FACTS, {"a": "x" * 1_000})) == LONGEST


@pytest.mark.parametrize(
    ("source", "text", "groups"),
    [
        ("*@example.com", "A@EXAMPLE.com", {}),
        ("*@example.com", "a@examplexcom", None),
        ("a?c", "abc", {}),
        ("[x]", "x", None),
        ("*", "", {}),
        ("/b+/", "abbc", {}),
        ("/^case (?P<n>[0-9]+)$/", "hello\nCase 17\n", {"n": "17"}),
        ("/(?P<a>x)|(?P<b>y)/", "y", {"a": "", "b": "y"}),
        ("/(?-i:Case)/", "case", None),
        ("*ÅSA*", "hej åsa!", {}),
    ],
)
def test_a_pattern_is_a_glob_over_all_or_an_expression_found_anywhere(
    source: str, text: str, groups: dict[str, str] | None
) -> None:
    assert pattern(source).find(text) == groups


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("/(a/", "missing )"),
        ("/a", "between slashes"),
        ("/", "between slashes"),
        (r"/(a)\1/", "invalid escape sequence"),
        ("/a(?=b)/", "invalid perl operator"),
        ("/a{2000}/", "invalid repetition size"),
        ("x" * 10_001, "at most 10000 characters"),
    ],
)
def test_what_is_no_pattern_is_a_mistake_with_the_reason(source: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace(")", r"\)")):
        pattern(source)


def test_a_named_group_is_kept_to_a_bounded_length() -> None:
    found = pattern("/(?P<all>.*)/").find("x" * 10_000)
    assert found is not None
    assert len(found["all"]) == LONGEST_GROUP


@given(st.text(alphabet="/()[]{}*+?|\\<>P=abc^$.0 ", max_size=30), st.text(max_size=30))
def test_a_pattern_of_any_text_is_a_mistake_or_looks(source: str, text: str) -> None:
    try:
        read = pattern(source)
    except ValueError:
        return
    found = read.find(text)
    assert found is None or set(found) == set(read.groups)


def test_the_lines_of_a_form_are_read() -> None:
    text = (
        "Hello,\n"
        "Name: Anna\n"
        "  Case number:   17  \n"
        "> * Phone:\t08-123\n"
        "Seen at: 10:30\n"
        "http://example.com/a: no\n"
        "Message:\nfirst\nsecond: a field again\n\nnot of it\n"
        "name: a second one\nlast\n"
    )
    assert fields(text) == {
        "Name": "Anna",
        "Case number": "17",
        "Phone": "08-123",
        "Seen at": "10:30",
        "Message": "first",
        "second": "a field again",
    }


# The writer of a form mail's message must not be able to say what the form says.
def test_the_first_of_two_lines_with_one_name_counts() -> None:
    assert fields("Case: 1\nMessage:\nhello\nCASE: 2\nmore\n") == {"Case": "1", "Message": "hello"}


def test_lines_are_read_within_bounds() -> None:
    many = "".join(f"n{number}: x\n" for number in range(1_000))
    assert len(fields(many)) == LINES
    assert len(fields("Message:\n" + "x" * 60_000)["Message"]) <= 4_000


@given(st.text(max_size=300))
def test_any_text_has_lines_or_none(text: str) -> None:
    assert all(isinstance(value, str) for value in fields(text).values())
