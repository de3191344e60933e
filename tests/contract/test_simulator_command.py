"""`cention-gateway simulate`: what its options become, and how it begins and ends as a program."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from typer.testing import CliRunner

from gateway.cli.simulate import app


@contextmanager
def simulate(*options: str) -> Iterator[dict[str, str]]:
    """A simulator as a program of its own, and what it says of itself; it is ended, and must end well."""
    argv = [sys.executable, "-m", "gateway", "simulate", "--listen", "127.0.0.1:0", *options]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout
        told: dict[str, str] = {}
        try:
            while "Faults" not in told:
                label, _, value = program.stdout.readline().partition(":")
                assert label, "it ended before it had told all"
                told[label.strip()] = value.strip()
            yield told
            program.send_signal(signal.SIGTERM)
            assert program.wait(timeout=20) == 0
        finally:
            program.kill()


def create(told: dict[str, str], token: str) -> requests.Response:
    document = {"data": {"type": "c3_new_errands", "attributes": {"msg": {"message_id": "1", "from": "a@example.com"}}}}
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/vnd.api+json"}
    return requests.post(told["Cention's API"] + "c3_new_errands", json=document, headers=headers, timeout=30)


def test_it_tells_each_area_s_token_and_what_it_made_up_survives_with_its_state(tmp_path: Path) -> None:
    options = [
        "--state",
        str(tmp_path / "state.db"),
        "--area",
        "support",
        "--area",
        "sales",
        "--area-token",
        "sales=S=1",
    ]
    with simulate(*options) as told:
        assert told["in demo/sales"] == "S=1"
        assert create(told, "S=1").status_code == 201
        token = told["Token to create errands"]
    with simulate(*options) as told:
        assert told["Token to create errands"] == token
        [errand] = requests.get(told["Errands"], timeout=30).json()
        assert errand["area"] == "sales"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--links", "none"], "links"),
        (["--area-token", "sales"], "AREA=VALUE"),
        (["--area-token", "sales=x"], "demo/support"),
        (["--wait", "-1"], "waits"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(options: list[str], said: str) -> None:
    ended = CliRunner().invoke(app, options)
    assert ended.exit_code == 64
    assert said in ended.stderr


def test_a_token_without_its_area_is_not_repeated() -> None:
    ended = CliRunner().invoke(app, ["--area-token", "eyJhbGciOiJIUzI1NiJ9"])
    assert ended.exit_code == 64
    assert "eyJ" not in ended.output


def test_a_state_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    ended = CliRunner().invoke(app, ["--state", str(tmp_path)])
    assert ended.exit_code == 69
    assert str(tmp_path) in ended.stderr
