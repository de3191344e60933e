"""The mailboxes of a From or Reply-To, as people and mailers really write them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail.address import from_header, mailboxes
from gateway.mail.parse import parse
from gateway.model import Address


@pytest.mark.parametrize(
    ("value", "name", "email"),
    [
        ("a@b", "", "a@b"),
        ("A B <a@b>", "A B", "a@b"),
        ("Foo Bar<a@b>", "Foo Bar", "a@b"),
        ("J. Doe <a@b>", "J. Doe", "a@b"),
        ('"Lee, Ann" <a@b>', "Lee, Ann", "a@b"),
        ('"x\\"y" <a@b>', 'x"y', "a@b"),
        ('Foo "the" Bar <a@b>', "Foo the Bar", "a@b"),
        ("a@b (Name (nested) x)", "Name (nested) x", "a@b"),
        ("(c) a@b", "c", "a@b"),
        # not as the RFC has it
        ("Lee, Ann <a@b>", "Lee, Ann", "a@b"),
        ("Name a@b", "Name", "a@b"),
        ("<a@b", "", "a@b"),
        ("<<a@b>>", "", "a@b"),
        ("< a@b >", "", "a@b"),
        ("<mailto:a@b>", "", "a@b"),
        ("Bob <a@b> Bobby <c@d>", "Bob", "a@b"),
        ("<a@b> Bob", "Bob", "a@b"),
        ("'Ann Lee' <a@b>", "Ann Lee", "a@b"),
        ("Doe\\, John <a@b>", "Doe, John", "a@b"),
        ("Support: Sales <a@b>", "Support: Sales", "a@b"),
        ("Bob [mailto:a@b]", "Bob", "a@b"),
        ("Bob {a@b}", "Bob", "a@b"),
        ("Bob <'a@b'>", "Bob", "a@b"),
        ('Bob <"a@b">', "Bob", "a@b"),
        ("Bob <a@b.c.>", "Bob", "a@b.c"),
        ("Bob <a@b?subject=x>", "Bob", "a@b"),
        ("Bob &lt;a@b&gt;", "Bob", "a@b"),
        ('"Bob <a@b>', "Bob", "a@b"),
        ("Bob (a@b)", "Bob", "a@b"),
        # obsolete syntax: spaces and comments within an address
        ("Bob <a @ b . c>", "Bob", "a@b.c"),
        ("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", "Pete", "pete@silly.test"),
        # look-alikes
        ("Bob \uff1ca@b\uff1e", "Bob", "a@b"),
        ("Bob \u2039a@b\u203a", "Bob", "a@b"),
        ("Bob <a\uff20b>", "Bob", "a@b"),
        ("Bob\u202e\u200b <a@b>", "Bob", "a@b"),
        # names that are addresses
        ('"a@b" <a@b>', "a@b", "a@b"),
        ("x@y <a@b>", "x@y", "a@b"),
        # several, groups, routes
        ("a@b, c@d", "", "a@b"),
        ("a@b; c@d", "", "a@b"),
        ("Group: a@b, c@d;", "", "a@b"),
        ("<@relay.example:a@b>", "", "a@b"),
        # local parts and domains
        ('"john doe"@example.com', "", '"john doe"@example.com'),
        ('<"a b"@c>', "", '"a b"@c'),
        ("a@[192.0.2.1]", "", "a@[192.0.2.1]"),
        ("Åsa <åsa@dömän.example>", "Åsa", "åsa@dömän.example"),
        # encoded words
        ("=?ISO-8859-1?Q?Andr=E9?= Pirard <a@b>", "André Pirard", "a@b"),
        ('"=?UTF-8?Q?Miros=C5=82aw?=" <a@b>', "Mirosław", "a@b"),
        ("=?utf-8?Q?M=C3=BCller=2C_J?= <a@b>", "Müller, J", "a@b"),
        ("=?UTF-8?Q?Andr=C3=A9_(Sales)?= <a@b>", "André (Sales)", "a@b"),
        ("=?utf-8?q?Name_=3Ca=40b=3E?=", "Name", "a@b"),
        ("=?utf-8?q?Name?= <=?utf-8?q?a=40b?=>", "Name", "a@b"),
        ('=?utf-8?q?"M=C3=BCller"?= <a@b>', "Müller", "a@b"),
        ("=?utf-8?q?M=C3=BCller <a@b>", "Müller", "a@b"),
        ("=?utf-8?q?M=C3=BC?= =?utf-8?q?ller?= <a@b>", "Müller", "a@b"),
        # nothing that mail could be sent to
        ("root", "root", ""),
        ("Foo <foo at bar.example>", "Foo foo at bar.example", ""),
        ("Foo </O=EX/OU=A/CN=FOO>", "Foo", ""),
        ("Foo <a@>", "Foo a@", ""),
    ],
)
def test_an_address_is_read(value: str, name: str, email: str) -> None:
    assert from_header(value.encode()) == Address(name, email)


@pytest.mark.parametrize("value", [b"", b"<>", b"undisclosed-recipients:;", b" , ", b"()"])
def test_nothing_is_no_address(value: bytes) -> None:
    assert from_header(value) is None


def test_every_mailbox_of_a_field_is_read() -> None:
    assert mailboxes(b"Group: Lee, Ann <a@b>, c@d; (E) <e@f>, root") == (
        Address("Lee, Ann", "a@b"),
        Address("", "c@d"),
        Address("E", "e@f"),
        Address("root", ""),
    )


def test_of_several_mailboxes_the_first_with_an_address_counts() -> None:
    assert from_header(b"root; A <a@b>") == Address("root A", "a@b")
    assert from_header(b"<>, A <a@b>") == Address("A", "a@b")


# The second byte of a letter may be a quotation mark, a backslash or an at sign.
@pytest.mark.parametrize("codec", ["iso2022_jp", "cp932"])
def test_a_raw_name_in_an_asian_set_does_not_break_the_structure(codec: str) -> None:
    assert from_header("ソ表 本 <a@b>".encode(codec), "shift_jis") == Address("ソ表 本", "a@b")


def test_a_raw_name_is_in_the_character_set_of_the_mail() -> None:
    raw = b"From: " + "Иван <a@b>".encode("koi8-r") + b"\nContent-Type: text/plain; charset=koi8-r\n\nx"
    assert parse(raw, "<1@x>").sender == Address("Иван", "a@b")


@pytest.mark.parametrize("value", [b"=?utf-8?q?a=0D=0Ab?= <a@b>", b"a\x00b <a@b>", b'"a\tb" <a@b>'])
def test_a_name_is_one_line(value: bytes) -> None:
    assert from_header(value) == Address("a b", "a@b")


# Such values end the standard library's reader with a RecursionError (lessons.md).
@pytest.mark.parametrize(
    "value",
    [
        b"a," * 50_000,
        b"<a@b" * 50_000,
        b"((a@b))" * 50_000,
        b"<" + b". " * 50_000 + b"a@b>",
        b"=?a?q?" * 50_000,
        b"(" * 100_000,
        b'"' * 100_001,
        b"<" * 100_000,
        b"a@b," * 100_000,
        b'"' + b"\\" * 99_999,
        b"<" + b" " * 8_000 + b"a@b>",
    ],
)
def test_a_hostile_value_takes_no_time(value: bytes) -> None:
    address = from_header(value)
    assert (address is None) is (set(value) == {ord('"')})
    assert address is None or address.email in {"", "a@b"}


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(alphabet='ab@<>"(),:;\\ =?.é', max_size=40))
def test_any_value_is_read_somehow(value: str) -> None:
    address = from_header(value.encode())
    assert address is None or address.name or address.email


PIECES = (
    *("=?utf-8?q?Ann_=C3=84rlig?=", "=?utf-8?b?w4RybGln?=", "=?iso-8859-1?Q?'x'?=", "=?x?q?=22a=22?=", '"Lee, Ann"'),
    *('"A (b) & c"', '"a@b.c"', '"A-"', "Ann", "Dr.", "a.b", "12", ".x", "-", "mailto", "(x)", "&", " ", "  ", ","),
)


# Usual forms of From are read by one pattern, others piece by piece: both are to say the same.
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join), st.sampled_from(["", " "]))
@settings(max_examples=1_000)
def test_a_writer_is_the_same_whichever_way_it_is_read(name: str, space: str) -> None:
    value = f"{name}{space}<ann.x@b.example>".encode()
    assert from_header(value) == next((one for one in mailboxes(value) if one.email), None)
