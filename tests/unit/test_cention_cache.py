"""Archives that are kept on disk: when Cention is asked again, and that nothing of it can do harm."""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import orjson
import pybase64
import pytest

from gateway.cention.cache import ArchiveCache
from gateway.cention.client import Client
from gateway.cention.workspace import cache_of
from gateway.config.cache import CacheSection
from gateway.errors import Permanent
from gateway.model import Attachment, Resource

LOGO, OTHER = Resource("c3_area_archives", "12"), Resource("c3_area_archives", "13")
FILE = Resource("c3_response_attachments", "12")
BASE = "https://cention.example/s/demo"
PICTURE = Attachment("logo.png", "image/png", b"\x89PNG" + bytes(996), "logo@1")
TOKEN = "token"


@dataclass
class Cention:
    """Gives one picture; `headers` are its answers', `asked` the conditions of each request."""

    base: str = ""
    content: bytes = b"first"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[str | None] = field(default_factory=list)


@pytest.fixture
def cention() -> Iterator[Cention]:
    given = Cention()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            condition = self.headers["If-None-Match"] or self.headers["If-Modified-Since"]
            given.asked.append(condition)
            same = condition is not None and condition in given.headers.values()
            found = {
                "content_type": "image/png",
                "name": "a.png",
                "content": pybase64.b64encode(given.content).decode(),
            }
            body = b"" if same else orjson.dumps({"data": {"attributes": {"attachment": found}}})
            self.send_response(304 if same else given.status)
            for name, value in given.headers.items():
                self.send_header(name, value)
            if not same:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    given.base = f"http://127.0.0.1:{server.server_port}/s/demo"
    yield given
    server.shutdown()
    thread.join()
    server.server_close()


Fetch = Callable[..., bytes]


@pytest.fixture
def fetch(cention: Cention, tmp_path: Path) -> Iterator[Fetch]:
    """Fetches from the server, with a cache in the test's folder that is fresh for so many seconds."""
    with contextlib.ExitStack() as stack:

        def fetch(resource: Resource = LOGO, fresh: float = 0.0) -> bytes:
            client = Client(cention.base, cache=ArchiveCache(tmp_path / "cache", 10_000, fresh))
            stack.callback(client.close)
            return client.fetch(resource, TOKEN).content

        yield fetch


def test_an_archive_is_not_asked_for_while_it_is_fresh(cention: Cention, fetch: Fetch) -> None:
    assert fetch(fresh=60) == fetch(fresh=60) == b"first"
    assert cention.asked == [None]


# What is not fresh any more is asked about, by the one header or the other.
@pytest.mark.parametrize("header", ["ETag", "Last-Modified"])
def test_an_archive_is_fetched_again_only_where_it_changed(cention: Cention, fetch: Fetch, header: str) -> None:
    cention.headers = {header: '"1"'}
    assert fetch() == fetch() == b"first"
    cention.content, cention.headers = b"second", {header: '"2"'}
    assert fetch() == fetch() == b"second"
    assert cention.asked == [None, '"1"', '"1"', '"2"']


# Once Cention has said that it is the same, it is fresh anew.
def test_what_is_confirmed_is_fresh_again(cention: Cention, fetch: Fetch, tmp_path: Path) -> None:
    cention.headers = {"ETag": '"1"'}
    fetch()
    [file] = (tmp_path / "cache").iterdir()
    os.utime(file, (0, 0))
    assert fetch(fresh=60) == fetch(fresh=60) == b"first"
    assert cention.asked == [None, '"1"']


def test_without_a_validator_it_is_fetched_again_after_its_time(cention: Cention, fetch: Fetch) -> None:
    fetch()
    cention.content = b"second"
    assert fetch() == b"second"
    assert cention.asked == [None, None]


def test_an_archive_that_is_gone_is_forgotten(cention: Cention, fetch: Fetch, tmp_path: Path) -> None:
    cention.headers = {"ETag": '"1"'}
    fetch()
    cention.status, cention.headers = 404, {}
    with pytest.raises(Permanent, match="404"):
        fetch()
    assert list((tmp_path / "cache").iterdir()) == []


# Each is of one answer, and what customers are sent belongs to the spool, which forgets it in time.
def test_an_attachment_of_an_answer_is_not_kept(cention: Cention, fetch: Fetch, tmp_path: Path) -> None:
    assert fetch(FILE, fresh=60) == fetch(FILE, fresh=60) == b"first"
    assert len(cention.asked) == 2
    assert not (tmp_path / "cache").exists()


@pytest.fixture
def cache(tmp_path: Path) -> ArchiveCache:
    return ArchiveCache(tmp_path / "cache", 3000, 60.0)


def kept(cache: ArchiveCache, resource: Resource = LOGO, base: str = BASE) -> Attachment | None:
    found = cache.get(base, resource)
    return found.attachment if found is not None else None


def test_what_is_kept_is_what_was_fetched_and_of_its_workspace_only(cache: ArchiveCache) -> None:
    cache.put(BASE, LOGO, PICTURE, {})
    assert kept(cache) == PICTURE
    assert kept(cache, OTHER) is None
    assert kept(cache, base="https://cention.example/s/another") is None


@pytest.mark.parametrize(
    "harm", [lambda raw: raw[:-1], lambda raw: raw[:20], lambda raw: b"", lambda raw: b"[]\n" + raw]
)
def test_a_file_that_is_not_whole_was_never_there(
    cache: ArchiveCache, tmp_path: Path, harm: Callable[[bytes], bytes]
) -> None:
    cache.put(BASE, LOGO, PICTURE, {})
    [file] = (tmp_path / "cache").iterdir()
    file.write_bytes(harm(file.read_bytes()))
    assert kept(cache) is None


def test_files_are_for_their_owner_alone(cache: ArchiveCache, tmp_path: Path) -> None:
    cache.put(BASE, LOGO, PICTURE, {})
    [file] = (tmp_path / "cache").iterdir()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_over_its_bound_what_was_not_used_longest_goes(cache: ArchiveCache, tmp_path: Path) -> None:
    for number, resource in enumerate((LOGO, OTHER)):
        cache.put(BASE, resource, PICTURE, {})
        for file in (tmp_path / "cache").iterdir():
            os.utime(file, (file.stat().st_atime - 100, file.stat().st_mtime))
        assert number == 0 or kept(cache) is not None  # used once more
    cache.put(BASE, Resource("c3_area_archives", "14"), PICTURE, {})
    assert kept(cache) is not None
    assert kept(cache, OTHER) is None
    assert sum(file.stat().st_size for file in (tmp_path / "cache").iterdir()) <= 3000


def test_what_is_larger_than_the_bound_is_not_kept(cache: ArchiveCache) -> None:
    cache.put(BASE, LOGO, Attachment("a", "image/png", bytes(3000)), {})
    assert kept(cache) is None


# A disk that is full or not writable costs fetches, and no answer.
def test_a_folder_that_cannot_be_written_keeps_nothing_and_hurts_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = ArchiveCache(tmp_path / "file" / "cache", 3000, 60.0)
    cache.put(BASE, LOGO, PICTURE, {})
    cache.confirm(BASE, LOGO)
    cache.drop(BASE, LOGO)
    assert kept(cache) is None


def test_a_size_of_nothing_or_no_place_turns_it_off(tmp_path: Path) -> None:
    assert cache_of(CacheSection(), None) is None
    assert cache_of(CacheSection(size=0), tmp_path) is None
    assert cache_of(CacheSection(), tmp_path) is not None
    assert cache_of(CacheSection(folder=str(tmp_path)), None) is not None


# The folder may be named by mistake; it may be where the spool is.
def test_what_is_not_the_caches_own_is_left_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "spool.db").write_bytes(b"mail" * 1000)
    kept = ArchiveCache(tmp_path, 2000, 60.0)
    for resource in (LOGO, OTHER, FILE):
        kept.put(BASE, resource, PICTURE, {})
    assert (tmp_path / "spool.db").read_bytes() == b"mail" * 1000
    assert [kept.get(BASE, one) is not None for one in (LOGO, OTHER, FILE)].count(True) == 1
