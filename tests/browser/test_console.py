"""What an operator does before the console: sees how all stands, finds a mail by half a subject, follows its road."""

import re

import pytest
from playwright.sync_api import expect

from gateway.spool import query
from tests.browser.agent import mail
from tests.browser.conftest import Sit
from tests.browser.reading import hindrances
from tests.roads import Road, until

HTML = "<p>Hello <b>there</b></p><p>The end.</p>"
PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="


@pytest.fixture(scope="module")
def console(console: Road) -> Road:
    """With an errand whose answer came back, a mail that Cention refused, and a page of others."""
    first = console.sends(mail("Where is my parcel 日本", html=HTML))
    errand = console.reaches(first, "done")["result"]
    console.smarthost.replies["asa@client.example"] = "550 5.1.1 no such user"
    console.reaches(console.answers(errand), "parked")
    console.smarthost.replies.clear()
    until(lambda: not console.gateway.spool.read(query.unfinished), "the agent to be told")
    console.faults({"target": "create", "status": 422})
    console.reaches(console.sends(mail("Broken terminal, second try")), "parked")
    console.faults()
    for number in range(52):
        last = console.sends(mail(f"Order {number}"))
    console.reaches(last, "done")
    return console


# The question of the issue: where is my customer's mail, and why?
def test_a_mail_is_found_by_half_its_subject_and_says_why_it_is_parked(console: Road, operate: Sit) -> None:
    page = operate("/").page
    page.get_by_role("combobox").fill("brok term")
    page.get_by_role("combobox").press("Enter")
    page.get_by_role("link", name="Broken terminal, second try").click()
    expect(page.get_by_role("heading", level=1, name="Broken terminal, second try")).to_be_visible()
    expect(page.get_by_role("list", name="Steps").get_by_role("listitem").last).to_contain_text("Parked")
    expect(page.get_by_role("list", name="Steps")).to_contain_text("Cention answered 422")


def test_both_roads_of_an_errand_are_on_one_page(console: Road, operate: Sit) -> None:
    page = operate("/mail?q=parcel").page
    page.get_by_role("region", name="Found").get_by_role("link", name=re.compile("^Where is my parcel")).click()
    road = page.get_by_role("region", name="The whole road")
    expect(road.get_by_role("listitem")).to_have_count(3)
    expect(road).to_contain_text("no such user")
    road.get_by_role("link", name=re.compile("answer to #")).click()
    expect(page.get_by_role("region", name="Delivered")).to_contain_text("550 5.1.1 no such user")
    expect(page.frame_locator("iframe").get_by_text("hello")).to_be_visible()


def test_what_a_mail_says_and_would_become_is_shown(console: Road, operate: Sit) -> None:
    page = operate("/mail?q=parcel").page
    page.get_by_role("region", name="Found").get_by_role("link", name=re.compile("^Where is my parcel")).click()
    expect(page.frame_locator("iframe").get_by_text("The end.")).to_be_visible()
    page.get_by_text("The document that was posted").click()
    expect(page.get_by_text('"type": "c3_new_errands"')).to_be_visible()
    expect(page.get_by_text("becomes an errand in support")).to_be_visible()
    page.get_by_text("Header", exact=True).click()
    expect(page.get_by_text("Content-Type: multipart/alternative")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Raw").click()
    assert b"Subject:" in download.value.path().read_bytes()


# Who types is told what may follow; what is not understood is said, with what may have been meant.
def test_a_search_completes_and_explains_itself(console: Road, operate: Sit) -> None:
    page = operate("/mail?q=parcel+stat:parked").page
    expect(page.get_by_role("region", name="Found")).to_contain_text('with "parcel"; newest first')
    page.get_by_role("link", name="state:parked", exact=True).click()
    expect(page.get_by_role("combobox")).to_have_value("parcel state:parked")
    page.get_by_role("combobox").fill("route:su")
    expect(page.locator("#completions option")).to_have_attribute("value", "route:support")


def test_a_list_is_paged_by_a_link_that_can_be_shared(console: Road, operate: Sit) -> None:
    page = operate("/mail?q=order", scripts=False).page
    expect(page.locator("#rows > li")).to_have_count(50)
    page.get_by_role("link", name="Older").click()
    expect(page.locator("#rows > li")).to_have_count(2)
    assert "below=" in page.url


def test_the_overview_follows_what_happens_and_says_when_it_does_not(console: Road, operate: Sit) -> None:
    agent = operate("/", zone="Asia/Tokyo")
    expect(agent.page.get_by_text("Times are those of Asia/Tokyo")).to_be_visible()
    accepted = agent.page.locator("#tile-accepted b")
    expect(agent.page.get_by_role("status")).to_have_text("live")
    until(lambda: accepted.inner_text() != "0", "what was accepted to be counted")
    before = int(accepted.inner_text())
    console.reaches(console.sends(mail("One more")), "done")
    expect(accepted).to_have_text(str(before + 1))
    agent.page.context.set_offline(offline=True)
    agent.page.evaluate("source.close(); source.onerror()")  # what a browser does once it notices
    expect(agent.page.get_by_role("status")).to_have_text("not live")


# Nothing that is done here needs a script.
def test_without_a_script_every_page_works(console: Road, operate: Sit) -> None:
    page = operate("/", scripts=False).page
    expect(page.get_by_text("2 jobs need a person").first).to_be_visible()
    page.goto("/mail?q=state:parked")
    page.get_by_role("link", name="Broken terminal").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Broken terminal, second try")
    expect(page.get_by_text("Times are those of UTC")).to_be_visible()


def test_a_mail_is_reached_and_read_by_the_keyboard_alone(console: Road, operate: Sit) -> None:
    page = operate("/").page
    page.keyboard.press("/")
    page.keyboard.type("terminal")
    page.keyboard.press("Enter")
    page.wait_for_url("**/mail?q=terminal")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Broken terminal, second try")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the mail")).to_be_focused()


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1920, "light")])
def test_every_page_is_named_for_readers_and_fits_its_width(
    console: Road, operate: Sit, width: int, scheme: str
) -> None:
    agent = operate("/", width=width, scheme=scheme)
    errand = console.gateway.spool.read(
        lambda connection: connection.exec_driver_sql("SELECT min(mail_id) FROM job").scalar()
    )
    answer = console.gateway.spool.read(
        lambda connection: connection.exec_driver_sql(
            "SELECT callback_id FROM job WHERE callback_id IS NOT NULL"
        ).scalar()
    )
    for path in ("/", "/mail?q=stat:x", f"/mail/{errand}", f"/mail/{answer}", "/mail/nothing"):
        agent.page.goto(path)
        assert hindrances(agent.page) == [], path
        assert agent.page.evaluate("document.documentElement.scrollWidth") <= width, path
    agent.complaints.clear()  # 404 of the last
