"""One suite, each store: what takes `url` or `spool` runs on SQLite and on PostgreSQL."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.model import Envelope, Receipt
from gateway.spool.spool import Spool
from tests.servers.postgres import Postgres

ENVELOPE = Envelope("smtp", "asa@client.example", ("support@example.com",))
STORES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The one server of all tests."""
    server = Postgres().start()
    yield server
    server.close()


@pytest.fixture(scope="session")
def template(postgres: Postgres) -> str:
    """A database with today's tables and nothing in them, for copying."""
    name = postgres.create()
    Spool(postgres.url(name)).close()
    return name


@pytest.fixture
def database(postgres: Postgres) -> Iterator[str]:
    """A database without tables: its URL."""
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
def postgresql_url(postgres: Postgres, template: str) -> Iterator[str]:
    """A database with tables: its URL."""
    name = postgres.create(template)
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'spool.db'}"


@pytest.fixture(params=STORES)
def url(request: pytest.FixtureRequest) -> str:
    """An empty store of each kind: its URL."""
    found: str = request.getfixturevalue(f"{request.param}_url")
    return found


@pytest.fixture
def spool(url: str) -> Iterator[Spool]:
    opened = Spool(url)
    opened.own()
    yield opened
    opened.close()


async def accepted(spool: Spool, raw: bytes, *routes: str, envelope: Envelope = ENVELOPE) -> Receipt:
    body = spool.body()
    try:
        for start in range(0, len(raw), 100_000):
            await body.write(raw[start : start + 100_000])
        return await spool.accept(envelope, body, routes or ("support",))
    finally:
        body.close()


@pytest.fixture
def accept(spool: Spool) -> Callable[..., Receipt]:
    """Accept a mail's bytes for routes ("support" if none is named)."""
    return lambda raw, *routes: asyncio.run(accepted(spool, raw, *routes))


def content(spool: Spool, name: str) -> bytes:
    """A mail's bytes."""
    with spool.raw(name) as found:
        return found if isinstance(found, bytes) else found.read_bytes()


def bodies(spool: Spool) -> list[str]:
    """The large bodies that are there, once all that was under way is done."""
    spool.change(lambda _: None).result()
    return list(spool.bodies.names())
