"""Transfer encodings, whole and broken; format=flowed."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail.flowed import unflow
from gateway.mail.transfer import decode_transfer

DATA = bytes(range(256)) * 40


def wrapped(data: bytes, line_end: bytes, width: int = 76) -> bytes:
    text = base64.b64encode(data)
    return line_end.join(text[at : at + width] for at in range(0, len(text), width))


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n", b"\r", b" \r\n", b"\r\r\n", b"\r\n\r\n", b""])
def test_base64_is_read_with_any_line_ends(line_end: bytes) -> None:
    assert decode_transfer(wrapped(DATA, line_end) + line_end, "base64") == (DATA, "")


@pytest.mark.parametrize(
    ("content", "data"),
    [
        (b"SGVsbG8", b"Hello"),
        (b"SGVsbG8gV29ybGQhA", b"Hello World!"),
        (b"SGVs*bG8=", b"Hello"),
        (b"SGVsbG8=\r\nSGVsbG8=", b"HelloHello"),
        (b"SGVsbA==\r\nSGVsbG8h", b"HellHello!"),
        (b"SGVsbG8====", b"Hello"),
        (b"", b""),
        (b"====", b""),
        (b"SGVs\0bG8=", b"Hello"),
        # the alphabet of web addresses
        (b"YWJj_2Rl-mY=", b"abc\xffde\xfaf"),
        (b"A", b""),
    ],
)
def test_broken_base64_is_read_as_far_as_it_goes(content: bytes, data: bytes) -> None:
    assert decode_transfer(content, "base64")[0] == data


# Mailing lists put their footer behind the base64 of the last part.
def test_text_behind_the_end_of_base64_is_not_content() -> None:
    content = wrapped(b"x" * 1000, b"\r\n") + b"\r\n____________\r\nThe list\r\nhttp://list.example/x\r\n"
    data, note = decode_transfer(content, "base64")
    assert data == b"x" * 1000
    assert note


# Without padding, the base64 does not say itself where it ends.
@pytest.mark.parametrize("footer", [b"____________\r\nThe list\r\n", b"--\r\nThe list\r\n", b"Sent by the list\r\n"])
def test_words_behind_base64_without_padding_are_not_content(footer: bytes) -> None:
    data, note = decode_transfer(wrapped(b"x" * 999, b"\r\n") + b"\r\n" + footer, "base64")
    assert data == b"x" * 999
    assert note


@pytest.mark.parametrize(
    "content",
    [
        b"These are words\r\nand they are not encoded at all\r\n",
        "Это слова, не base64.\r\n".encode(),
        b"%PDF-1.4\r\n%\xe2\xe3\xcf\xd3\r\n",
    ],
)
def test_words_and_data_that_are_called_base64_stay_as_they_are(content: bytes) -> None:
    data, note = decode_transfer(content, "base64")
    assert data.split() == content.split()
    assert note


@pytest.mark.parametrize(
    ("content", "data"),
    [
        (b"a=3Db=\r\nc=\nd", b"a=bcd"),
        (b"a=c3=A5", b"a\xc3\xa5"),
        (b"a= \t\r\nb", b"ab"),
        (b"x=y&z=1 =", b"x=y&z=1 "),
        (b"a=\r\n\r\nb", b"a\r\nb"),
        (b"a=\r\r\nb", b"ab"),
        (b"a=\rb", b"ab"),
        (b"a=XYb=3", b"a=XYb=3"),
        (b"a=", b"a"),
        ("å".encode(), "å".encode()),
    ],
)
def test_quoted_printable_is_read_with_what_is_wrong_in_it(content: bytes, data: bytes) -> None:
    assert decode_transfer(content, "Quoted-Printable") == (data, "")
    assert decode_transfer(content, "quoted printable; x") == (data, "")


@pytest.mark.parametrize("name", ["x-uuencode", "uuencode", "x-uue"])
def test_uuencode_is_decoded(name: str) -> None:
    content = b"begin 644 cat.txt\r\n#0V%T\r\n`\r\nend\r\n"
    assert decode_transfer(content, name) == (b"Cat", "")
    assert decode_transfer(content.replace(b"#0V%T", b"#0V%T garbage"), name)[0] == b"Cat"
    assert decode_transfer(b"no beginning", name)[1]


@pytest.mark.parametrize("name", ["", "7bit", "7-bit", "8BITS", " binary ", '"7bit"', "8bit (why not)"])
def test_no_encoding_leaves_every_byte(name: str) -> None:
    assert decode_transfer(DATA, name) == (DATA, "")


def test_an_unknown_encoding_leaves_every_byte_and_is_told() -> None:
    assert decode_transfer(DATA, "base9000") == (DATA, "unknown transfer encoding base9000, left as it is")


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "content", [b"a=" * 1_000_000, b"=" * 3_000_000, b"a" + b" " * 3_000_000 + b"a!", b"= " * 2_000_000]
)
def test_hostile_content_takes_no_time(content: bytes) -> None:
    for name in ("base64", "quoted-printable"):
        assert len(decode_transfer(content, name)[0]) <= len(content)
    assert decode_transfer(content, "uuencode") == (content, "declared as uuencode, but it is not")


# Where lines end is looked for where those of the first line's length end; what stands there must count.
@pytest.mark.parametrize("at", [3, 20, 76])
def test_a_footer_is_found_in_lines_of_any_length(at: int) -> None:
    encoded = base64.b64encode(DATA * 5)
    content = b"%b\n%b\n-- \nA list of words\n" % (encoded[:at], encoded[at:])
    assert decode_transfer(content, "base64") == (DATA * 5, "what followed the end of the base64 was left out")


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.binary(max_size=300), st.sampled_from(["base64", "quoted-printable", "uuencode", "7bit"]))
def test_any_content_is_decoded_somehow(content: bytes, name: str) -> None:
    assert isinstance(decode_transfer(content, name)[0], bytes)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.binary(max_size=500), st.integers(4, 80))
def test_base64_of_any_data_comes_back(data: bytes, width: int) -> None:
    assert decode_transfer(wrapped(data, b"\r\n", width), "base64")[0] == data


@pytest.mark.parametrize(
    ("text", "unflowed"),
    [
        ("one \ntwo\nthree", "one two\nthree"),
        ("> quoted \n> on\n> next", "> quoted on\n> next"),
        (">> deep \n> back", ">> deep \n> back"),
        (" From here", "From here"),
        ("text \n-- \nAnn \nLee", "text \n-- \nAnn Lee"),
        ("\n\n", "\n\n"),
    ],
)
def test_flowed_lines_are_joined(text: str, unflowed: str) -> None:
    assert unflow(text, delete_space=False) == unflowed


def test_delsp_takes_the_space_of_a_soft_break_away() -> None:
    assert unflow("漢 \n字 \nx", delete_space=True) == "漢字x"
