"""Files between the lines of a text: uuencode and yEnc, whole and damaged; what only looks like one stays text."""

import binascii
import re
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail.enclosed import Enclosed, take_out
from gateway.mail.transfer import decode_transfer

DATA = bytes(range(256)) * 3


def uuencoded(data: bytes, name: bytes = b"cat.bin") -> bytes:
    lines = [binascii.b2a_uu(data[at : at + 45]) for at in range(0, len(data), 45)]
    return b"begin 644 %b\n%b`\nend\n" % (name, b"".join(lines))


def yencoded(data: bytes, part: int = 0) -> bytes:
    written = b"".join(yenc_byte((byte + 42) % 256) for byte in data)
    lines = re.sub(rb"((?:=.|.){128})", rb"\1\r\n", written, flags=re.DOTALL)
    number, checksum = (f"part={part} ", "pcrc32") if part else ("", "crc32")
    begin = f"=ybegin {number}line=128 size={len(data)} name=cat one.bin\r\n" + (
        "=ypart begin=1 end=9\r\n" if part else ""
    )
    return begin.encode() + lines + f"\r\n=yend size={len(data)} {checksum}={zlib.crc32(data):08X}\r\n".encode()


def yenc_byte(byte: int) -> bytes:
    return b"=%c" % (byte + 64) if byte in b"\0\n\r=" else b"%c" % byte


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_uuencoded_files_are_taken_out_and_the_text_around_them_stays(line_end: bytes) -> None:
    content = b"Hello\n\n" + uuencoded(DATA) + b"between\n" + uuencoded(b"two", b"a dog.txt") + b"Bye\n"
    text, files, notes = take_out(content.replace(b"\n", line_end))
    assert text == b"Hello\n\nbetween\nBye\n".replace(b"\n", line_end)
    assert files == (Enclosed("cat.bin", DATA), Enclosed("a dog.txt", b"two"))
    assert notes == ()


# Spaces stand for zeros, and servers take them off the end of a line.
def test_uuencode_with_the_spaces_at_its_line_ends_lost_is_read() -> None:
    content = b"\n".join(line.rstrip() for line in uuencoded(bytes(100)).replace(b"`", b" ").split(b"\n"))
    assert take_out(content)[1] == (Enclosed("cat.bin", bytes(100)),)


def test_a_file_that_was_cut_is_kept_and_told() -> None:
    text, files, notes = take_out(uuencoded(DATA).removesuffix(b"`\nend\n") + b"The rest was lost.\n")
    assert text == b"The rest was lost.\n"
    assert files == (Enclosed("cat.bin", DATA),)
    assert notes == ("cat.bin: it was cut short",)


def test_the_base64_form_is_read() -> None:
    content = b"x\nbegin-base64 644 b.txt\nSGVs\nbG8=\n====\ny\n"
    assert take_out(content) == (b"x\ny\n", (Enclosed("b.txt", b"Hello"),), ())


@pytest.mark.parametrize(
    "content",
    [
        b"begin 100 people\nHello there\n",
        b"begin 644 x\nand so on\nend\n",
        b"We begin 644 x\n#0V%T\n",
        b"begin-base64 644 x\nSGVsbG8=\n",
        b"=ybegin line=128 size=1\n=yend\n",
        b"=ybeginning name=x\n",
        b"> begin 644 x\n> #0V%T\n> `\n> end\n",
    ],
)
def test_what_only_looks_like_a_file_is_text(content: bytes) -> None:
    assert take_out(content) == (content, (), ())


def test_yenc_is_taken_out_and_the_text_around_it_stays() -> None:
    text, files, notes = take_out(b"Hello\r\n" + yencoded(DATA) + b"Bye\r\n")
    assert (text, files, notes) == (b"Hello\r\nBye\r\n", (Enclosed("cat one.bin", DATA),), ())


def test_the_parts_of_a_yenc_file_are_put_together() -> None:
    content = yencoded(DATA[:300], 1) + yencoded(DATA[300:], 2)
    assert take_out(content) == (b"", (Enclosed("cat one.bin", DATA),), ())


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (yencoded(DATA).replace(b"%08X" % zlib.crc32(DATA), b"00000001"), "cat one.bin: its checksum is another one"),
        (yencoded(DATA).replace(b"=yend size=768", b"=yend size=769"), "cat one.bin: it has 768 bytes in place of 769"),
        (yencoded(DATA).partition(b"=yend")[0], "cat one.bin: it was cut short"),
    ],
)
def test_a_damaged_yenc_file_is_kept_and_told(content: bytes, note: str) -> None:
    text, files, notes = take_out(content)
    assert (text, files, notes) == (b"", (Enclosed("cat one.bin", DATA),), (note,))


def test_a_name_in_raw_8_bit_is_in_the_set_of_the_mail() -> None:
    content = uuencoded(b"x", "Отчёт.txt".encode("koi8-r"))
    assert take_out(content, "koi8-r")[1] == (Enclosed("Отчёт.txt", b"x"),)


@pytest.mark.parametrize("name", ["x-yenc", "yEnc"])
def test_yenc_is_a_transfer_encoding_too(name: str) -> None:
    assert decode_transfer(yencoded(DATA), name) == (DATA, "")
    assert decode_transfer(b"no beginning", name)[1]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("content", "files"),
    [
        (b"begin 644 x\n" * 100_000, 0),
        (b"begin-base64 644 x\n" * 100_000, 0),
        (b"begin 644" + b" " * 100_000 + b"x" * 400 + b"\n", 0),
        (b"=ybegin line=1 size=1 name=x\n" * 50_000, 1),
        (b"begin 644 x\n" + b"M\n" * 300_000, 1),
        (uuencoded(DATA) * 2_000, 1_000),
    ],
)
def test_hostile_text_takes_no_time_and_stays_where_it_is_no_file(content: bytes, files: int) -> None:
    text, found, _ = take_out(content)
    assert len(found) == files
    assert files or text == content


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.binary(min_size=1, max_size=400), st.binary(min_size=1, max_size=400))
def test_any_data_comes_back(first: bytes, second: bytes) -> None:
    _, files, notes = take_out(uuencoded(first) + yencoded(second))
    assert [file.content for file in files] == [first, second]
    assert notes == ()
