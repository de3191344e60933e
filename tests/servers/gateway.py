"""The gateway as a user has it: the program that the built wheel installs, with a settings file, seen from outside."""

import json
import os
import signal
import smtplib
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.servers.program import Program, free_port, needs, wait_until

PROGRAM = os.environ.get(
    "CENTION_GATEWAY", str(Path(__file__).parents[2] / ".build" / "venv" / "bin" / "cention-gateway")
)

Settings = dict[str, Any]


def toml(settings: Mapping[str, Any]) -> str:
    """Write settings of two levels as TOML; a list of tables becomes `[[name]]`, a dotted name a table of that name."""
    return "".join(_table(name, table) for name, table in settings.items())


def _table(name: str, table: Any) -> str:
    if isinstance(table, list):
        return "".join(f"[[{name}]]\n{_pairs(one)}" for one in table)
    return f"[{name}]\n{_pairs(table)}"


def _pairs(table: Mapping[str, Any]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in table.items())


def _value(value: Any) -> str:
    """A string, number, boolean, list or inline table; JSON and TOML agree on all but the last."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_value(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value)


def _entry(line: str) -> dict[str, Any]:
    """A log line's fields; none for what is no entry, such as a line that a kill cut off."""
    try:
        entry: dict[str, Any] = json.loads(line)
    except ValueError:
        return {}
    return entry


class Gateway:
    """A gateway on two free ports, `smtp_port` and `http_port`; its spool is in `folder`.

    `settings` are tables by name and go, key by key, over those that make it listen. It may be killed and started
    again, on the same spool. `environment` is what it has beside ours.
    """

    def __init__(self, folder: Path, settings: Settings, environment: Mapping[str, str] | None = None) -> None:
        needs(PROGRAM)
        self.smtp_port, self.http_port = free_port(), free_port()
        self.settings_file = folder / "config.toml"
        self.settings: Settings = {
            "gateway": {"hostname": "gateway.example.com", "spool": f"sqlite:///{folder / 'spool.db'}", "log": "json"},
            "smtp": {"listen": [f"127.0.0.1:{self.smtp_port}"]},
            "http": {"listen": f"127.0.0.1:{self.http_port}"},
        }
        self.change(settings)
        self._environment = os.environ | (environment or {})
        argv = [PROGRAM, "run", "--config", str(self.settings_file)]
        self._program = Program("cention-gateway", argv, folder / "gateway.log", self._environment)

    @property
    def url(self) -> str:
        """Where its HTTP side is."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def pid(self) -> int:
        """Its process."""
        return self._program.pid

    def change(self, settings: Settings) -> None:
        """Write the settings file with these over what it had; a running gateway learns of it by `reload`."""
        for name, table in settings.items():
            here = self.settings.get(name)
            self.settings[name] = {**here, **table} if isinstance(here, dict) else table
        self.settings_file.write_text(toml(self.settings))

    def start(self) -> "Gateway":
        """Start it; returns when it says that it is ready."""
        self._program.start(self.is_ready)
        return self

    def is_ready(self) -> bool:
        """Whether /readyz says so."""
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).ok
        except requests.ConnectionError:
            return False

    def kill(self) -> None:
        """SIGKILL, to all of its processes at the same moment, as when the machine dies."""
        self._program.kill()

    def kill_alone(self) -> int:
        """SIGKILL to its first process alone, as the kernel does when memory is short; its exit status."""
        self._program.send(signal.SIGKILL)
        return self._program.wait()

    def terminate(self, seconds: float = 20.0) -> int:
        """SIGTERM; its exit status."""
        self._program.send(signal.SIGTERM)
        return self._program.wait(seconds)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._program.send(number)

    def reload(self) -> None:
        """SIGHUP; returns when the log says what became of it."""
        seen = len(self.facts("settings reloaded", "settings not reloaded, the old ones stay"))
        self._program.send(signal.SIGHUP)
        done = "settings reloaded", "settings not reloaded, the old ones stay"
        wait_until(lambda: len(self.facts(*done)) > seen, "the gateway reads its settings again")

    def stop(self) -> None:
        """End it in order."""
        self._program.stop()

    def command(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Run another command of the program on the same settings."""
        argv = [PROGRAM, *arguments, "--config", str(self.settings_file)]
        return subprocess.run(argv, env=self._environment, input=stdin, capture_output=True, check=False, timeout=60)

    def jobs(self) -> Counter[str]:
        """How many jobs there are in each state, by /metrics."""
        page = requests.get(f"{self.url}/metrics", timeout=10).text
        samples = (sample for family in text_string_to_metric_families(page) for sample in family.samples)
        counted: Counter[str] = Counter()
        for sample in samples:
            if sample.name == "cention_gateway_jobs":
                counted[sample.labels["state"]] += int(sample.value)
        return counted

    def wait_until_idle(self, seconds: float = 60.0) -> None:
        """Wait until every job is at its end; one that is parked is not."""
        ends = {"done", "discarded"}
        wait_until(lambda: self.jobs().keys() <= ends, "the gateway has nothing left to do", seconds)

    def said(self) -> str:
        """The end of its log."""
        return self._program.said()

    def log(self) -> str:
        """All that it said."""
        return self._program.said(characters=50_000_000)

    def facts(self, *names: str) -> list[dict[str, Any]]:
        """The log's entries, those of these events if any are named."""
        entries = (entry for line in self.log().splitlines() if (entry := _entry(line)))
        return [entry for entry in entries if not names or entry["event"] in names]

    def smtp(self) -> smtplib.SMTP:
        """A connection to it."""
        return smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=30)
