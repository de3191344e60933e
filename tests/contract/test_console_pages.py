"""The console's pages as any client gets them: who may read bodies, hostile mail, addresses, and the gateway's stop."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.config.worker import WorkerSection
from gateway.errors import Permanent
from gateway.flow.readers import Readers
from gateway.web.console import reading
from gateway.web.console.sight import Asked
from tests.doors import PASSWORD, Browser, user
from tests.roads import Road, until
from tests.roads import road as running

MAIL = """From: Åsa <asa@client.example>
To: support@example.com
Subject: A secret order
Message-ID: <secret/1@client.example>

The secret is here.
"""


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    console = {"user": {"eva": user("look"), "bo": user("act")}, "hide_bodies": True}
    with running(tmp_path_factory.mktemp("road"), console=console) as started:
        yield started


@pytest.fixture(scope="module")
def name(road: Road) -> str:
    found = road.sends(MAIL)
    road.reaches(found, "done")
    return found


def signed_in(road: Road, who: str) -> Browser:
    browser = Browser(f"http://{road.gateway.http}")
    browser.signs_in(who, PASSWORD)
    return browser


# Who may only look sees that a mail came and what became of it; what it says is not on the page at all.
def test_what_a_mail_says_is_kept_from_whoever_may_only_look(road: Road, name: str) -> None:
    eva, bo = signed_in(road, "eva"), signed_in(road, "bo")
    page = eva.see(f"/mail/{name}")
    assert "A secret order" in page.text
    assert "The secret is here." not in page.text
    assert "kept from your role" in page.text
    assert [eva.see(f"/mail/{name}/{part}").status_code for part in ("raw", "html", "files/0")] == [403, 403, 403]
    assert "The secret is here." in bo.see(f"/mail/{name}").text


@pytest.mark.parametrize("called", ["{job}", "{id}", "%23{errand}", "%3Csecret%2F1%40client.example%3E"])
def test_a_mail_is_reached_by_every_name_that_it_has(road: Road, name: str, called: str) -> None:
    job = road.job(name)
    address = called.format(job=job["id"], id=name.lower(), errand=job["result"])
    assert "A secret order" in signed_in(road, "bo").see(f"/mail/{address}").text


def test_an_address_with_nonsense_is_a_list_all_the_same(road: Road, name: str) -> None:
    browser = signed_in(road, "eva")
    for query in (
        "?below=x",
        "?below=-1",
        "?below=99999999999999999999999",
        "?q=%00%22%27",
        f"?q={'a+' * 400}",
        "?q=-",
    ):
        assert browser.see(f"/mail{query}").status_code == 200, query


def test_a_search_is_completed_with_the_names_of_the_settings(road: Road) -> None:
    assert signed_in(road, "eva").see("/complete?q=hello+route:s").json() == [
        "hello route:support",
        "hello route:sales",
    ]


# A mail that ends whatever reads it costs its own page's content, and nothing else.
def test_a_mail_that_ends_its_reader_is_told_so(road: Road, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def with_little(*given: Any, **more: Any) -> Readers:
        processes, _, memory, *rest = given
        return Readers(processes, 0.001, memory, *rest, **more)

    monkeypatch.setattr(reading, "Readers", with_little)
    reader = reading.Reader(WorkerSection(), road.gateway.spool)
    try:
        with pytest.raises(Permanent, match="could not be read: reading took longer"):
            reader.seen(name, road.gateway.plan.settings, Asked(route="support"))
    finally:
        reader.close()
    assert "The secret is here." in signed_in(road, "bo").see(f"/mail/{name}").text


# Who watches does not keep the gateway from stopping.
def test_the_stream_ends_with_the_gateway(tmp_path: Path) -> None:
    with running(tmp_path, console={"open": True}) as road:
        stream = requests.get(f"http://{road.gateway.http}/live", stream=True, timeout=30)
        lines = stream.iter_lines(chunk_size=1)
        assert next(lines) == b": here"
        road.sends(MAIL)
        until(lambda: next(lines) == b"data: changed", "the page to be told")
        began = time.monotonic()
    assert time.monotonic() - began < 5  # its time limit for stopping
    assert not [line for line in lines if line.startswith(b"data")][2:]
    stream.close()
