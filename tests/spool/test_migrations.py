"""The tables' history: from the first release with what was in it, on each store."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from gateway.errors import SettingsError
from gateway.model import Receipt
from gateway.spool import database, jobs, query
from gateway.spool.spool import Spool
from gateway.spool.tables import metadata
from tests.spool.conftest import STORES, accepted, content

RELEASED = Path(__file__).parent / "released"
MAIL = b"Message-ID: <1@x>\n\nhello\n"
FIRST = "01" + 23 * "A" + "1"


@pytest.fixture(params=STORES)
def released(request: pytest.FixtureRequest) -> str:
    """A spool of the first release: its URL."""
    sqlite = request.param == "sqlite"
    url: str = request.getfixturevalue("sqlite_url" if sqlite else "database")
    types = {"number": "integer", "bytes": "blob"} if sqlite else {"number": "serial", "bytes": "bytea"}
    fill(url, types)
    return url


def fill(url: str, types: dict[str, str]) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in (RELEASED / "0001.sql").read_text().format(**types).split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
    engine.dispose()


def differences(connection: Connection) -> list[object]:
    # The index of words is another thing on each store, and no table of ours: test_search.py has it.
    context = MigrationContext.configure(
        connection, opts={"include_name": lambda name, _kind, _parents: not str(name).startswith("finding")}
    )
    return list(compare_metadata(context, metadata))


def test_the_migrations_make_the_tables_that_the_program_uses(spool: Spool) -> None:
    assert spool.read(differences) == []


def test_a_spool_of_the_first_release_has_todays_tables_after_the_start(released: str) -> None:
    spool = Spool(released)
    assert spool.read(differences) == []
    spool.close()


# All that the first release wrote is there, known again, and worked on.
def test_a_spool_of_the_first_release_keeps_what_it_has(released: str) -> None:
    spool = Spool(released)
    spool.own()
    assert asyncio.run(accepted(spool, MAIL)) == Receipt(FIRST, repeat=True)
    assert content(spool, FIRST) == MAIL
    assert sorted(spool.read(query.counts)) == [
        ("answer", "queued", 1),
        ("errand", "held", 1),
        ("errand", "parked", 1),
        ("errand", "queued", 1),
    ]
    assert spool.read(partial(query.subjects, name="<1@x>")) == [FIRST]
    assert spool.read(partial(query.subjects, name="#511055")) == [FIRST, FIRST[:-1] + "4"]
    assert [pause["lane"] for pause in spool.read(query.pauses)] == ["route:sales"]
    rooms = [jobs.LaneRoom("route:support", 9), jobs.LaneRoom("workspace:demo", 9)]
    leased = spool.change(partial(jobs.lease, rooms=rooms, most=9, seconds=60.0)).result()
    assert [(job.id, job.attempts, job.detail) for job in leased] == [(2, 3, {"smaller": True}), (5, 0, {})]
    new = asyncio.run(accepted(spool, MAIL.replace(b"<1", b"<2")))
    assert spool.read(partial(query.jobs_of, name=new.id))[0]["id"] == 6
    spool.close()


# What is too long or too large for the types of the first release is none for today's, on either store.
def test_numbers_and_names_have_room(released: str) -> None:
    spool = Spool(released)

    def write(connection: Connection) -> None:
        values = {"name": "n" * 300, "number": 2**32 - 1}
        connection.execute(text("update cursor set uidvalidity = :number, uid = :number, mailbox = :name"), values)
        connection.execute(text("update pause set lane = :name"), values)
        connection.execute(text("update sent set message_id = :name"), values)
        connection.execute(text("update event set id = id + :number"), values)

    spool.change(write).result()
    kept = "select uidvalidity, uid, length(mailbox) from cursor where folder = 'INBOX'"
    assert spool.read(lambda connection: tuple(connection.execute(text(kept)).one())) == (2**32 - 1, 2**32 - 1, 300)
    spool.close()


# Nodes that start at once on one database, empty or of an older release, do not get in each other's way.
@pytest.mark.parametrize("before", ["empty", "first release"])
def test_nodes_that_start_at_once_migrate_once(database: str, before: str) -> None:
    if before == "first release":
        fill(database, {"number": "serial", "bytes": "bytea"})
    with ThreadPoolExecutor(4) as pool:
        for spool in list(pool.map(Spool, [database] * 4)):
            assert spool.read(differences) == []
            spool.close()


def test_an_older_program_refuses_a_newer_spool(url: str) -> None:
    spool = Spool(url)
    spool.change(
        lambda connection: connection.exec_driver_sql("update alembic_version set version_num = '9999'")
    ).result()
    spool.close()
    with pytest.raises(SettingsError, match=r"^gateway.spool: \S+ was written by a newer program \(revision 9999\)"):
        Spool(url)


def test_a_folder_that_is_not_there_is_a_clear_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"gateway.spool: no folder .*nowhere; create it"):
        Spool(f"sqlite:///{tmp_path / 'nowhere' / 'spool.db'}")


def test_a_file_that_is_no_database_is_a_clear_line(tmp_path: Path) -> None:
    (tmp_path / "spool.db").write_bytes(b"this is a letter, no database" * 100)
    with pytest.raises(SettingsError, match=r"gateway.spool: .*spool.db cannot be opened"):
        Spool(f"sqlite:///{tmp_path / 'spool.db'}")


# A start looks at the names alone, since loading alembic costs more than the rest of a short command.
def test_the_newest_revision_by_name_is_the_newest_in_the_chain() -> None:
    config = Config()
    config.set_main_option("script_location", "gateway.spool:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == database.newest()
