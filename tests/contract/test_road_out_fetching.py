"""What answers name and do not carry, with the whole program: what is kept of it, and what it is taken for."""

from pathlib import Path

import pytest

from tests.contract.test_road_out import GIF, PNG, errand_of, file
from tests.roads import Road, road, until

SHOWN = {"text": "x", "html": '<p>x<img src="cid:archive_1"></p>', "archives": [file("logo.png", "image/png", PNG)]}
ZIPPED = b"PK\x03\x04" + bytes(60)


def archives_asked(roads: Road) -> int:
    """How often Cention was asked for an archive."""
    return sum("c3_area_archives" in call["path"] for call in roads.get("/_sim/calls"))


# The copy is composed anew, as the next answer with the same logo would be.
@pytest.mark.parametrize(("size", "asked"), [(64_000_000, 1), (0, 2)])
def test_a_logo_is_fetched_once_and_kept_where_there_is_room_for_it(tmp_path: Path, size: int, asked: int) -> None:
    copies = [{"name": "archive", "address": "archive@example.org"}]
    with road(tmp_path, cache={"size": size}, sent_bcc=copies) as roads:
        roads.reaches(roads.answers(errand_of(roads), **SHOWN), "done")
        until(lambda: len(roads.smarthost.mails) == 2, "the copy")
        assert archives_asked(roads) == asked
        assert roads.smarthost.mails[0][1] == roads.smarthost.mails[1][1]
    assert [file.read_bytes()[-len(PNG) :] for file in tmp_path.glob("spool.db.cache/*")] == [PNG] * (2 - asked)


# Cention says `application/octet-stream` of what it does not know: a reader then offers a file instead of opening it.
def test_what_cention_calls_some_bytes_is_sent_as_what_it_is(tmp_path: Path) -> None:
    some = "application/octet-stream"
    attachments = [
        file("letter.docx", some, ZIPPED),
        file("report", some, b"%PDF-1.7\n" + bytes(60)),
        file("unknown.bin", some, bytes(range(100))),
        file("really.txt", "text/plain", GIF),
    ]
    with road(tmp_path) as roads:
        roads.reaches(roads.answers(errand_of(roads), text="x", html="", attachments=attachments), "done")
        types = {part.get_filename(): part.get_content_type() for part in roads.smarthost.parsed().iter_attachments()}
        assert types == {
            "letter.docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "report": "application/pdf",
            "unknown.bin": some,
            "really.txt": "text/plain",
        }
