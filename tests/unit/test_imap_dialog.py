"""A server that plays by the rules and one that does not, as a script: what we make of their bytes."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.config.imap import Imap
from gateway.config.units import Secret
from gateway.errors import Temporary, TooLarge
from gateway.sources.imap_dialog import Answered, Dialog, Goodbye
from gateway.sources.imap_large import RANGE, Large
from gateway.sources.imap_login import Crowded, Login, _authenticate, _refusal
from gateway.sources.imap_response import Fetched, Response, fetched
from gateway.sources.imap_stream import LONGEST_LINE, Stream
from gateway.sources.poller import Denied

Answer = Callable[[bytes], bytes]


@pytest.fixture
def stream() -> Iterator[tuple[Stream, socket.socket]]:
    """A stream with a short patience, and the other end of it."""
    ours, theirs = socket.socketpair()
    yield Stream(ours, 0.3), theirs
    ours.close()
    theirs.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], Dialog]]:
    """Has a dialog with a server that says to each line whatever a function says to it."""
    listening = socket.create_server(("127.0.0.1", 0))
    dialogs: list[Dialog] = []
    threads: list[threading.Thread] = []

    def serve(answer: Answer) -> Dialog:
        threads.append(threading.Thread(target=_serve, args=(listening, answer)))
        threads[-1].start()
        dialogs.append(Dialog("127.0.0.1", listening.getsockname()[1], None, 2.0))
        return dialogs[-1]

    yield serve
    for dialog in dialogs:
        dialog.shutdown()
    listening.close()
    for thread in threads:
        thread.join(5)


def _serve(listening: socket.socket, answer: Answer) -> None:
    connection, _ = listening.accept()
    with connection, suppress(OSError), connection.makefile("rb") as lines:
        connection.sendall(b"* OK hello\r\n")
        for line in lines:
            tag = line.split()[0]
            greeting = b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK done\r\n"
            connection.sendall(greeting if b"CAPABILITY" in line else answer(line))


# Dovecot does so: two FETCH at a time, and the answers mixed.
def test_answers_may_come_in_any_order(serve: Callable[[Answer], Dialog]) -> None:
    mixed = b"* 2 FETCH (UID 2 BODY[] {1}\r\nb)\r\nG2 OK two\r\n* 1 FETCH (UID 1 BODY[] {1}\r\na)\r\nG1 NO one\r\n"
    dialog = serve(lambda line: mixed if line.startswith(b"G2") else b"")
    messages: list[Response] = []
    ended: list[Answered] = []
    dialog.on_message = messages.append
    dialog.plan("UID FETCH 1 (BODY.PEEK[])", ended.append)
    dialog.plan("UID FETCH 2 (BODY.PEEK[])", ended.append)
    dialog.catch_up()
    assert [found.uid for one in messages if (found := fetched(one))] == [2, 1]
    assert ended == [Answered("NO", "one"), Answered("OK", "two")]
    assert dialog.open_commands == 0


def test_a_server_that_says_goodbye_is_heard(serve: Callable[[Answer], Dialog]) -> None:
    dialog = serve(lambda _: b"* BYE maintenance\r\n")
    with pytest.raises(Goodbye, match="maintenance"):
        dialog.ask("NOOP")


# What is larger than it was said to be is read and let go, so that what comes behind it can be read.
def test_a_literal_that_is_too_large_is_passed_over(serve: Callable[[Answer], Dialog]) -> None:
    large = 5 * 1024 * 1024
    said = b"* 1 FETCH (UID 1 BODY[] {%d}\r\n%s)\r\n* 2 FETCH (UID 2 BODY[] {1}\r\nb)\r\nG1 OK\r\n"
    dialog = serve(lambda _: said % (large, b"x" * large))
    bodies = [found.body for one in dialog.ask("UID FETCH 1:2 (BODY.PEEK[])") if (found := fetched(one))]
    assert bodies == [None, b"b"]


# A server that never comes to an end is left, before memory is full.
@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"* SEARCH" + b" 1" * 500 + b"\r\n", "with more than 100000 bytes"),
        (b"* 1 FETCH (UID 1 BODY[] {1000}\r\n" + b"x" * 1000 + b")\r\n", "with more than 100000 bytes"),
        (b"x {1}\r\nx", "with more than 10 literals"),
    ],
)
def test_an_answer_without_an_end_is_given_up(
    serve: Callable[[Answer], Dialog], monkeypatch: pytest.MonkeyPatch, said: bytes, reason: str
) -> None:
    monkeypatch.setattr("gateway.sources.imap_dialog._LARGEST_ANSWER", 100_000)
    dialog = serve(lambda line: said * 1000 + b"\r\n" + line.split()[0] + b" OK done\r\n")
    with pytest.raises(ConnectionError, match=reason):
        dialog.ask("UID SEARCH ALL")


# LOGIN would send a line break as the end of a command, and imaplib shows the letter that it cannot send.
@pytest.mark.parametrize("password", ["horse\r\nG1 DELETE INBOX", "h\u00e4st"])
def test_a_password_that_login_cannot_send_is_not_sent(serve: Callable[[Answer], Dialog], password: str) -> None:
    heard: list[bytes] = []

    def answer(line: bytes) -> bytes:
        heard.append(line)
        return line.split()[0] + b" OK done\r\n"

    settings = {"name": "box", "host": "h", "user": "u", "password": "env:PATH", "route": "r"}
    box = Imap.model_validate(settings).model_copy(update={"password": Secret(password, inline=True)})
    with pytest.raises(Denied, match="LOGIN cannot send") as refused:
        _authenticate(serve(answer), Login(box))
    assert "\u00e4" not in str(refused.value)
    assert heard == []


def test_lines_and_literals_are_read_however_they_are_cut(stream: tuple[Stream, socket.socket]) -> None:
    ours, theirs = stream
    said = b"one {3}\r\nabc two\r\n" * 50

    def trickle() -> None:
        for at in range(len(said)):
            theirs.sendall(said[at : at + 1])

    threading.Thread(target=trickle).start()
    for _ in range(50):
        assert ours.line() == b"one {3}\r\n"
        assert ours.exactly(3) == b"abc"
        assert ours.line() == b" two\r\n"


def test_a_line_without_an_end_is_not_read_for_ever(stream: tuple[Stream, socket.socket]) -> None:
    ours, theirs = stream

    def flood() -> None:
        with suppress(OSError):
            while True:
                theirs.sendall(b"x" * 1_000_000)

    thread = threading.Thread(target=flood)
    thread.start()
    ours.expect(LONGEST_LINE)
    with pytest.raises(ConnectionError, match="a line of more than"):
        ours.line()
    ours.sock.close()
    thread.join(5)


def test_silence_is_not_waited_through(stream: tuple[Stream, socket.socket]) -> None:
    with pytest.raises(TimeoutError, match="silent"):
        stream[0].line()


def test_the_end_of_a_connection_is_noticed(stream: tuple[Stream, socket.socket]) -> None:
    stream[1].close()
    with pytest.raises(ConnectionError):
        stream[0].line()


# RFC 5530, and what servers say that do not know it: only some of it is the password's fault.
@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("[AUTHENTICATIONFAILED] Authentication failed.", Denied),
        ("[AUTHORIZATIONFAILED] no", Denied),
        ("[EXPIRED] your password", Denied),
        ("LOGIN failed.", Denied),
        ("[ALERT] Application-specific password required", Denied),
        ("[UNAVAILABLE] Temporary authentication failure.", Temporary),
        ("[INUSE] mailbox is locked", Temporary),
        ("[SERVERBUG] internal error", Temporary),
        ("[LIMIT] too many", Crowded),
        ("[UNAVAILABLE] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)", Crowded),
        ("[ALERT] Too many simultaneous connections. (Failure)", Crowded),
    ],
)
def test_a_refusal_is_told_from_what_passes(said: str, kind: type[Exception]) -> None:
    assert type(_refusal(said)) is kind


class Kept:
    """Where the pieces of a large message go."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, piece: bytes) -> None:
        self.pieces.append(piece)


def large(dialog: Dialog, size: int) -> tuple[Large, Kept]:
    """A message that the server says to have so many bytes, on its way."""
    kept = Kept()
    ground: Any = SimpleNamespace(stopping=threading.Event())
    delivery: Any = kept
    return Large(ground, delivery, dialog, Fetched(1, size), "name"), kept


def ranges(whole: bytes, *, until: int) -> Answer:
    """A server that has a message in ranges, and none of it behind some place."""

    def answer(line: bytes) -> bytes:
        tag, start = line.split()[0], int(line.partition(b"<")[2].partition(b".")[0])
        piece = whole[start : start + RANGE]
        said = b"* 1 FETCH (UID 1 BODY[]<%d> {%d}\r\n%s)\r\n" % (start, len(piece), piece) if start < until else b""
        return said + tag + b" OK done\r\n"

    return answer


# What a server says to be a message's size is often only nearly so.
@pytest.mark.parametrize("wrong", [-5_000_000, -1, 0, 1, 5_000_000])
def test_a_large_message_is_whole_whatever_size_the_server_says(serve: Callable[[Answer], Dialog], wrong: int) -> None:
    whole = b"Date: now\r\n\r\n" + b"x" * (RANGE + 1000)
    message, kept = large(serve(ranges(whole, until=1 << 40)), len(whole) + wrong)
    message.fetch(1 << 30)
    assert b"".join(kept.pieces) == whole
    assert not message.gone


# Somebody deletes it while we fetch it: the half that we have is not taken for the whole.
def test_a_large_message_that_goes_in_the_middle_is_not_taken_for_whole(serve: Callable[[Answer], Dialog]) -> None:
    whole = b"Date: now\r\n\r\n" + b"x" * (2 * RANGE)
    message, _ = large(serve(ranges(whole, until=RANGE)), len(whole))
    message.fetch(1 << 30)
    assert message.gone


def test_a_large_message_is_not_read_past_the_limit(serve: Callable[[Answer], Dialog]) -> None:
    whole = b"Date: now\r\n\r\n" + b"x" * (3 * RANGE)
    message, kept = large(serve(ranges(whole, until=1 << 40)), 100)
    with pytest.raises(TooLarge):
        message.fetch(RANGE + 1000)
    assert sum(map(len, kept.pieces)) <= 2 * RANGE
