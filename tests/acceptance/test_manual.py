"""The manual as the wheel brings it, read by the program that shows it."""

import subprocess
from pathlib import Path

import pytest

from tests.servers.gateway import PROGRAM
from tests.written import ROOT

PAGES = {"man1": "cention-gateway.1", "man5": "cention-gateway.toml.5"}


@pytest.mark.parametrize("page", PAGES.values())
def test_a_page_is_shown_without_a_warning(page: str) -> None:
    shown = subprocess.run(
        ["groff", "-man", "-ww", "-Tutf8", ROOT / "docs" / "man" / page], capture_output=True, check=True, timeout=60
    )
    assert shown.stderr == b""
    assert len(shown.stdout.splitlines()) > 200


@pytest.mark.parametrize(("folder", "page"), PAGES.items())
def test_the_wheel_puts_a_page_where_man_looks_for_it(folder: str, page: str) -> None:
    prefix = Path(PROGRAM).parent.parent
    if not (prefix / "pyvenv.cfg").is_file():
        pytest.skip("this is no installed wheel")
    assert (prefix / "share" / "man" / folder / page).read_bytes() == (ROOT / "docs" / "man" / page).read_bytes()
