"""What axe-core finds on a page that would keep somebody with a keyboard or a screen reader from using it."""

from pathlib import Path
from typing import Any, cast

from playwright.sync_api import Page

_AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text(encoding="utf-8")
_RUN = "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"


def hindrances(page: Page) -> list[str]:
    """Each rule that the page breaks, with the elements; it is run past the page's policy, which lets no script in."""
    page.evaluate(_AXE)
    found = cast("list[dict[str, Any]]", page.evaluate(_RUN))
    return [f"{one['id']}: {one['help']}: {[node['html'] for node in one['nodes']]}" for one in found]
