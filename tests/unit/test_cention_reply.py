"""Reading a response as it comes: whatever its pieces are, and whatever a server may put into it."""

import asyncio
import gzip
import http.client

import pytest

from gateway.cention.reply import Incoming, Reply, read_reply

LONGEST = 1000


def read(data: bytes, piece: int = 1 << 20) -> tuple[Reply, bytes]:
    """A response that comes in pieces, after which the connection ends; and what is left of what came."""
    buffer = bytearray()
    pieces = [data[start : start + piece] for start in range(0, len(data), piece)]

    async def more() -> bool:
        if not pieces:
            return False
        buffer.extend(pieces.pop(0))
        return True

    return asyncio.run(read_reply(Incoming(buffer, more), LONGEST)), bytes(buffer)


PLAIN = b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\nX-Case: Yes\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nTrailer: x\r\n\r\n"
BARE = b"HTTP/1.1 200\nContent-Length: 5\n\nhello"
CONTINUED = b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN


@pytest.mark.parametrize("piece", [1, 3, 1000])
@pytest.mark.parametrize("data", [PLAIN, CHUNKED, BARE, CONTINUED], ids=["plain", "chunked", "bare LF", "continued"])
def test_a_response_is_the_same_in_whatever_pieces_it_comes(data: bytes, piece: int) -> None:
    reply, left = read(data, piece)
    assert (reply.body, reply.whole, reply.kept, left) == (b"hello", True, True, b"")
    assert reply.status in {200, 201}


def test_names_of_headers_are_found_in_any_case() -> None:
    assert read(PLAIN)[0].headers == {"content-length": "5", "x-case": "Yes"}


# What is no part of the response stays where it came: whoever keeps the connection has to see it.
def test_what_comes_behind_a_response_is_left() -> None:
    assert read(PLAIN + b"HTTP/1.1 400")[1] == b"HTTP/1.1 400"


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 5\r\n\r\nhello",
    ],
    ids=["to the end", "HTTP/1.0", "close"],
)
def test_a_connection_that_ends_with_its_response_is_not_kept(data: bytes) -> None:
    reply, _ = read(data)
    assert (reply.body, reply.kept) == (b"hello", False)


@pytest.mark.parametrize("status", [204, 304])
def test_a_response_without_a_body_ends_with_its_head(status: int) -> None:
    reply, left = read(b"HTTP/1.1 %d x\r\nContent-Length: 5\r\n\r\nHTTP/" % status)
    assert (reply.body, left) == (b"", b"HTTP/")


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 1000000\r\n\r\n" + b"x" * 5000,
        b"\r\n" + b"x" * 5000,
        b"Transfer-Encoding: chunked\r\n\r\n1388\r\n" + b"x" * 5000,
    ],
    ids=["length", "to the end", "chunked"],
)
def test_a_body_that_is_too_long_is_not_read_to_its_end(body: bytes) -> None:
    reply, _ = read(b"HTTP/1.1 200 OK\r\n" + body, 100)
    assert (reply.whole, reply.kept) == (False, False)
    assert LONGEST <= len(reply.body) <= LONGEST + 100


def test_a_body_that_was_compressed_unasked_is_unpacked_within_the_bound() -> None:
    packed = gzip.compress(b'{"data":' + b" " * 5000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    assert read(head + packed)[0].body.startswith(b'{"data":')
    assert len(read(head + packed)[0].body) == LONGEST


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", http.client.RemoteDisconnected),
        (b"HTTP/1.1 200", http.client.IncompleteRead),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", http.client.IncompleteRead),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe", http.client.IncompleteRead),
        (b"SSH-2.0-x\r\n", http.client.BadStatusLine),
        (b"HTTP/1.1 twohundred\r\n\r\n", http.client.BadStatusLine),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n", http.client.BadStatusLine),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", http.client.HTTPException),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", http.client.HTTPException),
        (b"HTTP/1.1 200 OK\r\n" + b"A" * 100_000, http.client.LineTooLong),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", http.client.HTTPException),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n", http.client.HTTPException),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 100_000, http.client.LineTooLong),
    ],
)
def test_what_is_no_response_is_told_by_its_kind(data: bytes, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        read(data, 7_000)
