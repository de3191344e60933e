"""Counters for /metrics (prometheus-client). Names and labels are stable; docs/operations.md lists them, by test.

Accepting processes count for themselves and tell the main one (`snapshot`, `Others`), whose page has the sums.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest
from prometheus_client.registry import Collector

registry = CollectorRegistry()
_ROAD_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 43_200, 432_000)

mails_accepted = Counter("cention_gateway_mails_accepted", "Mails accepted, by way in.", ["source"], registry=registry)
mails_copied = Counter(
    "cention_gateway_mails_copied", "Mails recognised as copies, by way in.", ["source"], registry=registry
)
smtp_refusals = Counter(
    "cention_gateway_smtp_refusals", "Error replies to SMTP clients, by enhanced status.", ["status"], registry=registry
)
smtp_connections = Gauge("cention_gateway_smtp_connections", "SMTP connections open now.", registry=registry)
accept_seconds = Histogram(
    "cention_gateway_accept_seconds",
    "Time from the end of a mail's data to its commit.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2, 10),
    registry=registry,
)
mails_skipped = Counter(
    "cention_gateway_mails_skipped", "Messages left in a mailbox for a later try.", ["mailbox"], registry=registry
)
mailbox_age = Gauge(
    "cention_gateway_mailbox_last_success_age_seconds",
    "Time since a mailbox last answered.",
    ["mailbox"],
    registry=registry,
)
mailbox_mails = Gauge(
    "cention_gateway_mailbox_mails",
    "Mails of what is fetched from since it was started, by what became of them: taken, seen_before, skipped.",
    ["mailbox", "outcome"],
    registry=registry,
)
mailbox_state = Gauge(
    "cention_gateway_mailbox_state",
    "1 for the state that a mailbox is in: starting, working, failing, refused, elsewhere, stopped.",
    ["mailbox", "state"],
    registry=registry,
)
callbacks = Counter(
    "cention_gateway_callbacks", "Callbacks, by workspace and outcome.", ["workspace", "outcome"], registry=registry
)
tries = Counter(
    "cention_gateway_job_tries",
    "Tries of jobs, by kind and the state that they left it in.",
    ["kind", "state"],
    registry=registry,
)
jobs = Gauge(
    "cention_gateway_jobs",
    "Jobs in the spool that are not done or discarded, by kind and state.",
    ["kind", "state"],
    registry=registry,
)
errands = Counter(
    "cention_gateway_errands",
    "Tries of errands, by route and outcome: done, again, parked, held, discarded.",
    ["route", "outcome"],
    registry=registry,
)
errand_seconds = Histogram(
    "cention_gateway_errand_seconds",
    "Time from a mail's receipt to its errand, by route.",
    ["route"],
    buckets=_ROAD_SECONDS,
    registry=registry,
)
answers = Counter(
    "cention_gateway_answers",
    "Tries of answers, by workspace and outcome: done, again, parked, held, discarded.",
    ["workspace", "outcome"],
    registry=registry,
)
answer_seconds = Histogram(
    "cention_gateway_answer_seconds",
    "Time from a callback to its mail's being with the smarthost, by workspace.",
    ["workspace"],
    buckets=_ROAD_SECONDS,
    registry=registry,
)
recipients = Counter(
    "cention_gateway_recipients",
    "Recipients of answers, by smarthost and fate: sent, delayed, failed; by report: bounced, complained.",
    ["smarthost", "fate"],
    registry=registry,
)
parked = Counter("cention_gateway_parked", "Jobs that were parked, by reason.", ["reason"], registry=registry)
lane_jobs = Gauge(
    "cention_gateway_lane_jobs",
    "Jobs of a route's errands or a workspace's answers that are not at their end, by state.",
    ["lane", "state"],
    registry=registry,
)
loops = Counter(
    "cention_gateway_loops",
    "Alerts that too many mails of one sender and subject came; further ones are held.",
    registry=registry,
)
smarthost_failing = Gauge(
    "cention_gateway_smarthost_failing", "1 while the last try of a smarthost failed.", ["smarthost"], registry=registry
)
smarthost_mails = Gauge(
    "cention_gateway_smarthost_mails", "Mails that a smarthost took since the start.", ["smarthost"], registry=registry
)
oldest_waiting = Gauge(
    "cention_gateway_oldest_waiting_seconds", "Age of the oldest job that is not at its end.", registry=registry
)
token_days_left = Gauge(
    "cention_gateway_token_days_left",
    "Days until a token expires, below 0 after; none for tokens that do not say.",
    ["owner"],
    registry=registry,
)
ready = Gauge(
    "cention_gateway_ready", "1 while a part of this node is well, 0 while it is not.", ["part"], registry=registry
)
disk_free = Gauge("cention_gateway_disk_free_bytes", "Free disk where the spool is.", registry=registry)
build = Gauge("cention_gateway_build_info", "1, with the version of the program.", ["version"], registry=registry)
alerts = Gauge("cention_gateway_alerts", "Things that are wrong by [alerts], as this node knows.", registry=registry)
paused = Gauge("cention_gateway_paused", "1 while a lane waits for new credentials.", ["lane"], registry=registry)


Samples: TypeAlias = Mapping[tuple[str, tuple[tuple[str, str], ...]], float]
"""Values of one process, by the sample's name and labels."""

_CREATED = "_created"
_OUTCOMES = {
    "cention_gateway_mails_accepted_total": "taken",
    "cention_gateway_mails_copied_total": "seen_before",
    "cention_gateway_smtp_refusals_total": "refused",
}


def snapshot() -> Samples:
    """Return what this process has counted."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.value and not sample.name.endswith(_CREATED)
    }


class Others(Collector):
    """What other processes have counted, added to our own. Counts of a process that is gone stay; its gauges do not."""

    def __init__(self) -> None:
        self._living: dict[int, Samples] = {}
        self._gone: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}

    def says(self, process: int, samples: Samples) -> None:
        """Take what a process has counted by now."""
        self._living[process] = samples

    def ends(self, process: int) -> None:
        """Keep what a process had counted that is gone."""
        gauges = {family.name for family in registry.collect() if family.type == "gauge"}
        for key, value in self._living.pop(process, {}).items():
            if key[0] not in gauges:
                self._gone[key] = self._gone.get(key, 0.0) + value

    def collect(self) -> Iterable[Metric]:
        """Yield every metric with the sums over all processes."""
        others = [*self._living.values(), self._gone]
        for family in registry.collect():
            yield _summed(family, others)


def _summed(family: Metric, others: Iterable[Samples]) -> Metric:
    total = Metric(family.name, family.documentation, family.type)
    sums = {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in family.samples}
    names = {sample.name for sample in family.samples} | {family.name, f"{family.name}_total"}
    for samples in others:
        for key, value in samples.items():
            if key[0] in names:
                sums[key] = sums.get(key, 0.0) + value
    for (name, labels), value in sums.items():
        total.add_sample(name, dict(labels), value)
    return total


def arrivals(others: Others) -> dict[str, dict[str, int]]:
    """Count by way in ("smtp") over all processes: mails `taken` and `seen_before`, and what was `refused`.

    Refused are error replies, those of LMTP among SMTP's.
    """
    found: dict[str, dict[str, int]] = {}
    for family in others.collect():
        for sample in family.samples:
            if (outcome := _OUTCOMES.get(sample.name)) is not None:
                counts = found.setdefault(sample.labels.get("source", "smtp"), dict.fromkeys(_OUTCOMES.values(), 0))
                counts[outcome] += int(sample.value)
    return found


def exposition(others: Others | None = None) -> bytes:
    """Return all metrics in Prometheus' text form, with those of other processes."""
    return generate_latest(others or registry)
