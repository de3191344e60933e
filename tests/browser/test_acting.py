"""What an operator does about what waits: reads why, mends it, retries, discards many, takes it back, pauses a way."""

import re

import pytest
from playwright.sync_api import expect

from gateway import operate as operating
from tests.browser.agent import mail
from tests.browser.conftest import Sit, photograph
from tests.browser.reading import hindrances
from tests.roads import Road


@pytest.fixture(scope="module")
def console(console: Road) -> Road:
    """With mails that Cention refused, one of which has a subject that can be mended."""
    console.faults({"target": "create", "status": 422})
    for subject in ("Terminal brokn", "Order 1", "Order 2", "Order 3"):
        console.reaches(console.sends(mail(subject)), "parked")
    console.faults()
    return console


# The workbench: by reason, what to do, the mail, its field, the errand.
def test_a_parked_mail_is_read_about_mended_and_becomes_an_errand(console: Road, operate: Sit) -> None:
    page = operate("/").page
    page.get_by_role("navigation", name="Main").get_by_role("link", name=re.compile("Parked")).click()
    page.get_by_role("link", name=re.compile("Cention does not take the document")).click()
    expect(page.get_by_role("heading", name="What to do")).to_be_visible()
    page.get_by_role("link", name=re.compile("Terminal brokn")).click()
    page.get_by_role("link", name="Edit and post…").click()
    page.get_by_label("Subject").fill("Terminal broken")
    page.get_by_role("button", name="Post it so").click()
    expect(page.get_by_role("list", name="Steps")).to_contain_text("by this machine")
    expect(page.get_by_role("list", name="Steps")).to_contain_text("Created")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Terminal broken")


# With the keyboard alone, and without any script.
@pytest.mark.parametrize("scripts", [True, False])
def test_many_are_discarded_after_a_second_look_and_taken_back(console: Road, operate: Sit, *, scripts: bool) -> None:
    page = operate("/parked/document-refused", scripts=scripts).page
    page.get_by_role("button", name="Discard all…").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Discard 3 jobs?")
    page.get_by_label("Why").fill("a test of the day")
    page.get_by_label("Why").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Discard: 3 jobs")
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Undo: 3 jobs")
    page.goto("/parked")
    expect(page.get_by_role("link", name=re.compile("Cention does not take"))).to_contain_text("3 parked")


def test_a_route_is_paused_and_resumed(console: Road, operate: Sit) -> None:
    page = operate("/ways").page
    page.get_by_label("Why support is paused").first.fill("new form")
    page.get_by_role("button", name="Pause support").click()
    expect(page.get_by_role("region", name="Routes")).to_contain_text(
        re.compile("paused by this machine since .*: new form")
    )
    page.get_by_role("button", name="Resume support").click()
    expect(page.get_by_role("region", name="Routes")).not_to_contain_text("paused by")
    assert operating.paused(console.gateway.spool) == {}


def test_every_page_is_for_everybody_at_every_width_in_both_schemes(console: Road, operate: Sit) -> None:
    (row,) = operating.listing(console.gateway.spool, ["parked"], "", 1)
    paths = ["/parked", "/parked/document-refused", "/reasons", "/ways", "/acts", "/acts/1"]
    paths += ["/act?act=retry&why=document-refused", f"/mail/{row['mail_id']}", f"/mail/{row['mail_id']}/edit"]
    page = operate("/parked").page
    for number, path in enumerate(paths):
        page.goto(path)
        assert hindrances(page) == []
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                photograph(page, f"acting-{number}-{scheme}-{width}")


# The last of all, as it leaves nothing parked.
def test_what_a_search_finds_is_held_and_released_together(console: Road, operate: Sit) -> None:
    page = operate("/mail?q=subject%3Aorder+state%3Aparked").page
    for label in ("Hold", "Release"):
        page.get_by_text("With all that is found…").click()
        page.get_by_role("button", name=f"{label}…").click()
        page.get_by_role("button", name=f"{label} 3 jobs").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(f"{label}: 3 jobs")
        page.goto("/mail?q=subject%3Aorder+state%3Aheld")
    expect(page.get_by_text("Nothing is found.")).to_be_visible()
    for row in operating.listing(console.gateway.spool, ["done"], "", 10):
        assert row["result"]
