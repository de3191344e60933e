"""The header fields of a composed mail: each once, folded, readable by others, and nothing injected."""

from dataclasses import replace
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import parsedate_to_datetime

import pytest

from gateway.errors import Permanent
from gateway.mail.compose import compose
from gateway.mail.field import bare_address, fold
from gateway.model import Address, Reply

REPLY = Reply(
    message_id="<answer.1@gw.example.com>",
    date=1_700_000_000.9,
    sender=Address("Support", "support@example.com"),
    to=(Address("Ann", "ann@example.org"),),
    subject="Your question",
    body="Hello Ann",
    html_body="",
)


def header(reply: Reply) -> list[tuple[str, str]]:
    """Every field in its order, unfolded but not decoded."""
    return [(name, value.replace("\r\n", "")) for name, value in message_from_bytes(compose(reply)).items()]


def value(reply: Reply, name: str) -> str:
    (found,) = [text for field, text in header(reply) if field == name]
    return found


def test_a_plain_answer_has_these_fields_in_this_order() -> None:
    reply = replace(REPLY, references=("<first@x>", "<second@x>"))
    assert header(reply) == [
        ("From", "Support <support@example.com>"),
        ("To", "Ann <ann@example.org>"),
        ("Subject", "Your question"),
        ("Date", "Tue, 14 Nov 2023 22:13:20 +0000"),
        ("Message-ID", "<answer.1@gw.example.com>"),
        ("In-Reply-To", "<second@x>"),
        ("References", "<first@x> <second@x>"),
        ("MIME-Version", "1.0"),
        ("Content-Type", 'text/plain; charset="utf-8"'),
        ("Content-Transfer-Encoding", "7bit"),
    ]


def test_the_date_is_the_replys() -> None:
    assert parsedate_to_datetime(value(REPLY, "Date")).timestamp() == 1_700_000_000


def test_only_a_machine_says_that_it_is_one() -> None:
    assert "Auto-Submitted" not in dict(header(REPLY))
    assert value(replace(REPLY, auto_submitted=True), "Auto-Submitted") == "auto-generated"
    assert value(replace(REPLY, auto_submitted=True, references=("<a@b>",)), "Auto-Submitted") == "auto-replied"


# Readers thread by References; relays refuse headers that grow for ever.
def test_a_long_chain_keeps_its_first_and_its_last() -> None:
    chain = tuple(f"<{number}@x>" for number in range(50))
    kept = value(replace(REPLY, references=chain), "References").split()
    assert kept == [chain[0], *chain[31:]]


# The standard library writes such an id as encoded words, which no reader decodes: the thread is lost.
def test_a_long_message_id_in_the_chain_stays_whole() -> None:
    chain = (f"<{'x' * 200}@example.com>", f"<{'y' * 900}>", "<z@x>")
    assert value(replace(REPLY, references=chain), "References").split() == list(chain)


def test_what_is_no_message_id_is_left_out_of_the_chain() -> None:
    reply = replace(REPLY, references=("<a@b>", "no brackets", "<a b@c>", "<é@x>", "<a@b>\r\nBcc: x@y"))
    assert value(reply, "References") == "<a@b>"
    assert "In-Reply-To" not in dict(header(reply))


def test_an_id_that_comes_twice_in_the_chain_keeps_its_last_place() -> None:
    reply = replace(REPLY, references=("<a@b>", "<c@d>", "<e@f>", "<c@d>"))
    assert value(reply, "References") == "<a@b> <e@f> <c@d>"
    assert value(reply, "In-Reply-To") == "<c@d>"


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "Re: Grüße aus Malmö",
        "日本語のとても長い件名" * 12,
        "word " * 60 + "end",
        "x" * 300,
        "two  spaces   inside",
        "=?utf-8?q?not_an_encoded_word?=",
        "a = b ? c : d_e %20 =20",
        "🎉" * 80,
        " ".join(f"{letter}:" for letter in "abcdefghij" * 9),
    ],
)
def test_a_subject_is_read_as_it_was_written(subject: str) -> None:
    reply = replace(REPLY, subject=subject)
    assert str(make_header(decode_header(value(reply, "Subject")))) == subject
    mail = message_from_bytes(compose(reply), policy=policy.default)
    assert mail["Subject"] == subject
    assert all(len(line) <= 78 for line in compose(reply).split(b"\r\n"))


def test_a_subject_without_end_is_cut() -> None:
    assert len(str(make_header(decode_header(value(replace(REPLY, subject="ö" * 9999), "Subject"))))) == 1000


@pytest.mark.parametrize(
    "name",
    [
        "Ann",
        "Ann B. Lee",
        "Lee, Ann",
        'Ann "the" Lee',
        "back\\slash",
        "a@b.example",
        "Müller, Jürgen",
        "山田 太郎",
        "=?x?q?y?=",
    ],
)
def test_a_display_name_is_read_as_it_was_written(name: str) -> None:
    reply = replace(REPLY, to=(Address(name, "ann@example.org"),), sender=Address(name, "support@example.com"))
    mail = message_from_bytes(compose(reply), policy=policy.default)
    for field in ("From", "To"):
        (address,) = mail[field].addresses
        assert (address.display_name, address.addr_spec) == (name, reply_address(field))


def reply_address(field: str) -> str:
    return {"From": "support@example.com", "To": "ann@example.org"}[field]


def test_every_recipient_is_in_one_to() -> None:
    everyone = tuple(Address(f"Näme, {number}", f"r{number}@example.org") for number in range(200))
    mail = message_from_bytes(compose(replace(REPLY, to=everyone)), policy=policy.default)
    assert [(address.display_name, address.addr_spec) for address in mail["To"].addresses] == [
        (address.name, address.email) for address in everyone
    ]


def test_a_recipient_that_no_header_can_carry_is_left_out() -> None:
    good = Address("", "ann@example.org")
    for email in ("", "nobody", "@example.org", "a@", "a@b c", "a@b\r\nBcc: evil@example.com"):
        assert value(replace(REPLY, to=(Address("x", email), good)), "To") == "ann@example.org"
        assert value(replace(REPLY, to=(Address("x", email),)), "To") == "undisclosed-recipients:;"


@pytest.mark.parametrize(
    ("email", "written"),
    [
        ("ann@example.org", "ann@example.org"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@faß.example", "ann@xn--fa-hia.example"),
        ("a..b@example.org", '"a..b"@example.org'),
        ("a b@example.org", '"a b"@example.org'),
        ("a, evil@example.com@example.org", '"a, evil@example.com"@example.org'),
        ('"a b"@example.org', '"a b"@example.org'),
        ("ann@[192.0.2.1]", "ann@[192.0.2.1]"),
        ("jürgen@bücher.example", "jürgen@xn--bcher-kva.example"),
    ],
)
def test_an_address_is_written_so_that_it_means_one_mailbox(email: str, written: str) -> None:
    assert bare_address(email) == written


# RFC 6531: only such a header is not ASCII, and it asks the smarthost for SMTPUTF8.
def test_a_local_part_outside_ascii_stands_in_utf_8() -> None:
    message = compose(replace(REPLY, to=(Address("Jürgen", "jürgen@example.org"),)))
    assert "To: =?utf-8?q?J=C3=BCrgen?= <jürgen@example.org>\r\n".encode() in message
    assert compose(replace(REPLY, to=(Address("Jürgen", "j@bücher.example"),))).isascii()


def test_further_headers_stand_before_the_mime_ones() -> None:
    reply = replace(REPLY, headers=(("X-Cention-Errand", "2256"), ("X-Note", "Grüße\r\nBcc: x@y")))
    assert [name for name, _ in header(reply)][5:8] == ["X-Cention-Errand", "X-Note", "MIME-Version"]
    assert value(reply, "X-Cention-Errand") == "2256"
    assert str(make_header(decode_header(value(reply, "X-Note")))) == "Grüße Bcc: x@y"


# A second From is what spoofing looks like, and a name that is none is an injection.
@pytest.mark.parametrize("name", ["From", "subject", "mime-version", "Content-Type", "X Y", "", "X:", "X\r\nBcc", "Ü"])
def test_a_further_header_is_neither_a_second_one_nor_something_else(name: str) -> None:
    with pytest.raises(Permanent):
        compose(replace(REPLY, headers=((name, "x"),)))


INJECTIONS = [
    "\r\nBcc: x@y",
    "\nBcc: x@y",
    "\rBcc: x@y",
    "\r\n\r\nbody",
    "\0",
    "a\u2028b\u0085c",
    "=?utf-8?q?=0D=0ABcc:_x@y?=",
]


@pytest.mark.parametrize("injection", INJECTIONS)
def test_nothing_written_into_a_field_becomes_another(injection: str) -> None:
    reply = replace(
        REPLY,
        subject=f"a{injection}b",
        sender=Address(f"a{injection}b", "support@example.com"),
        to=(Address(f"a{injection}b", "ann@example.org"), Address("", f"a{injection}@example.org")),
        references=(f"<a{injection}@b>",),
    )
    names = [name for name, _ in header(reply)]
    assert "Bcc" not in names
    assert len(set(names)) == len(names)


# Some relays refuse a header of more than 10,000 bytes, and Message-IDs may be long.
def test_a_chain_of_long_ids_keeps_its_first_and_its_last_and_stays_small() -> None:
    chain = tuple(f"<{number}{'x' * 800}@x.example>" for number in range(19))
    written = value(replace(REPLY, references=chain), "References").split()
    assert (written[0], written[-1]) == (chain[0], chain[-1])
    assert written[1:] == list(chain[1 - len(written) :])
    assert 5_000 < sum(map(len, written)) <= 8_000


def test_a_field_is_never_written_with_a_control_in_it() -> None:
    for control in "\r\n\0\x0b\x7f":
        with pytest.raises(ValueError, match="control character in X-Test"):
            fold("X-Test", ["a", f"b{control}c"])
