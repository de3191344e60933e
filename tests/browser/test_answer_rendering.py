"""Answers as a reader sees them: each mail's HTML opened in Chromium from its parts, at a desk and on a telephone."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, Route

from gateway.mail.show import html_of, page_of
from tests.answers import ALL, LAMP, PICTURES, TABLE, composed
from tests.browser.conftest import photograph

Open = Callable[..., Page]
VIEWS: tuple[tuple[int, Literal["light", "dark"]], ...] = (
    (1280, "light"),
    (1280, "dark"),
    (390, "light"),
    (390, "dark"),
)


# A reader's page asks for nothing from anywhere: what it shows came with the mail.
@pytest.fixture
def open_page(chromium: Browser, tmp_path: Path) -> Iterator[Open]:
    asked: list[str] = []
    contexts = []

    def pass_on(route: Route) -> None:  # what the page's policy forbids does not come so far
        asked.append(route.request.url)
        route.continue_()

    def opened(content: str, width: int = 1280) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 900})
        contexts.append(context)
        context.route("**/*", pass_on)
        page = context.new_page()
        (tmp_path / "answer.html").write_text(content, encoding="utf-8")
        page.goto((tmp_path / "answer.html").as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def number(page: Page, script: str) -> float:
    return float(page.evaluate(script))


@pytest.mark.parametrize("name", ALL)
def test_an_answer_fits_the_screen_and_shows_its_pictures(open_page: Open, name: str) -> None:
    page = open_page(html_of(composed(ALL[name])))
    for width, scheme in VIEWS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        photograph(page, f"answer-{name}-{width}-{scheme}")
        assert number(page, "document.documentElement.scrollWidth") <= width
    broken = "[...document.images].filter(one => !one.naturalWidth).map(one => one.outerHTML)"
    assert page.evaluate(broken) == []
    assert "Kind regards" in page.inner_text("body")
    assert page.evaluate("document.compatMode") == "CSS1Compat"


def test_a_wide_picture_keeps_its_shape_on_a_telephone(open_page: Open) -> None:
    page = open_page(html_of(composed(PICTURES)), 390)
    assert number(page, "document.images[1].width") <= 390
    assert number(page, "document.images[1].width / document.images[1].height") == pytest.approx(3, abs=0.05)
    assert html_of(composed(PICTURES)).count("data:image/png") == 4
    assert LAMP.content not in composed(PICTURES)


def test_a_picture_that_is_not_there_is_told_in_words(open_page: Open) -> None:
    assert "a photograph of the box" in open_page(html_of(composed(PICTURES))).inner_text("body")


# What a reader that drops <style> shows: the same table.
def test_a_table_looks_the_same_without_its_style_sheet(open_page: Open) -> None:
    html = html_of(composed(TABLE))
    looks = "[...document.querySelectorAll('.order td')].map(one => getComputedStyle(one).padding + one.offsetWidth)"
    kept = open_page(html).evaluate(looks)
    assert kept == open_page(html.replace("<style", "<template").replace("</style", "</template")).evaluate(looks)
    assert kept[0].startswith("6px 10px")


def test_text_from_right_to_left_begins_at_the_right(open_page: Open) -> None:
    page = open_page(html_of(composed(ALL["arabic"])))
    assert page.evaluate("getComputedStyle(document.querySelector('[lang=ar] p')).direction") == "rtl"


# The page of `preview answer --html`: with the header, and nothing in the answer runs or is fetched.
def test_the_preview_shows_header_and_answer_and_nothing_runs(open_page: Open) -> None:
    evil = '<p id="x">shown</p><script>document.title="ran"</script><img src="http://127.0.0.1:9/pixel">'
    page = open_page(page_of(composed(PICTURES).replace(b"This is the lamp:", evil.encode())))
    assert "Kundtjänst" in page.inner_text("table")
    assert page.title() == "Re: Where is my order?"
    assert page.frame_locator("iframe").locator("img").count() >= 4
    photograph(page, "answer-preview")
