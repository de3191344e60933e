"""Old mail comes into the spool once, in order, whole; what is not taken is told of with its place and reason."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gateway.config.settings import Settings
from gateway.errors import Temporary
from gateway.importing import pace, session
from gateway.importing.journal import Journal
from gateway.importing.pace import Pace
from gateway.importing.session import Order
from gateway.importing.tally import Tally
from gateway.recipients import recipients_of
from gateway.sources.addressing import Addressing
from gateway.spool.spool import Spool
from gateway.spool.tables import job, mail
from tests.contract import test_import_outlook as outlook

LINE = b"From asa@client.example Mon Jan  1 10:00:00 2024\n"


def written(
    number: int, to: str = "support@example.com", size: int = 0, date: str = "Mon, 1 Jan 2024 10:00:00 +0000"
) -> bytes:
    head = f"Message-ID: <{number}@client.example>\nFrom: Asa <asa@client.example>\nTo: {to}\nDate: {date}\n\n"
    return head.encode() + b"hello\n" + b"x" * size + b"\n"


def box(path: Path, *mails: bytes) -> Path:
    path.write_bytes(b"".join(LINE + one + b"\n" for one in mails))
    return path


@dataclass(slots=True)
class Seen:
    """A watch that keeps what it was told; `on_waiting` is done at the first wait."""

    wrong: list[tuple[str, str]] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    on_waiting: Callable[[], None] = lambda: None

    def moved(self, tally: Tally) -> None:
        assert tally.mails

    def refused(self, what: str, reason: str) -> None:
        self.wrong.append((Path(what).name, reason))

    def waiting(self, why: str) -> None:
        self.waits.append(why)
        self.on_waiting()


class Place:
    """A folder with a spool, and what is imported into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen = Seen()
        self.sections: dict[str, Any] = {
            "gateway": {"spool": f"sqlite:///{folder / 'spool.db'}"},
            "cention": {"demo": {"url": "http://127.0.0.1:1/s/demo", "attachment_token": "env:TEST_TOKEN"}},
            "route": [
                {
                    "name": name,
                    "recipients": [f"{name}@example.com"],
                    "workspace": "demo",
                    "token": "env:TEST_TOKEN",
                    "reply_from": f"{name}@example.com",
                }
                for name in ("support", "sales")
            ],
            "outgoing": {"smarthosts": ["smtp://127.0.0.1:1"]},
        }

    def imports(self, *paths: Path, route: str = "support", by: tuple[str, ...] = (), **more: Any) -> Tally:
        settings = Settings.model_validate(self.sections)
        order = Order(paths, Addressing(route, by, recipients_of(settings).match), **more)
        self.seen = replace(self.seen, wrong=[], waits=[])
        return session.run(settings, order, self.seen)

    @property
    def journal(self) -> Path:
        return self.folder / "spool.db.import"

    @contextmanager
    def spool(self) -> Iterator[Spool]:
        opened = Spool(self.sections["gateway"]["spool"])
        yield opened
        opened.close()

    def mails(self) -> list[Any]:
        """The rows of all mails in the order of their jobs, with the route."""
        joined = select(mail, job.c.route).join(job, job.c.mail_id == mail.c.id).order_by(job.c.id)
        with self.spool() as spool:
            return spool.read(lambda connection: list(connection.execute(joined)))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("TEST_TOKEN", "token")
    return Place(tmp_path)


def counts(tally: Tally) -> tuple[int, int, int]:
    assert not tally.stopped
    return tally.taken, tally.seen, tally.refused


# Large ones go another way into the spool, and must not be overtaken.
def test_mails_are_accepted_in_the_order_in_which_they_lie(place: Place) -> None:
    sizes = [500_000 if number % 7 == 3 else 10 for number in range(300)]
    path = box(place.folder / "box", *(written(number, size=size) for number, size in enumerate(sizes)))
    assert counts(place.imports(path)) == (300, 0, 0)
    rows = place.mails()
    assert [row.size for row in rows] == [len(written(number, size=size)) for number, size in enumerate(sizes)]
    assert [row.id for row in rows] == sorted(row.id for row in rows)


def test_the_envelope_is_what_the_header_and_the_place_tell(place: Place) -> None:
    bounce = b"Return-Path: <>\n" + written(1)
    plain = b"Subject: no sender\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n\nx\n"
    place.imports(box(place.folder / "box", b"Return-Path: <path@client.example>\n" + written(0), bounce, plain))
    rows = place.mails()
    assert [row.sender for row in rows] == ["path@client.example", "", "asa@client.example"]
    assert {row.source for row in rows} == {"import"}
    assert rows[0].peer == f"{place.folder / 'box'} at byte 0"


def test_what_is_known_is_seen_before_though_the_journal_is_gone(place: Place) -> None:
    path = box(place.folder / "box", *map(written, range(20)))
    (place.folder / "7.eml").write_bytes(written(7))
    place.imports(path)
    place.journal.unlink()
    assert counts(place.imports(path, place.folder / "7.eml")) == (0, 21, 0)
    assert len(place.mails()) == 20


def test_a_second_run_reads_only_what_is_new(place: Place) -> None:
    path = box(place.folder / "box", *map(written, range(20)))
    (place.folder / "mh").mkdir()
    (place.folder / "mh" / "1").write_bytes(written(100))
    assert counts(place.imports(path, place.folder / "mh")) == (21, 0, 0)
    assert place.imports(path, place.folder / "mh").mails == 0
    with path.open("ab") as file:
        file.write(LINE + written(20))
    (place.folder / "mh" / "0").write_bytes(written(101))
    tally = place.imports(path, place.folder / "mh")
    assert counts(tally) == (2, 1, 0)


# Another route's mail is another errand; and what was left out for its age may be asked for later.
def test_what_is_asked_for_anew_is_begun_anew(place: Place) -> None:
    path = box(place.folder / "box", written(1, date="Mon, 1 Jan 2018 10:00:00 +0000"), written(2))
    since = datetime(2020, 1, 1, tzinfo=UTC).timestamp()
    tally = place.imports(path, since=since)
    assert (counts(tally), tally.older) == ((1, 0, 0), 1)
    assert counts(place.imports(path)) == (1, 1, 0)
    assert counts(place.imports(path, route="sales")) == (2, 0, 0)


def test_age_is_told_by_the_date_or_else_by_the_place_and_what_has_none_is_taken(place: Place) -> None:
    since = datetime(2024, 1, 2, tzinfo=UTC).timestamp()
    path = box(place.folder / "box", written(1, date="yesterday"), written(2, date="Wed, 3 Jan 2024 00:00:00 +0100"))
    (place.folder / "3.eml").write_bytes(written(3, date="never"))
    tally = place.imports(path, place.folder / "3.eml", since=since)
    assert (counts(tally), tally.older) == ((2, 0, 0), 1)


def test_headers_say_whose_mail_it_is_and_the_rest_is_the_catch_alls_or_refused(place: Place) -> None:
    mails = [written(1, "sales@example.com, support@example.com"), b"Delivered-To: sales@example.com\n" + written(2)]
    path = box(place.folder / "box", *mails, written(3, "nobody@example.com"))
    assert counts(place.imports(path, route="", by=("Delivered-To", "To"))) == (2, 0, 1)
    at = len(box(place.folder / "before", *mails).read_bytes())
    assert place.seen.wrong == [(f"box at byte {at}", "none of our recipients is in Delivered-To, To")]
    assert [row.route for row in place.mails()] == ["sales", "support", "sales"]
    assert counts(place.imports(path, route="support", by=("Delivered-To", "To"))) == (1, 2, 0)


# The others are taken; once there is room, the refused are tried again, and nothing else is.
def test_a_mail_that_is_too_large_is_refused_and_taken_when_it_may_be(place: Place) -> None:
    long = written(2).replace(b"Date:", b"X-Long: " + b"y" * 2000 + b"\nDate:")
    path = box(place.folder / "box", written(0), written(1, size=5000), long, written(3))
    (place.folder / "mh").mkdir()
    (place.folder / "mh" / "1").write_bytes(written(4, size=5000))
    place.sections["smtp"] = {"max_size": 4000, "max_header_size": 1000}
    assert counts(place.imports(path, place.folder / "mh")) == (2, 0, 3)
    large, head = "it is larger than smtp.max_size, 4000 bytes", "the header is larger than 1000 bytes"
    assert [reason for _, reason in place.seen.wrong] == [large, head, large]
    del place.sections["smtp"]
    assert counts(place.imports(path, place.folder / "mh")) == (3, 0, 0)
    assert place.imports(path, place.folder / "mh").mails == 0


# Two equal mails that do not say which they are may be two; but each is the same one when it is imported again, and
# when it has been read meanwhile.
def test_mails_without_identity_are_told_apart_by_their_places(place: Place) -> None:
    plain = b"Subject: form\n\nhello\n"
    for part in ("cur", "new"):
        (place.folder / "M" / part).mkdir(parents=True)
    (place.folder / "M" / "new" / "1000000000.a").write_bytes(plain)
    path = box(place.folder / "box", plain, plain)
    assert counts(place.imports(path, place.folder / "M")) == (3, 0, 0)
    (place.folder / "M" / "new" / "1000000000.a").rename(place.folder / "M" / "cur" / "1000000000.a:2,RS")
    place.journal.unlink()
    assert counts(place.imports(path, place.folder / "M")) == (0, 3, 0)


def test_a_rehearsal_says_what_would_be_and_keeps_nothing(place: Place) -> None:
    path = box(place.folder / "box", written(1), written(1), written(2, size=500_000), b"", written(3))
    place.imports(box(place.folder / "known", written(3)))
    before = sorted(place.folder.rglob("*"))
    rehearsed = place.imports(path, rehearse=True)
    assert sorted(place.folder.rglob("*")) == before
    assert counts(rehearsed) == counts(place.imports(path)) == (2, 2, 1)


# Nothing is refused for it, and all goes on when there is room again.
def test_a_spool_without_room_ends_the_import_and_it_goes_on_later(place: Place) -> None:
    path = box(place.folder / "box", *map(written, range(300)))
    place.sections["gateway"]["min_free"] = "1000000 GB"
    tally = place.imports(path)
    assert (tally.stopped, tally.taken, tally.refused, tally.left) == ("the spool's disk is full", 0, 0, tally.size)
    del place.sections["gateway"]["min_free"]
    assert counts(place.imports(path)) == (300, 0, 0)


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


# It waits for the gateway to work off what there is; asked to stop meanwhile it does, and later goes on there.
def test_a_limit_of_the_spool_is_waited_for_and_a_signal_ends_the_wait_in_order(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "_LOOK_SECONDS", 0.0)
    path = box(place.folder / "box", *map(written, range(300)))
    place.sections["gateway"]["max_waiting"] = 10
    place.seen.on_waiting = interrupt
    tally = place.imports(path)
    assert place.seen.waits[0].endswith("the limit is 10 (gateway.max_waiting)")
    assert tally.stopped == "it was asked to stop"
    assert 10 <= tally.taken == len(place.mails()) < 300
    assert tally.left == tally.size - tally.done
    del place.sections["gateway"]["max_waiting"]
    assert counts(place.imports(path)) == (300 - tally.taken, 0, 0)


def test_a_limit_that_is_over_lets_the_next_mail_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "_LOOK_SECONDS", 0.001)
    limits, told = iter(["11 wait", "10 wait", ""]), list[str]()

    async def turn() -> bool:
        return await Pace(0.0, lambda: next(limits), told.append).turn()

    assert asyncio.run(turn())
    assert told == ["11 wait", ""]


def test_a_file_that_cannot_be_read_does_not_stop_the_others(place: Place) -> None:
    for name, content in (("1.eml", written(1)), ("2.eml", b"\0junk" * 100), ("3.eml", b""), ("4.eml", written(4))):
        (place.folder / name).write_bytes(content)
    assert counts(place.imports(place.folder)) == (2, 0, 2)
    assert [what for what, _ in place.seen.wrong] == ["2.eml", "3.eml"]


# Two at once would not lose a mail, but each would write over what the other says of how far it is.
def test_one_import_at_a_time_uses_a_journal(place: Place) -> None:
    first = Journal(place.folder / "journal", "purpose")
    with pytest.raises(Temporary, match="another import has it open"):
        Journal(place.folder / "journal", "purpose")
    first.close()
    Journal(place.folder / "journal", "purpose").close()


# A kill may cut its last line off, anywhere.
def test_a_journal_that_is_cut_anywhere_costs_at_most_a_second_look(place: Place) -> None:
    path = box(place.folder / "box", written(1))
    place.imports(path)
    whole = place.journal.read_bytes()
    for end in range(0, len(whole), 7):
        place.journal.write_bytes(whole[:end])
        tally = place.imports(path)
        assert (tally.taken, tally.refused) == (0, 0)
        assert place.imports(path).mails == 0


def test_the_journal_lies_where_it_is_told_to(place: Place) -> None:
    place.imports(box(place.folder / "box", written(1)), state=place.folder / "elsewhere")
    assert (place.folder / "elsewhere").stat().st_mode & 0o777 == 0o600
    assert not place.journal.exists()


def test_an_outlook_message_is_imported_as_the_mail_that_it_is(place: Place) -> None:
    message = {0x0037: "from Outlook", 0x1000: "hello", 0x0C1A: "Asa", 0x5D01: "asa@client.example"}
    file = outlook.written(place.folder / "a.msg", message, [{0x3001: "Support", 0x39FE: "support@example.com"}])
    (place.folder / "broken.msg").write_bytes(file.read_bytes()[:1000])
    assert counts(place.imports(place.folder, route="", by=("To",))) == (1, 0, 1)
    (row,) = place.mails()
    assert (row.route, row.sender) == ("support", "asa@client.example")
    assert b"Subject: from Outlook\r\n" in row.raw
    place.journal.unlink()
    assert counts(place.imports(file)) == (0, 1, 0)
