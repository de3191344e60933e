"""What is in ops/ works with this program: names and labels of metrics exist, alert rules come when they should."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.metrics import MetricWrapperBase

from gateway import metrics
from tests.servers.program import needs

OPS = Path(__file__).parent.parent / "ops"
RULES, RULE_TESTS = OPS / "prometheus" / "alerts.yml", OPS / "prometheus" / "alerts_test.yml"
DASHBOARD = OPS / "grafana" / "cention-gateway.json"
PROMTOOL = shutil.which("promtool") or "/usr/bin/promtool"
SYSTEMD_ANALYZE = "/usr/bin/systemd-analyze"
# What Prometheus itself adds to each sample.
ADDED = {"instance", "job"}


def known() -> dict[str, set[str]]:
    """The labels of each sample that /metrics has, by the sample's name."""
    found: dict[str, set[str]] = {}
    for one in vars(metrics).values():
        if isinstance(one, MetricWrapperBase):
            labels = {*one._labelnames, *ADDED}
            for family in one.describe():
                match family.type:
                    case "counter":
                        found[f"{family.name}_total"] = labels
                    case "histogram":
                        found |= {f"{family.name}_bucket": labels | {"le"}}
                        found |= dict.fromkeys((f"{family.name}_sum", f"{family.name}_count"), labels)
                    case _:
                        found[family.name] = labels
    return found


def expressions() -> Iterator[str]:
    """Each expression that a panel or a rule asks Prometheus for, and the words that it shows with it."""
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel["targets"]:
            yield target["expr"] + " " + target["legendFormat"]
    yield from rules()


def rules() -> list[str]:
    return re.split(r"^ +- alert: ", RULES.read_text(), flags=re.MULTILINE)[1:]


def test_each_metric_that_a_panel_or_an_alert_asks_for_exists() -> None:
    asked = {name for one in expressions() for name in re.findall(r"\bcention_gateway_\w+", one)}
    assert asked
    assert asked <= known().keys()


# A label that does not exist gives an alert that never comes, and nobody is told that.
@pytest.mark.parametrize("expression", list(expressions()))
def test_each_label_that_is_asked_for_is_one_of_the_metric_s(expression: str) -> None:
    names = re.findall(r"\bcention_gateway_\w+", expression)
    labels = set().union(*(known()[name] for name in names)) if names else ADDED
    asked = set(re.findall(r"\{\{ ?\$labels\.(\w+)", expression)) | set(re.findall(r"\{\{(\w+)\}\}", expression))
    for listed in re.findall(r"\bby \(([^)]*)\)", expression):
        asked |= {label.strip() for label in listed.split(",")}
    for name, chosen in re.findall(r"\b(cention_gateway_\w+)\{([^}]*)\}", expression):
        assert set(re.findall(r"(\w+) ?(?:=|!=|=~|!~)\"", chosen)) <= known()[name]
    assert asked <= labels


def test_prometheus_takes_the_alert_rules_and_they_come_when_they_should() -> None:
    needs(PROMTOOL)
    for words in (["check", "rules", RULES.name], ["test", "rules", RULE_TESTS.name]):
        ran = subprocess.run(
            [PROMTOOL, *words], cwd=RULES.parent, capture_output=True, text=True, timeout=60, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert "SUCCESS" in ran.stdout


def test_each_alert_says_what_to_do() -> None:
    for rule in rules():
        assert re.search(r"^ +action: \".{10,}\"$", rule, re.MULTILINE), rule.splitlines()[0]
        assert re.search(r"severity: (critical|warning)", rule), rule.splitlines()[0]


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    needs(SYSTEMD_ANALYZE)
    for unit in (OPS / "systemd").iterdir():
        # The program is not installed where the unit expects it.
        (tmp_path / unit.name).write_text(unit.read_text().replace("/usr/bin/cention-gateway", "/bin/true"))
    units = sorted(map(str, tmp_path.iterdir()))
    ran = subprocess.run(
        [SYSTEMD_ANALYZE, "verify", "--man=no", *units], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")


# Whoever runs the service may do no more than it needs: systemd's own measure, from 0 to 10.
def test_the_service_is_hardened(tmp_path: Path) -> None:
    needs(SYSTEMD_ANALYZE)
    (tmp_path / "cention-gateway.service").write_text((OPS / "systemd" / "cention-gateway.service").read_text())
    argv = [SYSTEMD_ANALYZE, "security", "--offline=true", "--threshold=20", str(tmp_path / "cention-gateway.service")]
    ran = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stdout[-500:] + ran.stderr
