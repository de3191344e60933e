"""Traces for OpenTelemetry, against what stands in for a collector: OTLP over HTTP, read with the reference's types."""

import gzip
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from ulid import ULID

from gateway import telemetry
from gateway.config.telemetry import TelemetrySection
from gateway.errors import SettingsError
from tests.roads import Road, road, until

MAIL = "Message-ID: <1@client.example>\nFrom: Asa <asa@client.example>\nSubject: canary-subject\n\ncanary-body\n"


class Collector:
    """A collector's receiver; `status` is what it answers."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.services: set[str] = set()
        self.raw = b""
        self.status = 200
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers["content-encoding"] == "gzip":
                    body = gzip.decompress(body)
                collector.take(body)
                self.send_response(collector.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}/v1/traces"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}).start()

    def take(self, body: bytes) -> None:
        self.raw += body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            named = {one.key: one.value.string_value for one in resource.resource.attributes}
            self.services.add(named["service.name"])
            self.spans += [span for scope in resource.scope_spans for span in scope.spans]

    def of(self, trace: str) -> dict[str, Span]:
        """The spans of a mail, by their names."""
        return {span.name: span for span in self.spans if span.trace_id == ULID.from_str(trace).bytes}


def facts(span: Span) -> dict[str, Any]:
    return {
        one.key.removeprefix("cention_gateway."): one.value.string_value or one.value.int_value
        for one in span.attributes
    }


@pytest.fixture
def collector() -> Iterator[Collector]:
    found = Collector()
    telemetry.begin(TelemetrySection.model_validate({"endpoint": found.endpoint, "pause": "100 ms"}), "1.2.3")
    yield found
    telemetry.end()
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Road]:
    with road(tmp_path) as found:
        yield found


def test_a_mail_and_its_answer_are_traces_with_their_own_ids(collector: Collector, running: Road) -> None:
    mail = running.sends(MAIL)
    errand = running.reaches(mail, "done")["result"]
    answer = running.answers(errand, text="canary-answer", html="<p>canary-answer</p>")
    running.reaches(answer, "done")
    until(lambda: "errand" in collector.of(mail) and "answer" in collector.of(answer), "both traces")
    made, sent = collector.of(mail), collector.of(answer)
    assert (
        facts(made["errand"]).items() >= {"trace": mail, "route": "support", "state": "done", "result": errand}.items()
    )
    assert made["try errand"].parent_span_id == made["errand"].span_id
    assert made["errand"].start_time_unix_nano <= made["try errand"].start_time_unix_nano
    assert "created" in [event.name for event in made["try errand"].events]
    assert facts(sent["answer"])["lane"] == "workspace:demo"
    assert collector.services == {"cention-gateway"}
    # What people wrote stays in the mail.
    assert b"canary" not in collector.raw


def test_a_try_that_failed_says_so_and_the_whole_comes_once_the_job_is_at_its_end(
    collector: Collector, running: Road
) -> None:
    running.faults({"target": "create", "calls": 1, "status": 503})
    mail = running.sends(MAIL)
    running.reaches(mail, "done")
    until(lambda: "errand" in collector.of(mail), "the trace")
    tries = [span for span in collector.spans if span.name == "try errand"]
    assert [span.status.code for span in tries] == [Status.STATUS_CODE_ERROR, Status.STATUS_CODE_OK]
    assert len({span.span_id for span in collector.spans}) == 3


# Who looks at traces is not who needs the mail.
def test_a_collector_that_is_away_holds_nothing_up(
    collector: Collector, running: Road, capfd: pytest.CaptureFixture[str]
) -> None:
    collector.status = 400
    mail = running.sends(MAIL)
    running.reaches(mail, "done")
    until(lambda: "traces are not sent" in "".join(capfd.readouterr()), "the log to say so")


def test_nothing_is_made_where_no_endpoint_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    monkeypatch.setattr(telemetry, "Traces", made.append)
    telemetry.begin(TelemetrySection())
    assert (telemetry.wanted(), made) == (False, [])


def test_missing_packages_are_a_line_that_says_how_to_have_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "find_spec", lambda _name: None)
    with pytest.raises(SettingsError, match=r"pip install 'cention-gateway\[telemetry\]'"):
        telemetry.begin(TelemetrySection(endpoint="http://127.0.0.1:1/v1/traces"))


# What starts for each mail, as `ingest`, must not load what it does not use.
def test_the_packages_are_loaded_only_where_they_are_used() -> None:
    code = "import sys, gateway.flow.traced; sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
