"""The rule of tests/conftest.py that keeps CI honest: a skip is a failure there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import CORPORA

ROOT = Path(__file__).parents[1]

SKIPS = {
    "in the test": "import pytest\ndef test_it():\n    pytest.skip('no server')\n",
    "in a fixture": "import pytest\n@pytest.fixture\ndef it():\n    pytest.skip('no server')\ndef test_it(it): ...\n",
    "by a mark": "import pytest\n@pytest.mark.skip('no server')\ndef test_it():\n    pass\n",
    "of a whole file": "import pytest\npytest.skip('no server', allow_module_level=True)\n",
}
CORPORA_TEST = "import pytest\n@pytest.mark.corpora\ndef test_it():\n    pytest.skip('no folder')\n"


def run(folder: Path, test: str, ci: str) -> tuple[int, str]:
    """Run a test file under our conftest; exit status and what pytest said."""
    file = folder / "test_it.py"
    file.write_text(test)
    argv = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", "--rootdir", str(ROOT)]
    ran = subprocess.run(
        [*argv, "--config-file", str(ROOT / "pyproject.toml"), str(file)],
        cwd=ROOT,
        env=os.environ | {"CI": ci},
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    return ran.returncode, ran.stdout


@pytest.mark.parametrize("skip", SKIPS)
def test_a_skip_is_a_failure_in_ci_and_says_why(tmp_path: Path, skip: str) -> None:
    status, said = run(tmp_path, SKIPS[skip], "true")
    assert status != 0
    assert "Nothing may be skipped with CI=true" in said
    assert "no server" in said


@pytest.mark.parametrize("skip", SKIPS)
def test_a_skip_is_a_skip_elsewhere(tmp_path: Path, skip: str) -> None:
    status, said = run(tmp_path, SKIPS[skip], "")
    assert status in {0, 5}
    assert "1 skipped" in said


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    expected = "import pytest\n@pytest.mark.xfail\ndef test_it():\n    assert False\n"
    status, said = run(tmp_path, expected, "true")
    assert status == 0
    assert "1 xfailed" in said


# CI has the folder beside its clone; if it ever has not, that is not the fault of the change.
def test_foreign_mails_may_be_missing_in_ci_only_where_their_folder_is(tmp_path: Path) -> None:
    status, said = run(tmp_path, CORPORA_TEST, "true")
    assert (status != 0) == CORPORA.is_dir(), said
