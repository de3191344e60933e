"""State in a file: what survives a restart, and what cannot be such a file."""

import sqlite3
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway.simulator import Options, Simulator
from gateway.simulator.errands import State
from gateway.simulator.store import Store, Unusable
from tests.contract.conftest import Party

Meet = Callable[..., Party]

PNG = {"content_type": "image/png", "name": "logo.png", "content": b64encode(b"\x89PNG").decode()}


@pytest.fixture
def restarted(party: Meet, tmp_path: Path) -> Callable[[Party | None], Party]:
    """A simulator with a state file; given the one that has it, that lets go of it first."""

    def start(before: Party | None = None) -> Party:
        if before is not None:
            before.simulator.close()
        return party(state=tmp_path / "state.db", areas=("support", "sales"))

    return start


def test_errands_answers_and_files_survive_a_restart(restarted: Callable[..., Party]) -> None:
    at = restarted()
    errand = at.create(attachments=[PNG])
    at.answer(errand, text="Yes.", archives=[PNG])
    at.sim(f"errands/{errand}/close", {})
    shown, documents = at.sim(f"errands/{errand}"), at.sim(f"errands/{errand}/documents")
    file = at.api("c3_area_archives/12").json()
    at = restarted(at)
    assert at.sim(f"errands/{errand}") == shown
    assert at.sim(f"errands/{errand}/documents") == documents
    assert at.api("c3_area_archives/12").json() == file


def test_numbers_and_repeats_go_on_after_a_restart(restarted: Callable[..., Party]) -> None:
    at = restarted()
    first = at.create()
    before = at.answer(first, text="Yes.", archives=[PNG])
    at = restarted(at)
    second = at.create()
    after = at.answer(first, text="No.", archives=[PNG])
    assert int(second) == int(first) + 1
    assert at.sim(f"errands/{second}")["repeat"] == 1
    assert (before["archives"], after["archives"]) == (["12"], ["13"])
    assert after["answer"] == 2
    numbers = [ids(shown["document"]) for shown in (before, after)]
    assert numbers == [(1189, 3304), (1190, 3305)]


def ids(document: Any) -> tuple[int, int]:
    [errand] = [one for one in document["included"] if one["type"] == "c3_answer_errands"]
    answer = errand["attributes"]["answer"]
    return answer["c3_id"], answer["response"]["c3_id"]


def test_tokens_and_secret_stay_the_same(restarted: Callable[..., Party]) -> None:
    before = restarted().simulator
    before.close()
    after = restarted().simulator
    assert after.create_token == before.create_token
    assert after.attachment_token == before.attachment_token
    assert after.callback_secret == before.callback_secret


def test_a_generated_token_that_ended_is_made_anew(tmp_path: Path) -> None:
    def token(days: float) -> str:
        simulator = Simulator(Options(state=tmp_path / "state.db", token_days=days))
        simulator.close()
        return simulator.create_token

    ended = token(-1)
    lasting = token(1)
    assert ended != lasting == token(1)


def test_a_file_that_is_something_else_is_an_oserror(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("no database" * 1000)
    for path in (other, tmp_path, tmp_path / "no" / "folder"):
        with pytest.raises(OSError, match=str(path)):
            Store(path)
    assert other.read_text().startswith("no database")


def test_another_programs_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE mail (id TEXT)")
    before = path.read_bytes()
    with pytest.raises(Unusable, match="another program's"):
        Store(path)
    assert path.read_bytes() == before


def test_rows_of_another_version_are_named_with_their_file(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with closing(Store(path)) as store:
        store.put("errand", "1", b'{"id": 1}')
    with closing(Store(path)) as store, pytest.raises(Unusable, match=f"{path}: another version"):
        State(store)


def test_a_table_of_another_form_is_named_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE thing (name TEXT)")
    with closing(Store(path)) as store:
        for read in (lambda: store.get("errand", "1"), lambda: store.all("errand")):
            with pytest.raises(Unusable, match=f"{path}: no such column"):
                read()


# An id that was told is one that is kept.
def test_an_errand_that_cannot_be_kept_is_500_and_not_there(restarted: Callable[..., Party]) -> None:
    at = restarted()
    kept = at.create()
    at.simulator.close()
    document = {"data": {"type": "c3_new_errands", "attributes": {"msg": {"message_id": "2", "from": "a@example.com"}}}}
    response = at.api("c3_new_errands", document)
    assert (response.status_code, response.json()["errors"][0]["status"]) == (500, "500")
    assert [errand["id"] for errand in at.sim("errands")] == [kept]


def test_two_simulators_do_not_share_a_file(tmp_path: Path) -> None:
    Store(tmp_path / "state.db").close()
    with closing(Store(tmp_path / "state.db")) as store:
        with pytest.raises(OSError, match="locked"):
            Store(tmp_path / "state.db")
        store.put("thing", "1", b"one")
        with pytest.raises(OSError, match="locked"):
            Store(tmp_path / "state.db")
