"""Old mail into PostgreSQL, as into SQLite: once, in order, large ones whole, and gone on with."""

import pytest

from tests.contract.test_import import Place, box, counts, place, written

__all__ = ["place"]  # the fixture


@pytest.fixture
def on_postgresql(place: Place, postgresql_url: str) -> Place:
    place.sections["gateway"]["spool"] = postgresql_url
    return place


# Beside a server there is no place for the journal: without one, what is known is seen before.
def test_old_mail_is_imported_into_postgresql_once_and_in_order(on_postgresql: Place) -> None:
    sizes = [500_000 if number % 7 == 3 else 10 for number in range(40)]
    path = box(on_postgresql.folder / "box", *(written(number, size=size) for number, size in enumerate(sizes)))
    assert counts(on_postgresql.imports(path)) == (40, 0, 0)
    rows = on_postgresql.mails()
    assert [row.size for row in rows] == [len(written(number, size=size)) for number, size in enumerate(sizes)]
    with on_postgresql.spool() as spool, spool.raw(rows[3].id) as content:
        assert (content if isinstance(content, bytes) else content.read_bytes()) == written(3, size=500_000)
    assert counts(on_postgresql.imports(path)) == (0, 40, 0)


def test_an_import_into_postgresql_goes_on_by_its_state_file(on_postgresql: Place) -> None:
    path, state = box(on_postgresql.folder / "box", *map(written, range(5))), on_postgresql.folder / "state"
    assert counts(on_postgresql.imports(path, state=state)) == (5, 0, 0)
    assert on_postgresql.imports(path, state=state).mails == 0
