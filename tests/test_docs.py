"""What the documentation states is so."""

import re
import tomllib
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pytest
import typer.main
from prometheus_client.metrics import MetricWrapperBase

from gateway import metrics
from gateway.cli import cli
from gateway.config.load import load
from gateway.config.reference import page
from gateway.config.settings import Settings

ROOT = Path(__file__).parent.parent
DOCS = sorted(ROOT.glob("docs/*.md"))


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_settings_page_is_what_the_classes_say() -> None:
    assert text("docs/settings.md") == page()


SECTIONS = {
    "gateway": "GatewaySection",
    "smtp": "SmtpSection",
    "lmtp": "LmtpSection",
    "http": "HttpSection",
    "console": "ConsoleSection",
    "mail": "MailSection",
    "automatic": "AutomaticSection",
    "cention.demo": "Workspace",
    "[route]": "Route",
    "[rule]": "RuleSection",
    "outgoing": "OutgoingSection",
    "notices": "NoticesSection",
    "cache": "CacheSection",
    "alerts": "AlertsSection",
    "log": "LogSection",
    "telemetry": "TelemetrySection",
    "worker": "WorkerSection",
}


# Every key stands in the example under its section, in force or commented out with its default; and nothing else does.
def test_the_example_has_every_key_and_no_other() -> None:
    module = import_module("gateway.config.settings")
    parts = re.split(r"^\[(.+?)\] *(?:#.*)?$", text("config.toml.example"), flags=re.MULTILINE)
    written = {
        name: set(re.findall(r"^(?:# )?(\w+) = ", content, re.MULTILINE))
        for name, content in zip(parts[1::2], parts[2::2], strict=True)
    }
    assert written == {name: set(getattr(module, kind).model_fields) for name, kind in SECTIONS.items()}


def test_what_the_example_comments_out_is_the_default_or_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = text("config.toml.example").replace("file:/run/secrets/support.jwt", f"file:{tmp_path / 'token'}")
    (tmp_path / "token").write_text("token")
    for name in ("CENTION_ATTACHMENT_TOKEN", "CENTION_CALLBACK_SECRET", "RELAY_PASSWORD"):
        monkeypatch.setenv(name, "x")
    (tmp_path / "example.toml").write_text(example)
    plain = load(tmp_path / "example.toml")
    (tmp_path / "all.toml").write_text(re.sub(r"^# (\w+ = )", r"\1", example, flags=re.MULTILINE))
    everything = load(tmp_path / "all.toml")
    differing = {"tls_certificate", "tls_key", "tls_ca", "default_route", "readers", "processes", "threads"}
    # Each of these is `timeout` unless it is set.
    differing |= {f"{phase}_timeout" for phase in ("connect", "greeting", "data", "block", "end")}
    for name in ("gateway", "smtp", "http", "outgoing", "notices", "worker"):
        before, after = (getattr(settings, name).model_dump() for settings in (plain, everything))
        assert {key for key in before if before[key] != after[key]} <= differing


def test_every_setting_of_the_house_is_described() -> None:
    for name, field in Settings.model_fields.items():
        assert field.annotation is not None, name
    module = import_module("gateway.config.settings")
    for kind in SECTIONS.values():
        for name, field in getattr(module, kind).model_fields.items():
            assert field.description, f"{kind}.{name} has no description"


def test_every_dependency_has_its_line_with_the_release_that_is_locked() -> None:
    listed = dict(re.findall(r"^\| ([\w-]+) \|.*\| (\d[\w.]*) \|$", text("docs/dependencies.md"), re.MULTILINE))
    project = tomllib.loads(text("pyproject.toml"))["project"]
    wanted = {re.match(r"[\w-]+", line)[0] for line in project["dependencies"]}  # type: ignore[index]
    assert listed == {name: version(name) for name in wanted}
    for line in text("requirements/dev.in").splitlines():
        if line and not line.startswith(("#", "-")):
            assert f"`{line.partition('>')[0]}`" in text("docs/dependencies.md")


def commands() -> set[str]:
    found: set[str] = set()
    for name, command in typer.main.get_command(cli).commands.items():  # type: ignore[attr-defined]
        found |= {f"{name} {sub}" for sub in getattr(command, "commands", {})} or {name}
    return found


def test_every_command_is_on_the_operations_page() -> None:
    listed = set(re.findall(r"^\| `cention-gateway ([\w ]+)` \|", text("docs/operations.md"), re.MULTILINE))
    assert listed == commands()


def test_every_metric_is_on_the_monitoring_page_with_its_labels() -> None:
    found = {}
    for one in vars(metrics).values():
        if isinstance(one, MetricWrapperBase):
            (family,) = one.describe()
            found[family.name + ("_total" if family.type == "counter" else "")] = ", ".join(one._labelnames)
    page = text("docs/monitoring.md")
    assert dict(re.findall(r"^\| `(cention_gateway_\w+)` \|(?: ([\w, ]+))? \|", page, re.MULTILINE)) == found


# The pages name functions so that the code can be read along: each is where the page says.
def test_the_files_and_functions_that_the_flow_page_names_exist() -> None:
    page = text("docs/flow.md")
    for path in re.findall(r"`(gateway/[\w/]+\.py)`", page):
        assert (ROOT / path).is_file(), path
    code = "\n".join(file.read_text() for file in (ROOT / "gateway").rglob("*.py"))
    for name in re.findall(r"`([A-Z]\w+)\.(_?\w+)`", page):
        assert re.search(rf"def {name[1]}\(", code), name
        assert re.search(rf"^class {name[0]}\b", code, re.MULTILINE), name
    for name in re.findall(r"`([a-z_]{4,})`(?= \()", page):
        assert re.search(rf"def {name}\(", code), name


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{page.name}" for page in DOCS)])
def test_links_between_pages_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text(page)):
        assert ((ROOT / page).parent / target).exists(), target


@pytest.mark.parametrize("script", ["demo", "test", "lint", "format", "lock", "docs", "fresh-machine"])
def test_the_scripts_that_the_house_promises_can_be_run(script: str) -> None:
    assert (ROOT / "scripts" / script).stat().st_mode & 0o111
