"""A mail's bytes while they come in: small ones in memory, large ones streaming to where large bodies are."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor

from gateway.spool.bodies import Bodies, Incoming
from gateway.spool.errors import spool_error
from gateway.spool.identity import ContentHash


class Body:
    """One mail coming in. Write to it, hand it to `Spool.accept`, and `close` it in any case.

    `size` is the bytes taken, `head` the header block so far. `write` raises TooLarge (header) and Full (disk).
    """

    def __init__(self, bodies: Bodies, name: str, threshold: int, max_head: int, disk: Executor) -> None:
        self.id = name
        self.size = 0
        self.content = ContentHash(max_head)
        self._bodies = bodies
        self._threshold = threshold
        self._disk = disk
        self._chunks: list[bytes] = []
        self._large: Incoming | None = None
        self._handed_over = False

    @property
    def head(self) -> bytes:
        """The header block, as far as it has come."""
        return self.content.head

    @property
    def raw(self) -> bytes | None:
        """All bytes, where they are in memory; None for a large one."""
        return b"".join(self._chunks) if self._large is None else None

    async def write(self, data: bytes) -> None:
        """Take the next bytes."""
        self.content.update(data)
        self.size += len(data)
        self._chunks.append(data)
        if self._large is not None or self.size > self._threshold:
            await self._on_disk(self._spill)

    async def sync(self) -> None:
        """Return once a large one is durable; nothing to do for a small one."""
        if self._large is not None:
            await self._on_disk(self._large.sync)

    def hand_over(self) -> None:
        """From now on it is the spool that settles this body, since a commit under way is never cancelled."""
        self._handed_over = True

    def settle(self, *, kept: bool) -> None:
        """Let go of the bytes; a large one is removed unless a row refers to it now."""
        self._chunks.clear()
        if self._large is not None:
            self._large.end(kept=kept)
            self._large = None

    def close(self) -> None:
        """Give it up, unless it was handed over."""
        if not self._handed_over:
            self.settle(kept=False)

    def _spill(self) -> None:
        if self._large is None:
            self._large = self._bodies.create(self.id)
        chunks, self._chunks = self._chunks, []
        self._large.write(b"".join(chunks))

    async def _on_disk(self, work: Callable[[], None]) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._disk, work)
        except OSError as error:
            raise spool_error(error) from error
