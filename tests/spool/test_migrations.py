"""The tables' history."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from gateway.errors import SettingsError
from gateway.spool.spool import Spool
from gateway.spool.tables import metadata


def test_the_migrations_make_the_tables_that_the_program_uses(spool: Spool) -> None:
    differences = spool.read(lambda connection: compare_metadata(MigrationContext.configure(connection), metadata))
    assert differences == []


def test_an_older_program_refuses_a_newer_spool(url: str) -> None:
    spool = Spool(url)
    spool.change(
        lambda connection: connection.exec_driver_sql("update alembic_version set version_num = '9999'")
    ).result()
    spool.close()
    with pytest.raises(SettingsError, match="written by a newer program"):
        Spool(url)


def test_a_folder_that_is_not_there_is_a_clear_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"gateway.spool: no folder .*nowhere; create it"):
        Spool(f"sqlite:///{tmp_path / 'nowhere' / 'spool.db'}")


def test_a_file_that_is_no_database_is_a_clear_line(tmp_path: Path) -> None:
    (tmp_path / "spool.db").write_bytes(b"this is a letter, no database" * 100)
    with pytest.raises(SettingsError, match=r"gateway.spool: .*spool.db cannot be opened"):
        Spool(f"sqlite:///{tmp_path / 'spool.db'}")
