"""What came of rounds: medians with their spread, ratios of the same round, and tables in Markdown."""

import os
import statistics
from collections.abc import Sequence
from pathlib import Path


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Write the median, and the least and most behind it."""
    least, median, most = min(values), statistics.median(values), max(values)
    return f"{median:.{digits}f} ({least:.{digits}f} to {most:.{digits}f})"


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Divide round by round: what disturbs a round disturbs both sides of it."""
    return [mine / other for mine, other in zip(ours, theirs, strict=True)]


def judged(values: Sequence[float], demanded: float | None) -> str:
    """Write ratios, and mark them where their median is under what is demanded."""
    text = spread(values, 2)
    if demanded is None:
        return text
    return f"{text}, demanded {demanded:g}" + ("" if statistics.median(values) >= demanded else " **missed**")


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def machine() -> str:
    """Say what these figures were taken on, and how busy it was with other things."""
    one, five, _ = os.getloadavg()
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "unknown"
    )
    return f"{os.cpu_count()} cores ({model}), load average now {one:.1f}, over five minutes {five:.1f}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()
