"""Traces for OpenTelemetry: each mail and answer is one trace, each try of its job a span. Off unless it is set.

A trace has our own id's 128 bits as its id, so what `cention-gateway trace` takes leads to it and back. The packages
are optional, and loaded only where they are used.
"""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ulid import ULID

from gateway.config.telemetry import TelemetrySection
from gateway.errors import SettingsError
from gateway.log import log

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

_PREFIX = "cention_gateway."
_CLOSE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of a mail's road. `trace` is the mail's or callback's id, times are Unix seconds.

    `whole` names, where it ends with this piece, what all of it is called and when that began. `trouble` is what went
    wrong, "" for nothing.
    """

    trace: str
    of: str
    name: str
    start: float
    end: float
    facts: Mapping[str, str | int]
    steps: Sequence[str] = ()
    trouble: str = ""
    whole: tuple[str, float] | None = field(default=None)


class Traces:
    """Lives as long as the program, and sends in a thread of its own. SettingsError where its packages are missing."""

    def __init__(self, settings: TelemetrySection, version: str = "") -> None:
        if find_spec("opentelemetry.sdk") is None or find_spec("opentelemetry.exporter.otlp.proto.http") is None:
            raise SettingsError(["telemetry.endpoint: expected its packages: pip install 'cention-gateway[telemetry]'"])
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        exporter = OTLPSpanExporter(endpoint=settings.endpoint, timeout=settings.timeout)
        self._sending = BatchSpanProcessor(_told(exporter), schedule_delay_millis=settings.pause * 1000)
        self._resource = Resource.create({"service.name": settings.service, "service.version": version})

    def add(self, work: Work) -> None:
        """Have a piece sent, without waiting; while the collector is away and too much waits, it is dropped."""
        trace, root = int.from_bytes(ULID.from_str(work.trace).bytes, "big"), _id(work.trace, work.of)
        self._sending.on_end(self._span(trace, _id(work.trace, work.of, work.name, work.start), root, work))
        if work.whole is not None:
            name, start = work.whole
            whole = Work(work.trace, work.of, name, start, work.end, work.facts, trouble=work.trouble)
            self._sending.on_end(self._span(trace, root, 0, whole))

    def close(self) -> None:
        """Send what waits, in some seconds at most."""
        closing = threading.Thread(target=self._sending.shutdown, name="telemetry", daemon=True)
        closing.start()
        closing.join(_CLOSE_SECONDS)

    def _span(self, trace: int, number: int, parent: int, work: Work) -> "ReadableSpan":
        from opentelemetry.sdk.trace import Event, ReadableSpan
        from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

        def context(span: int) -> SpanContext:
            return SpanContext(trace, span, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))

        status = Status(StatusCode.ERROR, work.trouble) if work.trouble else Status(StatusCode.OK)
        return ReadableSpan(
            name=work.name,
            context=context(number),
            parent=context(parent) if parent else None,
            resource=self._resource,
            attributes={_PREFIX + "trace": work.trace} | {_PREFIX + name: value for name, value in work.facts.items()},
            events=[Event(step, timestamp=_nanoseconds(work.end)) for step in work.steps],
            kind=SpanKind.CONSUMER,
            status=status,
            start_time=_nanoseconds(work.start),
            end_time=_nanoseconds(work.end),
        )


def _nanoseconds(at: float) -> int:
    return int(at * 1e9)


def _id(*parts: object) -> int:
    """Return a span's id, the same whenever it is asked for."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") or 1


def _told(exporter: "SpanExporter") -> "SpanExporter":
    """Return an exporter that has our log say when the collector goes away, and nothing else say it each time."""
    import logging

    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)

    class Told(SpanExporter):
        failing = False

        def export(self, spans: "Sequence[ReadableSpan]") -> "SpanExportResult":
            result = exporter.export(spans)
            failed = result is not SpanExportResult.SUCCESS
            if failed != self.failing:
                self.failing = failed
                log.telemetry(failing=failed)
            return result

        def shutdown(self) -> None:
            exporter.shutdown()

    return Told()


_traces: list[Traces] = []


def begin(settings: TelemetrySection, version: str = "") -> None:
    """Make traces from now on, where the settings say where to."""
    if settings.endpoint:
        _traces.append(Traces(settings, version))


def wanted() -> bool:
    """Whether traces are made."""
    return bool(_traces)


def add(work: Work) -> None:
    """Have a piece of work sent, where traces are made."""
    for one in _traces:
        try:
            one.add(work)
        except Exception as error:  # noqa: BLE001 - no mail may wait because its trace cannot be written
            log.trouble("telemetry", error)


def end() -> None:
    """Make no traces any more, and send what waits."""
    while _traces:
        _traces.pop().close()
