"""winmail.dat: what Outlook packs is opened, and what cannot be opened is kept as it is."""

import base64
import email
import random
import struct

import pytest
import tnefparse

from gateway.mail import rtf
from gateway.mail.packed import files_of
from gateway.mail.parse import parse
from gateway.mail.tnef import SIGNATURE, Unpacked, open_tnef
from gateway.model import Address
from tests.mails import multipart, part, read

LIMIT = 10_000_000
PROPERTIES, NEW_FILE, TITLE, DATA, OF_FILE, BODY, CODE_PAGE = 0x9003, 0x9002, 0x8010, 0x800F, 0x9005, 0x800C, 0x9007
# The example of MS-OXRTFCP 3.1.
HELLO_WORLD = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
)
PAGE = rb"""{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0\fswiss Arial;}}{\*\generator X;}\uc1\pard\plain\f0
{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 H\'e4r \u8364?5 &amp; mer{\*\htmltag84 <b>}\htmlrtf {\b \htmlrtf0 fet\htmlrtf }
\htmlrtf0{\*\htmltag92 </b>}\htmlrtf \par }\htmlrtf0 {\*\htmltag72 </p>}}"""


def thing(number: int, content: bytes, level: int = 1) -> bytes:
    return struct.pack("<BHHI", level, number, 6, len(content)) + content + struct.pack("<H", sum(content) % 65536)


def prop(number: int, kind: int, value: bytes) -> bytes:
    return struct.pack("<HHII", kind, number, 1, len(value)) + value + bytes(-len(value) % 4)


def props(*every: bytes) -> bytes:
    return struct.pack("<I", len(every)) + b"".join(every)


def tnef(*things: bytes) -> bytes:
    return b"\x78\x9f\x3e\x22\1\0" + thing(CODE_PAGE, struct.pack("<II", 1252, 0)) + b"".join(things)


def packed_file(content: bytes, title: bytes, *properties: bytes) -> bytes:
    said = [thing(OF_FILE, props(*properties), 2)] if properties else []
    return b"".join([thing(NEW_FILE, bytes(14), 2), thing(TITLE, title + b"\0", 2), thing(DATA, content, 2), *said])


def plain_rtf(content: bytes) -> bytes:
    return struct.pack("<IIII", len(content) + 12, len(content), 0x414C454D, 0) + content


def opened(content: bytes) -> Unpacked:
    found = open_tnef(content, LIMIT)
    assert found is not None
    return found


LONG_NAME = prop(0x3707, 0x1F, "Räkning för maj.pdf\0".encode("utf-16-le"))
WINMAIL = tnef(
    thing(PROPERTIES, props(prop(0x1000, 0x1E, b"H\xe4r\0"), prop(0x1009, 0x102, plain_rtf(PAGE)))),
    packed_file(b"PDF", b"RKNING~1.PDF", LONG_NAME, prop(0x370E, 0x1E, b"application/pdf\0")),
    packed_file(b"text", b"a.txt"),
)


def attached(content: bytes, content_type: str = "application/ms-tnef") -> str:
    encoded = base64.b64encode(content).decode()
    return part(f"{content_type}; name=winmail.dat", encoded, "Content-Transfer-Encoding: base64")


def test_the_body_and_the_files_with_their_long_names_are_taken_out() -> None:
    found = opened(WINMAIL)
    assert found.text == "Här"
    assert found.html == "<p>Här €5 &amp; mer<b>fet</b></p>"
    assert [(one.name, one.media_type, one.content) for one in found.files] == [
        ("Räkning för maj.pdf", "application/pdf", b"PDF"),
        ("a.txt", "", b"text"),
    ]


def test_html_goes_before_rich_text() -> None:
    properties = props(prop(0x1013, 0x102, b"<p>h\xc3\xa4r"), prop(0x1009, 0x102, plain_rtf(PAGE)))
    code_page = struct.pack("<HHI", 3, 0x3FDE, 65001)
    properties = struct.pack("<I", 3) + code_page + properties[4:]
    assert opened(tnef(thing(PROPERTIES, properties))).html == "<p>här"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (thing(BODY, b"words\r\n\0"), "words\n"),
        (thing(PROPERTIES, props(prop(0x1009, 0x102, HELLO_WORLD))), "hello world"),
        (thing(PROPERTIES, props(prop(0x1009, 0x102, b"nonsense"))), ""),
    ],
)
def test_a_body_without_html_is_text(body: bytes, text: str) -> None:
    assert (opened(tnef(body)).text, opened(tnef(body)).html) == (text, "")


def test_a_message_within_is_a_file_of_its_own() -> None:
    held = prop(0x3701, 0x0D, bytes(16) + WINMAIL)
    (file,) = opened(tnef(packed_file(b"", b"A mail", held))).files
    assert (file.name, file.media_type, file.content) == ("A mail.dat", "application/ms-tnef", WINMAIL)


# Nobody but Outlook opens it as it came.
def test_a_message_within_arrives_as_a_mail_with_its_own_files() -> None:
    said = props(
        prop(0x0037, 0x1F, "Räkning: nr 5\0".encode("utf-16-le")),
        prop(0x0C1A, 0x1E, b"Bo\0"),
        prop(0x0C1F, 0x1E, b"bo@example.com\0"),
        prop(0x1000, 0x1E, b"inner words\0"),
    )
    sent = struct.pack("<HHQ", 0x40, 0x0039, 134_000_000_000_000_000)
    said = struct.pack("<I", 5) + said[4:] + sent
    inner = tnef(thing(PROPERTIES, said), packed_file(b"PDF", b"a.pdf"))
    outer = tnef(packed_file(b"", b"A mail", prop(0x3701, 0x0D, bytes(16) + inner)))
    (file,) = read(attached(outer)).attachments
    assert (file.name, file.content_type) == ("Räkning_ nr 5.eml", "message/rfc822")
    mail = parse(file.content, "<1@x>")
    assert (mail.subject, mail.sender, mail.body) == ("Räkning: nr 5", Address("Bo", "bo@example.com"), "inner words")
    assert [(one.name, one.content) for one in mail.attachments] == [("a.pdf", b"PDF")]
    assert b"Date: Mon, 18 Aug 2025 14:13:20 +0000" in file.content


@pytest.mark.timeout(10)
def test_messages_in_messages_without_end_are_opened_three_deep() -> None:
    nested = WINMAIL
    for _ in range(10):
        nested = tnef(packed_file(b"", b"A mail", prop(0x3701, 0x0D, bytes(16) + nested)))
    content, depth = files_of(opened(nested), LIMIT)[0].content, 0
    while not content.startswith(SIGNATURE):
        *_, attachment = email.message_from_bytes(content).walk()
        content, depth = bytes(attachment.get_payload(decode=True)), depth + 1
    assert depth == 3


# It goes to Cention, and to a terminal.
def test_what_it_says_of_a_file_is_a_type_and_an_identifier_or_nothing() -> None:
    said = prop(0x370E, 0x1E, b"\x1b[31m\0"), prop(0x3712, 0x1E, b"<a\x1b@\nx>\0")
    (file,) = opened(tnef(packed_file(b"x", b"a", *said))).files
    assert file.media_type == ""
    assert file.content_id.isprintable()


# 33 bytes that promise more properties than there are bytes in the world, and things without end.
@pytest.mark.parametrize(
    "hostile",
    [
        tnef(thing(PROPERTIES, struct.pack("<I", 0xFFFFFFFF))),
        tnef(thing(PROPERTIES, props(struct.pack("<HHII", 0x101E, 0x1000, 0xFFFFFFFF, 0)))),
        tnef(thing(PROPERTIES, props(prop(0x1009, 0x102, struct.pack("<IIII", 0, 0xFFFFFFFF, 0x75465A4C, 0))))),
        tnef(thing(PROPERTIES, props(prop(0x1009, 0x102, plain_rtf(b"{" * 500_000))))),
        tnef(*[thing(0x8006, b"")] * 100_000),
        tnef(*[thing(NEW_FILE, b"", 2)] * 100_000),
    ],
)
@pytest.mark.timeout(10)
def test_what_is_built_to_cost_time_ends_at_once(hostile: bytes) -> None:
    found = open_tnef(hostile, LIMIT)
    assert found is None or found == Unpacked("", "", ())


def test_more_than_the_limit_is_not_opened() -> None:
    assert open_tnef(WINMAIL, 6) is None
    assert open_tnef(WINMAIL, 7) is not None


def test_what_is_cut_or_damaged_is_opened_or_not_but_never_raises() -> None:
    chance = random.Random(1)
    for at in range(len(WINMAIL)):
        broken = bytearray(WINMAIL)
        broken[at] = chance.randrange(256)
        assert isinstance(open_tnef(bytes(broken), LIMIT), Unpacked | None)
        assert isinstance(open_tnef(WINMAIL[:at], LIMIT), Unpacked | None)


def test_rich_text_is_read_in_its_code_page_without_its_commands() -> None:
    source = (
        rb"{\rtf1\ansicpg1251{\fonttbl{\f0 Arial;}}\pard \'cf\'f0\'e8\'e2\'e5\'f2 {\b bold}\par x\tab y{\pict 00ff}}"
    )
    assert rtf.read(source) == ("Привет bold\nx\ty", "")


# Such as that of Chinese with escape sequences, for which Python has no codec.
def test_rich_text_in_an_unknown_code_page_is_read_all_the_same() -> None:
    assert rtf.read(rb"{\rtf1\ansicpg50227 \'e4bc}") == ("äbc", "")


def test_rich_text_that_is_packed_wrongly_is_said_to_be() -> None:
    assert rtf.unpack(HELLO_WORLD, LIMIT) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    for bad in (b"", HELLO_WORLD[:8], b"\0" * 16):
        with pytest.raises(rtf.BadRtf):
            rtf.unpack(bad, LIMIT)


# Outlook sends the text beside it: the page is that text in its better form, not another one.
def test_a_winmail_dat_gives_its_mail_the_page_and_the_files() -> None:
    mail = read(multipart("mixed", part("text/plain; charset=utf-8", "Här €5 & mer fet"), attached(WINMAIL)))
    assert mail.body == "Här €5 & mer fet"
    assert mail.html_body == "<p>Här €5 &amp; mer<b>fet</b></p>"
    assert [one.name for one in mail.attachments] == ["Räkning för maj.pdf", "a.txt"]
    assert "winmail.dat was opened; what was in it takes its place" in mail.notes


def test_a_winmail_dat_alone_is_the_mail_whatever_its_type() -> None:
    mail = read(attached(WINMAIL, "application/octet-stream"))
    assert (mail.body, len(mail.attachments)) == ("Här", 2)


def test_what_it_says_is_not_said_twice() -> None:
    text = multipart("mixed", part("text/plain", "one two"), attached(tnef(thing(BODY, b"one\r\ntwo"))))
    assert read(text).body == "one two"
    more = multipart("mixed", part("text/plain", "one"), attached(tnef(thing(BODY, b"one two"))))
    assert read(more).body == "one\n\none two"


def test_a_winmail_dat_that_cannot_be_opened_is_kept_and_the_trace_says_so() -> None:
    broken = WINMAIL[:100]
    mail = read(multipart("mixed", part("text/plain", "the text"), attached(broken)))
    assert [(one.name, one.content) for one in mail.attachments] == [("winmail.dat", broken)]
    assert "a winmail.dat could not be opened and is kept as it is" in mail.notes


# Another reader of the format, where it is installed, finds the same in it.
def test_the_other_reader_finds_the_same_files() -> None:
    other = tnefparse.TNEF(WINMAIL + bytes(12), do_checksum=False)
    assert [one.data for one in other.attachments] == [one.content for one in opened(WINMAIL).files]
