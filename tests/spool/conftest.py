"""One suite, each store: SQLite now; a second store runs the same tests."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.model import Envelope, Receipt
from gateway.spool.spool import Spool

ENVELOPE = Envelope("smtp", "asa@client.example", ("support@example.com",))


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'spool.db'}"


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
