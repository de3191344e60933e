"""S/MIME: what is only signed is read, what is encrypted is said to be so, and nothing that is no mail is opened."""

import base64
import random
import zlib

import pytest

from gateway.mail.smime import Sealed, open_seal
from tests.mails import multipart, part, read

LIMIT = 1_000_000
SIGNED, ENVELOPED = "2a864886f70d010702", "2a864886f70d010703"
COMPRESSED = "2a864886f70d0109100109"
INNER = b"Content-Type: text/plain\r\n\r\nsigned words\r\n"


def der(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    size = len(content).to_bytes((max(1, len(content)).bit_length() + 7) // 8, "big")
    return bytes([tag, len(content)] if len(content) < 128 else [tag, 0x80 | len(size), *size]) + content


def ber(tag: int, *contents: bytes) -> bytes:
    """A value whose length is not said."""
    return bytes([tag, 0x80]) + b"".join(contents) + b"\0\0"


def sealed(kind: str, content: bytes) -> bytes:
    data = der(0x30, der(0x06, bytes.fromhex("2a864886f70d010701")), der(0xA0, der(0x04, content)))
    return der(0x30, der(0x06, bytes.fromhex(kind)), der(0xA0, der(0x30, der(0x02, b"\1"), der(0x31), data)))


def streamed(content: bytes) -> bytes:
    """As OpenSSL writes it while it does not know the end yet."""
    pieces = ber(0x24, *(der(0x04, content[at : at + 10]) for at in range(0, len(content), 10)))
    data = ber(0x30, der(0x06, bytes.fromhex("2a864886f70d010701")), ber(0xA0, pieces))
    signed = ber(0x30, der(0x02, b"\1"), der(0x31, der(0x30, der(0x06, b"\x2a"))), data)
    return ber(0x30, der(0x06, bytes.fromhex(SIGNED)), ber(0xA0, signed))


def message(content: bytes) -> str:
    fields = ("Content-Transfer-Encoding: base64", "Content-Disposition: attachment; filename=smime.p7m")
    return part("application/pkcs7-mime", base64.b64encode(content).decode(), *fields)


def test_a_signed_mail_is_taken_out_of_its_signature() -> None:
    assert open_seal(sealed(SIGNED, INNER), LIMIT) == INNER
    assert open_seal(streamed(INNER), LIMIT) == INNER


def test_a_compressed_mail_is_read_within_a_limit() -> None:
    packed = sealed(COMPRESSED, zlib.compress(INNER))
    assert open_seal(packed, LIMIT) == INNER
    assert open_seal(packed, len(INNER) - 1) is Sealed.UNKNOWN
    assert open_seal(sealed(COMPRESSED, b"not packed"), LIMIT) is Sealed.UNKNOWN


def test_an_encrypted_mail_is_known_as_one() -> None:
    assert open_seal(sealed(ENVELOPED, b"secret"), LIMIT) is Sealed.ENCRYPTED


# Each byte of it decides about something.
def test_what_is_damaged_or_hostile_is_unknown_and_ends_quickly() -> None:
    chance, whole = random.Random(1), streamed(INNER)
    for at in range(len(whole)):
        assert isinstance(open_seal(whole[:at], LIMIT), bytes | Sealed)
        broken = bytearray(whole)
        broken[at] = chance.randrange(256)
        assert isinstance(open_seal(bytes(broken), LIMIT), bytes | Sealed)
    for hostile in (
        b"",
        b"\x30\x80" * 100_000,
        b"\x30\x80\x24\x80" * 50_000,
        b"\x30\x84\xff\xff\xff\xff",
        b"\x1f" * 50,
    ):
        assert open_seal(hostile, LIMIT) is Sealed.UNKNOWN


# Each level of them would be read again on each level above.
@pytest.mark.timeout(10)
def test_more_values_than_anybody_writes_are_unknown() -> None:
    whole = streamed(INNER)
    pieces = b"\x24\x80" + b"\x04\x00" * 150_000 + b"\0\0"
    assert open_seal(whole.replace(b"\x24\x80", b"\x24\x80" + pieces * 10, 1), LIMIT) is Sealed.UNKNOWN


# The signature cannot be taken out of the message, so the message is kept as well.
def test_a_signed_mail_shows_what_it_says_with_its_files_and_keeps_the_message() -> None:
    inner = multipart("mixed", part("text/plain", "signed words"), part("application/pdf; name=a.pdf", "PDF"))
    mail = read(message(sealed(SIGNED, inner.encode())))
    assert mail.body == "signed words"
    assert [one.name for one in mail.attachments] == ["a.pdf", "smime.p7m"]
    assert mail.attachments[1].content == sealed(SIGNED, inner.encode())


def test_an_encrypted_mail_says_so_and_is_a_file() -> None:
    mail = read(message(sealed(ENVELOPED, b"secret")))
    assert mail.body == "This mail is encrypted with S/MIME. It is attached as it came."
    assert [one.name for one in mail.attachments] == ["smime.p7m"]


# As some programs and gateways send it: the type says nothing, or the message is cut or of another kind of envelope.
@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("application/octet-stream; name=smime.p7m", sealed(ENVELOPED, b"secret")),
        ("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", sealed(ENVELOPED, b"secret")[:9]),
        ("application/pkcs7-mime; smime-type=authEnveloped-data; name=smime.p7m", b"unheard of"),
    ],
)
def test_an_encrypted_mail_is_known_by_its_name_or_by_what_its_type_says(content_type: str, content: bytes) -> None:
    encoded = base64.b64encode(content).decode()
    mail = read(part(content_type, encoded, "Content-Transfer-Encoding: base64"))
    assert mail.body == "This mail is encrypted with S/MIME. It is attached as it came."
    assert [(one.name, one.content) for one in mail.attachments] == [("smime.p7m", content)]


# Invoices are signed as files: their recipient wants the file.
@pytest.mark.parametrize("content", [b"<?xml version='1.0'?><Invoice/>", b"%PDF-1.7"])
def test_a_signed_document_is_a_file(content: bytes) -> None:
    mail = read(multipart("mixed", part("text/plain", "the text"), message(sealed(SIGNED, content))))
    assert mail.body == "the text"
    assert [one.name for one in mail.attachments] == ["smime.p7m"]


def test_signed_mails_within_signed_mails_are_opened_only_so_far() -> None:
    inner = INNER
    for _ in range(6):
        inner = message(sealed(SIGNED, inner)).encode()
    mail = read(inner.decode())
    assert [one.name for one in mail.attachments] == ["smime.p7m", *(f"smime ({n}).p7m" for n in (2, 3, 4))]
    assert mail.body == ""
