"""Headers: which lines are fields, and what a field says as text."""

import pytest

from gateway.mail.header import header_start, read_header, to_text


def fields(raw: bytes) -> list[tuple[str, bytes]]:
    return list(read_header(raw, header_start(raw), len(raw))[0].fields)


def body(raw: bytes) -> bytes:
    return raw[read_header(raw, header_start(raw), len(raw))[1] :]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_fields_are_unfolded_and_the_body_follows_the_empty_line(line_end: bytes) -> None:
    raw = b"A: 1\nB:  2\n  and\n\t3  \nC:\n\nbody\n".replace(b"\n", line_end)
    assert fields(raw) == [("a", b"1"), ("b", b"2  and\t3"), ("c", b"")]
    assert body(raw) == b"body" + line_end


def test_a_first_line_that_is_no_field_begins_the_body() -> None:
    assert fields(b"Hello there\nA: 1\n") == []
    assert body(b"Hello there\nA: 1\n") == b"Hello there\nA: 1\n"


# Mailers that forget the empty line put the body right behind the header.
def test_a_line_that_is_no_field_ends_the_header() -> None:
    assert body(b"A: 1\nThis is text: really\n\nmore") == b"This is text: really\n\nmore"


def test_a_line_that_is_no_field_is_skipped_where_the_header_goes_on_behind_it() -> None:
    raw = b"A: 1\njunk\nSubject: x\n\nbody"
    assert fields(raw) == [("a", b"1"), ("subject", b"x")]
    assert body(raw) == b"body"


def test_parameters_on_a_line_that_was_not_indented_belong_to_the_field_before() -> None:
    assert fields(b"Content-Type: a/b; x=1;\nname=y\n\n") == [("content-type", b"a/b; x=1; name=y")]


def test_a_first_field_that_was_indented_is_a_field() -> None:
    assert fields(b" From: a@b\nTo: c\n\n") == [("from", b"a@b"), ("to", b"c")]


def test_a_web_address_is_not_a_field() -> None:
    assert body(b"https://example.com/\n\nmore") == b"https://example.com/\n\nmore"


def test_space_before_the_colon_is_allowed() -> None:
    assert fields(b"Subject : x\n\n") == [("subject", b"x")]
    assert fields(b"From : a@b\n\n") == [("from", b"a@b")]


def test_of_a_field_that_is_there_twice_the_first_that_says_something_counts() -> None:
    header, _ = read_header(b"A:\nA: 1\nA: 2\n\n", 0, 14)
    assert header.raw("a") == b"1"


# Programs that make CRLF of the LF in every CRLF.
def test_doubled_cr_is_part_of_the_line_end() -> None:
    raw = b"A: 1\r\r\nB: 2\r\r\n\r\r\nbody\r\r\n"
    assert fields(raw) == [("a", b"1"), ("b", b"2")]
    assert body(raw) == b"body\r\r\n"


# The standard library reads two headers here.
def test_a_bare_cr_does_not_make_a_second_field() -> None:
    assert fields(b"Subject: a\rBcc: b\n\n") == [("subject", b"a\rBcc: b")]
    assert to_text(b"a\rBcc: b") == "a Bcc: b"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"plain  words", "plain  words"),
        (b"=?US-ASCII?Q?Test_QP_Subject=21?=", "Test QP Subject!"),
        (b"=?utf-8?B?w6XDpMO2?=", "åäö"),
        (b"a =?utf-8?q?=c2=a2?= b", "a ¢ b"),
        # space between words is no text, space beside them is
        (b"=?utf-8?q?a?= \t =?utf-8?q?b?= c", "ab c"),
        (b"=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
        (b"=?utf-8?q?a_?= =?iso-8859-1?q?=E9?=", "a é"),
        # cut inside a character
        (b"=?utf-8?q?=E2=82?= =?utf-8?q?=AC_1?=", "€ 1"),
        (b"=?utf-8?b?4oI=?= =?utf-8?b?rA==?=", "€"),
        # cut inside the base64
        (b"=?utf-8?b?4o?= =?utf-8?b?Ks?=", "€"),
        (b"=?utf-8?B?4oKs=?=", "€"),
        # another encoding in the middle of a character
        (b"=?utf-8?q?=E2=82?= =?utf-8?b?rA==?=", "€"),
        # with a language, with spaces, with a question mark, touching text
        (b"=?utf-8*en?q?a?=", "a"),
        (b"=?utf-8?q?two words?=", "two words"),
        (b"=?utf-8?Q?What??=", "What?"),
        (b"x=?utf-8?q?y?=z", "xyz"),
        (b'"=?utf-8?q?quoted?="', '"quoted"'),
        (b"=?utf-8? Q?a?=", "a"),
        # not words
        (b"a =? b ?= c", "a =? b ?= c"),
        (b"=?a?q?x =?utf-8?q?y?=", "=?a?q?x y"),
        (b"=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        # words whose end is missing, as in a header that was cut
        (b"=?utf-8?q?open=C3=A5", "openå"),
        (b"Re: =?utf-8?B?w6XDpMO2?", "Re: åäö"),
        (b"=?utf-8?q?=C3=A5 =?utf-8?q?=C3=A4?=", "åä"),
        # quotes and nothing where the character set should be
        (b'=?"utf-8"?Q?=C3=A5?=', "å"),
        (b"=??Q?abc?=", "abc"),
        # character sets
        (b"=?gb2312?B?xOO6ww==?=", "你好"),
        (b"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"),
        # each word begins in ASCII (RFC 2047 3), unless it was cut inside the Japanese
        (b"=?iso-2022-jp?B?GyRCRnxLXA==?= =?iso-2022-jp?B?YWJj?=", "日本abc"),
        (b"=?iso-2022-jp?B?GyRCRnw=?= =?iso-2022-jp?B?S1wbKEI=?=", "日本"),
        (b"=?gb2312?Q?=C4=E3=BA?= =?gb2312?Q?=C3?=", "你好"),
        (b"=?utf-7?Q?+AOU-?=", "å"),
        (b"=?UTF-8?B?77u/aGk=?=", "hi"),
        (b"\x1b$BF|K\\\x1b(B x", "日本 x"),
        (b"=?ks_c_5601-1987?B?vsiz5w==?=", "안녕"),
        (b"=?iso-8859-1?Q?=93x=94?=", "“x”"),
        (b"=?no-such-charset?Q?=C3=A5?=", "å"),
        ("åäö".encode(), "åäö"),
        ("åäö".encode("latin-1"), "åäö"),
        ("å =?utf-8?q?=C3=A4?= ö".encode(), "å ä ö"),
    ],
)
def test_a_value_is_read_as_its_sender_meant_it(value: bytes, text: str) -> None:
    assert to_text(value) == text


def test_raw_8_bit_that_is_not_utf_8_is_in_the_character_set_of_the_mail() -> None:
    assert to_text("Привет".encode("koi8-r"), "koi8-r") == "Привет"


# An encoded word may hold anything; what comes out is one line of a header again.
@pytest.mark.parametrize(
    "value", [b"=?utf-8?q?a=0D=0ABcc:_b?=", b"=?utf-8?q?a=00=0Ab?=", b"=?utf-8?b?YQ0KYg==?=", b"a\0\x7fb"]
)
def test_a_value_has_no_controls(value: bytes) -> None:
    text = to_text(value)
    assert text.startswith("a ")
    assert text.isprintable()


def test_a_value_has_no_lone_surrogates() -> None:
    assert to_text(b"=?utf-7?q?+2D0-?=") == "\ufffd"


def test_many_encoded_words_take_no_time() -> None:
    assert to_text(b"=?utf-8?q?a?= " * 100_000).startswith("aaaa")
    assert to_text(b"=?utf-8?q?" * 100_000)
    assert to_text(b"=?utf-8?q?a " * 100_000 + b"?=")
    assert to_text(b"=?utf-8?q?a" * 99)


# Each of them would end with the last sign, if another word did not begin before it.
@pytest.mark.timeout(5)
def test_words_without_an_end_take_no_time() -> None:
    assert to_text(b"=? a?q?x" * 8_000 + b"=?utf-8?q?a ?=").startswith("=? a?q?x")
