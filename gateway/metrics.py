"""Counters for /metrics (prometheus-client). Names and labels are stable; docs/operations.md lists them, by test."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

registry = CollectorRegistry()

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
callbacks = Counter(
    "cention_gateway_callbacks", "Callbacks, by workspace and outcome.", ["workspace", "outcome"], registry=registry
)
tries = Counter(
    "cention_gateway_job_tries",
    "Tries of jobs, by kind and the state that they left it in.",
    ["kind", "state"],
    registry=registry,
)
jobs = Gauge("cention_gateway_jobs", "Jobs in the spool, by kind and state.", ["kind", "state"], registry=registry)
oldest_waiting = Gauge(
    "cention_gateway_oldest_waiting_seconds", "Age of the oldest job that is not at its end.", registry=registry
)
paused = Gauge("cention_gateway_paused", "1 while a lane waits for new credentials.", ["lane"], registry=registry)


def exposition() -> bytes:
    """Return all metrics in Prometheus' text form."""
    return generate_latest(registry)
