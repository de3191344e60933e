"""The data of a mail: its end, its dots, and what is smuggled (RFC 5321 2.3.8, 4.1.1.4, 4.5.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sources.data import DataDecoder

# What a laxer server would take for the end of data (lessons.md), and whether it is refused: all but those in which the
# dot stands beside a NUL, which no server reads as a line end.
LOOKALIKES = {
    b"\n.\n": True,
    b"\r.\r": True,
    b"\r.\n": True,
    b"\n.\r": True,
    b"\n.\r\n": True,
    b"\r\n.\n": True,
    b"\r.\r\n": True,
    b"\r\n.\rx": True,
    b"\r\n\0.\r\n": False,
    b"\r\n.\0\r\n": False,
    b"\r\n.\r\r\n": True,
    b"\r\r\n.\r\r\n": True,
}


def decoded(stream: bytes, cuts: tuple[int, ...] = ()) -> tuple[bytes, DataDecoder]:
    decoder, data, start = DataDecoder(), b"", 0
    for cut in (*cuts, len(stream)):
        chunk, start = stream[start:cut], cut
        if decoder.ended:
            decoder.rest += chunk
        else:
            data += decoder.feed(chunk)
    return data, decoder


# None of the lookalikes ends the mail, wherever the network cuts the bytes; those beside a bare CR or LF are noticed.
@pytest.mark.parametrize("lookalike", LOOKALIKES)
def test_nothing_but_crlf_dot_crlf_ends_a_mail_however_it_is_cut(lookalike: bytes) -> None:
    stream = b"Subject: x\r\n\r\nfirst" + lookalike + b"MAIL FROM:<evil@example.com>\r\n.\r\nQUIT\r\n"
    for cut in range(len(stream)):
        data, decoder = decoded(stream, (cut,))
        assert decoder.ended
        assert decoder.rest == b"QUIT\r\n"
        assert data.endswith(b"MAIL FROM:<evil@example.com>\r\n")
        assert decoder.smuggled is LOOKALIKES[lookalike], cut


@pytest.mark.parametrize("lookalike", LOOKALIKES)
def test_lookalikes_are_seen_byte_by_byte(lookalike: bytes) -> None:
    stream = b"first" + lookalike + b"rest\r\n.\r\n"
    _, decoder = decoded(stream, tuple(range(1, len(stream))))
    assert (decoder.ended, decoder.smuggled) == (True, LOOKALIKES[lookalike])


def test_a_doubled_dot_at_a_line_start_is_one() -> None:
    data, _ = decoded(b"..a\r\n..\r\n.b\r\nc..d\r\n.\r\n")
    assert data == b".a\r\n.\r\nb\r\nc..d\r\n"


def test_an_empty_mail_ends_at_once() -> None:
    data, decoder = decoded(b".\r\n")
    assert (data, decoder.ended, decoder.smuggled) == (b"", True, False)


def test_a_line_may_be_longer_than_any_limit_of_lines() -> None:
    line = b"x" * 3_000_000
    data, decoder = decoded(line + b"\r\n.\r\n", tuple(range(0, 3_000_000, 65_521)))
    assert (data, decoder.ended) == (line + b"\r\n", True)


def test_bare_line_ends_away_from_dots_pass_unchanged() -> None:
    data, decoder = decoded(b"a\nb\rc.\n d\r\n.\r\n")
    assert (data, decoder.smuggled) == (b"a\nb\rc.\n d\r\n", False)


# Whatever text a correct client sends, cut anywhere, comes out as it was; nothing is lost between chunks.
@given(
    lines=st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\r", b"").replace(b"\n", b"")), max_size=12),
    cuts=st.lists(st.integers(0, 500), max_size=8),
)
def test_what_a_correct_client_sends_comes_out_as_it_was(lines: list[bytes], cuts: list[int]) -> None:
    text = b"".join(line + b"\r\n" for line in lines)
    stuffed = b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines)
    stream = stuffed + b".\r\nNOOP\r\n"
    data, decoder = decoded(stream, tuple(sorted(min(cut, len(stream)) for cut in cuts)))
    assert (data, decoder.ended, decoder.smuggled, decoder.rest) == (text, True, False, b"NOOP\r\n")
