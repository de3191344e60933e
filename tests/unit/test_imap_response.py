"""Answers of servers, as they write them: to FETCH, to SEARCH, and what ends a command."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sources.imap_response import Fetched, Response, fetched, found_uids, sequence, status_of


@pytest.mark.parametrize(
    ("text", "literals", "said"),
    [
        (b"* 3 FETCH (UID 7 BODY[] {5}\r\n)\r\n", (b"hello",), Fetched(7, body=b"hello")),
        (b"* 3 FETCH (BODY[] {5}\r\n UID 7)\r\n", (b"hello",), Fetched(7, body=b"hello")),
        (b"* 3 fetch (body[]<0> {5}\r\n uid 7)\r\n", (b"hello",), Fetched(7, body=b"hello")),
        (b'* 3 FETCH (UID 7 BODY[] "a \\"b\\" \\\\")\r\n', (), Fetched(7, body=b'a "b" \\')),
        (b'* 3 FETCH (UID 7 BODY[] "")\r\n', (), Fetched(7, body=b"")),
        (b"* 3 FETCH (UID 7 BODY[] NIL)\r\n", (), Fetched(7)),
        (b"* 3 FETCH (UID 7 BODY[] {9000000}\r\n)\r\n", (None,), Fetched(7)),
        (b"* 3 FETCH (UID 7 RFC822.SIZE 44827)\r\n", (), Fetched(7, size=44827)),
        (b"* 3 FETCH (RFC822.SIZE 44827 UID 7 MODSEQ (12))\r\n", (), Fetched(7, size=44827)),
        (
            b'* 3 FETCH (UID 7 INTERNALDATE "17-Jul-1996 02:44:25 -0700")\r\n',
            (),
            Fetched(7, date="17-Jul-1996 02:44:25 -0700"),
        ),
        # Keywords may be called as they like.
        (b"* 3 FETCH (FLAGS (UID 1 RFC822.SIZE 2 BODY[]) UID 7)\r\n", (), Fetched(7)),
        (b"* 3 FETCH (FLAGS (\\Seen))\r\n", (), None),
        (b"* 3 EXISTS\r\n", (), None),
    ],
)
def test_a_fetch_response_is_read_in_any_order(
    text: bytes, literals: tuple[bytes | None, ...], said: Fetched | None
) -> None:
    assert fetched(Response(text, literals)) == said


def test_a_search_response_is_a_list_of_uids() -> None:
    assert found_uids(Response(b"* SEARCH 2 84 882\r\n")) == [2, 84, 882]
    assert found_uids(Response(b"* SEARCH\r\n")) == []
    assert found_uids(Response(b"* 2 EXISTS\r\n")) is None


def test_what_ends_a_command_has_its_tag() -> None:
    assert status_of(b"G7 NO [SERVERBUG] no\r\n") == (b"G7", "NO", "[SERVERBUG] no")
    assert status_of(b"* 2 EXISTS\r\n") is None


# What was written as a set is the set, and as short as it can be.
@given(st.sets(st.integers(1, 60), min_size=1))
def test_uids_are_written_as_the_set_that_they_are(uids: set[int]) -> None:
    written = sequence(sorted(uids))
    read: set[int] = set()
    for part in written.split(","):
        first, _, last = part.partition(":")
        read |= set(range(int(first), int(last or first) + 1))
    assert read == uids
    assert written.count(",") == sum(uid + 1 not in uids for uid in uids) - 1


# A line may be as long as a mailbox with many messages makes it.
def test_a_hostile_line_is_read_soon() -> None:
    began = time.process_time()
    assert fetched(Response(b"* 1 FETCH (" + b"FLAGS (" * 1_000_000 + b"UID 7\r\n")) == Fetched(7)
    assert time.process_time() - began < 5
