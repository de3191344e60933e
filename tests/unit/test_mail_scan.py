"""The scanner: where parts begin and end, in mails as they are, and within bounds whatever comes."""

import pytest

from gateway.mail.manner import WITHIN
from gateway.mail.scan import Part, scan

HEAD = b"From: a@b\nContent-Type: multipart/mixed; boundary=%b\n\n"


def shape(raw: bytes) -> object:
    """The content of each leaf, nested as the parts are."""

    def of(part: Part) -> object:
        return [of(child) for child in part.parts] if part.parts else raw[part.body : part.end]

    return of(scan(raw).root)


def test_parts_are_between_the_delimiters() -> None:
    raw = HEAD % b"x" + b"preamble\n--x\nA: 1\n\none\n--x\n\ntwo\n--x--\nepilogue"
    assert shape(raw) == [b"one", b"two"]


# The line end before a delimiter belongs to it (RFC 2046 5.1.1), whichever line end it is.
def test_the_line_end_before_a_delimiter_is_not_content() -> None:
    raw = (HEAD % b"x" + b"--x\n\none\n\n--x\n\n two \n--x--").replace(b"\n", b"\r\n")
    assert shape(raw) == [b"one\r\n", b" two "]


def test_parts_nest() -> None:
    inner = b"Content-Type: multipart/alternative; boundary=y\n\n--y\n\na\n--y\n\nb\n--y--\n"
    assert shape(HEAD % b"x" + b"--x\n" + inner + b"--x\n\nc\n--x--\n") == [[b"a", b"b"], b"c"]


def test_a_boundary_that_begins_like_another_is_not_taken_for_it() -> None:
    inner = b"Content-Type: multipart/alternative; boundary=x_alt\n\n--x_alt\n\na\n--x_alt\n\nb\n--x_alt--\n"
    assert shape(HEAD % b"x" + b"--x\n" + inner + b"--x\n\nc\n--x--\n") == [[b"a", b"b"], b"c"]


def test_a_part_may_end_with_the_delimiter_of_what_is_around_it() -> None:
    inner = b"Content-Type: multipart/alternative; boundary=y\n\n--y\n\na\n"
    assert shape(HEAD % b"x" + b"--x\n" + inner + b"--x\n\nb\n--x--\n") == [[b"a"], b"b"]


# Some mailers use one boundary for two levels; the inner one then ends at the first closing delimiter.
def test_a_multipart_within_one_of_the_same_boundary_keeps_its_parts() -> None:
    inner = b"Content-Type: multipart/alternative; boundary=x\n\n--x\n\na\n--x\n\nb\n--x--\n"
    assert shape(HEAD % b"x" + b"--x\n" + inner + b"--x\n\nc\n--x--\n") == [[b"a", b"b"], b"c"]


def test_a_missing_end_is_the_end_of_the_mail() -> None:
    assert shape(HEAD % b"x" + b"--x\n\none\n--x\n\ntwo") == [b"one", b"two"]


def test_a_part_that_is_cut_off_in_its_header_is_there() -> None:
    raw = HEAD % b"x" + b"--x\n\none\n--x\nContent-Type: text/pl"
    assert shape(raw) == [b"one", b""]
    assert scan(raw).root.parts[1].content_type.value == "text/pl"


@pytest.mark.parametrize("end", [b"--x-->", b"--x-- \t", b"--x--\tmore"])
def test_a_closing_delimiter_with_something_behind_it_closes(end: bytes) -> None:
    assert shape(HEAD % b"x" + b"--x\n\none\n" + end + b"\nepilogue") == [b"one"]


def test_what_looks_like_a_delimiter_within_a_line_is_text() -> None:
    assert shape(HEAD % b"x" + b"--x\n\na --x\n--xy\n --x\n--x--\n") == [b"a --x\n--xy\n --x"]


@pytest.mark.parametrize(
    "field",
    [b"multipart/mixed", b"multipart/mixed; boundary=", b"multipart/mixed; boundary=other", b"multipart/mixed; x"],
)
def test_a_boundary_that_is_missing_or_wrong_is_guessed(field: bytes) -> None:
    raw = b"Content-Type: " + field + b"\n\n--x\nContent-Type: text/plain\n\none\n--x\n\ntwo\n--x--\n"
    assert shape(raw) == [b"one", b"two"]
    assert scan(raw).notes


def test_a_multipart_without_any_delimiter_is_one_part() -> None:
    assert shape(b"Content-Type: multipart/report;\n\ntext -- \n--\nAnn\n") == b"text -- \n--\nAnn\n"


def test_a_part_without_a_header_has_all_its_text() -> None:
    raw = HEAD % b"x" + b"--x\nno header here\n\nmore\n--x--\n"
    assert shape(raw) == [b"no header here\n\nmore"]


def test_parts_of_a_digest_are_mails_unless_they_say_otherwise() -> None:
    raw = b"Content-Type: multipart/digest; boundary=x\n\n--x\n\nFrom: a@b\n\n--x\nContent-Type: text/plain\n\nb\n--x--"
    assert [part.content_type.value for part in scan(raw).root.parts] == ["message/rfc822", "text/plain"]


def test_an_attached_mail_is_one_part_whatever_it_holds() -> None:
    attached = b"Content-Type: message/rfc822\n\n" + HEAD % b"y" + b"--y\n\na\n--y--"
    assert shape(HEAD % b"x" + b"--x\n" + attached + b"\n--x--") == [HEAD % b"y" + b"--y\n\na\n--y--"]


def test_a_boundary_may_be_quoted_and_hold_what_is_special_elsewhere() -> None:
    raw = b'Content-Type: multipart/mixed;\n\tboundary="-=?_(1):.*+ 2"\n\n---=?_(1):.*+ 2\n\none\n---=?_(1):.*+ 2--\n'
    assert shape(raw) == [b"one"]


@pytest.mark.parametrize(
    "beginning", [b"From a@b Mon Jan  1 00:00:00 2024\n", b"\n\n", b"\r\n", b"\xef\xbb\xbf", b">From x\n"]
)
def test_what_stands_before_the_header_is_skipped(beginning: bytes) -> None:
    root = scan(beginning + b"Subject: s\n\nbody").root
    assert root.header.raw("subject") == b"s"


def test_an_empty_mail_has_one_empty_part() -> None:
    assert shape(b"") == b""


def test_nesting_has_a_bound() -> None:
    structure = scan(b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(1000)))
    depth, part = 0, structure.root
    while part.parts:
        depth, part = depth + 1, part.parts[0]
    assert depth == WITHIN.depth
    assert not structure.complete


def test_the_number_of_parts_has_a_bound() -> None:
    structure = scan(HEAD % b"x" + b"--x\n\n" * 300_000)
    assert len(structure.root.parts) == WITHIN.parts
    assert not structure.complete


# Each level of the same boundary looks at the same delimiters again: it is depth that bounds the work.
def test_the_same_boundary_at_every_level_has_a_bound() -> None:
    assert not scan(HEAD % b"x" + b"--x\nContent-Type: multipart/mixed; boundary=x\n\n" * 100_000).complete


@pytest.mark.parametrize("body", [b"-" * 5_000_000, b"--x" * 2_000_000, b"--xy\n" * 1_000_000])
def test_false_delimiters_have_a_bound(body: bytes) -> None:
    boundary = b"-" if body.startswith(b"---") else b"x"
    assert not scan(HEAD % boundary + body).complete


def test_a_field_has_a_bound() -> None:
    structure = scan(b"Subject: " + b"x" * 1_000_000 + b"\n\nbody")
    assert not structure.complete
    assert len(structure.root.header.raw("subject")) < 300_000


def test_a_header_has_a_bound() -> None:
    structure = scan(b"X: y\n" * 1_000_000 + b"\nbody")
    assert not structure.complete
    assert len(structure.root.header.fields) <= 2_000
