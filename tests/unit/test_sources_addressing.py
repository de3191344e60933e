"""Whose mail a fetched message is."""

import time

import pytest

from gateway.sources.addressing import Addressing, addresses
from gateway.sources.imap_envelope import envelope_of, head_of, identified, sender_of

ROUTES = {"support@example.com": "support", "sales@example.com": "sales"}
BY_HEADER = Addressing(
    "rest", ("Delivered-To", "X-Original-To", "To", "Cc"), lambda address: ROUTES.get(address.lower())
)
FIXED = Addressing("rest", (), lambda _: None)


def test_a_fixed_route_takes_every_message() -> None:
    assert FIXED.routes(b"To: support@example.com\n") == (["rest"], ())


def test_the_recipient_in_a_header_decides() -> None:
    assert BY_HEADER.routes(b"To: Help <Support@example.com>\r\n\r\n") == (["support"], ("Support@example.com",))


# To may be a list; where it was delivered to is this mailbox.
def test_an_earlier_header_of_the_list_goes_before_a_later_one() -> None:
    head = b"To: support@example.com\nDelivered-To: sales@example.com\n"
    assert BY_HEADER.routes(head)[0] == ["sales"]


def test_a_mail_to_two_of_ours_is_for_both() -> None:
    head = b'To: "a, b" <support@example.com>,\r\n\tother@example.org,\r\n sales@example.com\r\n'
    assert BY_HEADER.routes(head)[0] == ["support", "sales"]


def test_what_no_route_claims_goes_to_the_catch_all() -> None:
    assert BY_HEADER.routes(b"To: someone@example.org\nSubject: support@example.com\n") == (["rest"], ())


# The standard library's reader of addresses is recursive; here a hostile header costs nothing.
def test_a_hostile_header_ends_soon() -> None:
    assert BY_HEADER.routes(b"To: " + b"(" * 500_000 + b"a@b," * 500_000)[0] == ["rest"]


# It would take minutes, of the whole program, if each letter were where an address may begin.
def test_a_header_that_is_one_long_word_ends_soon() -> None:
    began = time.process_time()
    assert list(addresses((b"From: " + b"a" * 99_000 + b"\r\n") * 10, "from")) == []
    assert time.process_time() - began < 5


# PostgreSQL stores no NUL, and no log wants the others.
@pytest.mark.parametrize("character", [b"\0", b"\x01", b"\x1b", b"\x7f"])
def test_a_control_character_is_no_part_of_an_address(character: bytes) -> None:
    head = b"Return-Path: <as%ca@client.example>\r\n\r\n" % character
    envelope, _ = envelope_of(head, FIXED, "", "", "imap")
    assert envelope.sender == "a@client.example"


# Long Message-IDs are folded; a second one would make another mail of it.
def test_a_message_id_on_a_line_of_its_own_is_one() -> None:
    raw = b"Message-ID:\r\n <a@client.example>\r\nSubject: x\r\n\r\n"
    assert identified(raw, head_of(raw), "name") == raw
    nameless = b"Message-ID:\r\nSubject: x\r\n\r\n"
    assert identified(nameless, head_of(nameless), "name") == b"Message-ID: <name>\r\n" + nameless


def test_what_is_known_of_a_sender_goes_behind_return_path_and_before_from() -> None:
    head = b'From: "other@client.example" <asa@client.example>\r\n\r\n'
    assert (sender_of(head), sender_of(head, "known@client.example")) == ("asa@client.example", "known@client.example")
    assert sender_of(b"Return-Path: <>\r\n" + head, "known@client.example") == ""
