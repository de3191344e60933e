"""The pages that are printed from the code, by their paths: `python -m tests.written` writes them, a test compares."""

from collections.abc import Callable, Mapping
from pathlib import Path

from gateway.cli import manual
from gateway.cli import reference as commands
from gateway.config import reference as settings

ROOT = Path(__file__).parent.parent
WRITTEN: Mapping[str, Callable[[], str]] = {
    "docs/settings.md": settings.page,
    "docs/commands.md": commands.page,
    "docs/man/cention-gateway.1": manual.commands_page,
    "docs/man/cention-gateway.toml.5": manual.settings_page,
}

if __name__ == "__main__":
    for path, page in WRITTEN.items():
        (ROOT / path).parent.mkdir(exist_ok=True)
        (ROOT / path).write_text(page(), encoding="utf-8")
