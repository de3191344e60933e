"""From which size on is a file better than a row? Accepts the same mails both ways, in turns, and prints the ratio.

`scripts/bench threshold`: 20 senders at once into a spool on disk; the median of five turns.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from gateway.model import Envelope
from gateway.spool.spool import Spool

SIZES = (4_000, 32_000, 64_000, 128_000, 256_000, 512_000, 1_000_000, 4_000_000)
SENDERS, TURNS, BYTES = 20, 5, 60_000_000
ENVELOPE = Envelope("bench", "a@example.com", ("b@example.com",))


def mails_a_second(size: int, threshold: int) -> float:
    """Accept mails of one size into a fresh spool."""
    count = max(SENDERS, min(400, BYTES // size))
    with tempfile.TemporaryDirectory(dir=".build") as folder:
        spool = Spool(f"sqlite:///{Path(folder).resolve() / 'spool.db'}", threshold=threshold)
        began = time.perf_counter()
        asyncio.run(_accept(spool, count, b"x" * size))
        seconds = time.perf_counter() - began
        spool.close()
    return count / seconds


async def _accept(spool: Spool, count: int, text: bytes) -> None:
    numbers = iter(range(count))

    async def sender() -> None:
        for number in numbers:
            body = spool.body()
            await body.write(b"Message-ID: <%d@bench>\r\n\r\n" % number)
            for start in range(0, len(text), 256 * 1024):
                await body.write(text[start : start + 256 * 1024])
            await spool.accept(ENVELOPE, body, ["bench"])

    await asyncio.gather(*(sender() for _ in range(SENDERS)))


def main() -> None:
    """Print a line a size."""
    Path(".build").mkdir(exist_ok=True)
    print(f"{'size':>9}  {'row/s':>8}  {'file/s':>8}  file/row (least to most of {TURNS} turns)")
    for size in SIZES:
        turns = [(mails_a_second(size, 1 << 40), mails_a_second(size, 0)) for _ in range(TURNS)]
        ratios = sorted(file / row for row, file in turns)
        row, file = (statistics.median(column) for column in zip(*turns, strict=True))
        spread = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        print(f"{size:>9}  {row:>8.0f}  {file:>8.0f}  {spread}")


if __name__ == "__main__":
    main()
