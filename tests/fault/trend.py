"""Whether what a program uses grows: a line through the samples (least squares), and what it comes to in an hour."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import linear_regression, mean

from tests.fault.census import Census

MEGABYTE = 1_000_000
HOUR = 3600.0
# A rise of less over the whole time is none: of the mean, or of the measure itself.
_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Sample:
    """What is used at a moment (`at`: seconds since the start): by processes, and by the spool's files in bytes."""

    at: float
    processes: Census
    spool: int
    wal: int
    bodies: int


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that is sampled, in the unit that its name says; a rise of less than `least` is noise."""

    name: str
    value: Callable[[Sample], float]
    least: float


MEASURES = (
    Measure("RSS, MB", lambda sample: sample.processes.rss / MEGABYTE, 10),
    Measure("PSS, MB", lambda sample: sample.processes.pss / MEGABYTE, 10),
    Measure("descriptors", lambda sample: sample.processes.descriptors, 10),
    Measure("threads", lambda sample: sample.processes.threads, 2),
    Measure("spool file, MB", lambda sample: sample.spool / MEGABYTE, 5),
    Measure("write-ahead log, MB", lambda sample: sample.wal / MEGABYTE, 5),
    Measure("large bodies, MB", lambda sample: sample.bodies / MEGABYTE, 10),
)


@dataclass(frozen=True, slots=True)
class Trend:
    """A measure over a time: `slope` is an hour's rise, `rise` that of the time that was measured."""

    name: str
    first: float
    least: float
    most: float
    last: float
    slope: float
    flat: bool


def trend(measure: Measure, samples: Sequence[Sample]) -> Trend:
    """Draw a line through the samples, of which there are two or more; falling is flat."""
    times, values = [sample.at for sample in samples], [measure.value(sample) for sample in samples]
    slope, _ = linear_regression(times, values)
    rise = slope * (times[-1] - times[0])
    flat = rise < max(measure.least, _SHARE * mean(values))
    return Trend(measure.name, values[0], min(values), max(values), values[-1], slope * HOUR, flat)


def markdown(samples: Sequence[Sample]) -> str:
    """All trends as a Markdown table."""
    head = "| {:<19} | {:>7} | {:>7} | {:>7} | {:>7} | {:>10} | {:<4} |"
    lines = [head.format("", "first", "least", "most", "last", "an hour", "flat")]
    lines.append(f"| {'-' * 19} | {' | '.join(['------:'] * 4)} | ---------: | ---- |")
    for one in (trend(measure, samples) for measure in MEASURES):
        numbers = [f"{value:.1f}" for value in (one.first, one.least, one.most, one.last)]
        lines.append(head.format(one.name, *numbers, f"{one.slope:+.1f}", "yes" if one.flat else "no"))
    return "\n".join(lines) + "\n"
