"""What all fault tests share: the table of cases, and how long a form they run in."""

import os
from pathlib import Path

import pytest

from tests.fault.table import FILE, Table

_TABLE = pytest.StashKey[Table]()
_SCALE = int(os.environ.get("FAULT_SCALE", "1"))
_SECONDS = 120


def pytest_configure(config: pytest.Config) -> None:
    """Begin an empty table."""
    config.stash[_TABLE] = Table()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each case as much more time as its form is longer."""
    for item in items:
        if item.path.parent == Path(__file__).parent and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(_SECONDS * _SCALE))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table and write it, if any case has ended."""
    if table := config.stash.get(_TABLE, None):
        table.write()
        terminalreporter.section("faults")
        terminalreporter.write(table.markdown())
        terminalreporter.write_line(f"written to {'/'.join(FILE.parts[-2:])}")


@pytest.fixture
def faults(request: pytest.FixtureRequest) -> Table:
    """The table of the session: `faults.row("case", accepted=…, errands=…, repeats=…, left=…, lost=…)`."""
    return request.config.stash[_TABLE]


@pytest.fixture(scope="session")
def scale() -> int:
    """How many times the short form's length a case runs: FAULT_SCALE, 1 in CI, 20 for the long form."""
    return _SCALE
