"""The image, as far as it can be read. What its steps do is proven by scripts/fresh-machine."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.config.gateway import GatewaySection
from gateway.config.settings import Settings
from gateway.config.units import Listen

ROOT = Path(__file__).parents[1]


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, each with what stands after it, in one line."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split()[0], line.partition(" ")[2]) for line in lines]


def all_of(name: str) -> list[str]:
    """What stands after each instruction of that name."""
    return [rest for instruction, rest in instructions() if instruction == name]


@pytest.fixture
def environment() -> dict[str, str]:
    """The variables that the image sets."""
    return dict(pair.split("=", 1) for line in all_of("ENV") for pair in shlex.split(line))


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    ran = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, check=False, text=True, timeout=60)
    assert (ran.returncode, ran.stdout) == (0, "")


def test_every_base_is_the_slim_debian_12_and_the_last_stage_does_not_run_as_root() -> None:
    assert {base.split()[0] for base in all_of("FROM")} == {"python:3.11-slim-bookworm"}
    assert instructions()[-6:][0] == ("USER", "10001")
    assert "--uid 10001" in " ".join(all_of("RUN"))


# Without hashes an index could hand out anything; without wheels only, anything could run while it is installed.
def test_whatever_is_installed_is_locked() -> None:
    installs = [step for run in all_of("RUN") for step in run.split("&&") if " install " in step and "-m pip" in step]
    assert len(installs) == 3
    for step in installs:
        assert ("--require-hashes" in step and "--only-binary :all:" in step) or "--no-index" in step


# In a container an address of its own is the image's business: the program's own default is for this machine alone.
def test_the_image_listens_where_it_says_that_it_does(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    token = tmp_path / "token"
    token.write_text("secret")
    workspace = {"url": "https://cention.example.com/s/demo", "attachment_token": f"file:{token}"}
    route = {"name": "a", "recipients": ["a@example.com"], "workspace": "demo", "token": f"file:{token}"}
    settings = Settings.model_validate(
        {"cention": {"demo": workspace}, "route": [route | {"reply_from": "a@example.com"}]}
    )
    assert settings.smtp.listen == [Listen("0.0.0.0", 2525)]
    assert settings.http.listen == Listen("0.0.0.0", 8080)
    assert all_of("EXPOSE") == ["2525 8080"]


def test_the_image_checks_its_health_by_the_program_on_the_settings_that_it_runs_with() -> None:
    [health] = all_of("HEALTHCHECK")
    settings = ["--config", "/etc/cention-gateway/config.toml"]
    assert json.loads(health.partition("CMD ")[2]) == ["cention-gateway", "health", *settings]
    assert json.loads(all_of("ENTRYPOINT")[0]) == ["cention-gateway"]
    assert json.loads(all_of("CMD")[0]) == ["run", *settings]


def test_the_spool_is_in_the_volume() -> None:
    [volume] = all_of("VOLUME")
    assert Path(volume) in Path(GatewaySection().spool.removeprefix("sqlite:///")).parents


# What .dockerignore leaves out cannot be copied, and the work tree's secrets and caches stay out.
def test_the_context_holds_what_is_copied_and_no_more() -> None:
    let_in = {
        line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    copied = {word for line in all_of("COPY") if "--from" not in line for word in line.split()[:-1]}
    assert copied == let_in
