"""What holds for all rings: in CI no test is skipped, but those that need a folder which is not there."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

CORPORA = Path(__file__).parents[2] / "shared" / "corpora"


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of mails that nobody here wrote; an outsider's clone does not have it."""
    if not CORPORA.is_dir():
        pytest.skip("../shared/corpora is not there")
    return CORPORA


@pytest.fixture(autouse=True)
def _log_of_its_own() -> Iterator[None]:
    """A test that sets up the log binds it to its own captured output, which is closed for the tests after it."""
    yield
    structlog.reset_defaults()


def _forbidden(report: pytest.TestReport | pytest.CollectReport, *, needs_corpora: bool) -> bool:
    """Whether CI must not let this report's skip pass. An expected failure is reported as a skip, and is none."""
    if os.environ.get("CI") != "true" or not report.skipped or hasattr(report, "wasxfail"):
        return False
    return not needs_corpora or CORPORA.is_dir()


def _fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"Nothing may be skipped with CI=true. {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Any:
    report = yield
    if _forbidden(report, needs_corpora=item.get_closest_marker("corpora") is not None):
        _fail(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Any:
    report = yield
    if _forbidden(report, needs_corpora=False):
        _fail(report)
    return report
