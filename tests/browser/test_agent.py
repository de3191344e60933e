"""The agent's page, by what a person does with it."""

import pytest
from playwright.sync_api import FilePayload, expect

from gateway.simulator.pages import archive
from tests.browser.agent import delivered, html_of, mail, pictures_of, text_of
from tests.browser.conftest import Sit
from tests.roads import Road

PNG = archive.content("thanks.png")


def test_a_mail_appears_by_itself_and_is_answered_with_a_picture(road: Road, sit: Sit) -> None:
    agent = sit()
    expect(agent.page.get_by_role("status")).to_have_text("live")
    agent.page.evaluate("window.never_left = true")
    road.sends(mail("Where is my parcel?"))
    expect(agent.row("Where is my parcel?")).to_be_visible()
    assert agent.page.evaluate("window.never_left")

    agent.opens("Where is my parcel?")
    expect(agent.said("Åsa Öberg")).to_contain_text("where is my order?")
    agent.writes("Hello Åsa,\n\nit is here: \n\nYour support")
    agent.page.get_by_label("Answer", exact=True).evaluate("area => area.setSelectionRange(24, 24)")
    agent.page.get_by_role("button", name="Insert map.png").click()
    agent.presses("Send answer")
    expect(agent.said("Agent")).to_contain_text("callback delivered")
    expect(agent.errand.locator("#state")).to_have_text("answered")

    answer = delivered(road, "Where is my parcel?")
    [(name, content)] = pictures_of(answer).items()
    assert content == archive.content("map.png")
    assert f'it is here: <img src="cid:{name}"' in html_of(answer)
    shown = agent.said("Agent").frame_locator("iframe").get_by_role("img", name="map.png")
    expect(shown).to_have_js_property("naturalWidth", 300)


# The same, for somebody whose browser runs no scripts: every act is a link or a form.
def test_without_scripts_a_mail_is_found_and_answered_with_a_picture(road: Road, sit: Sit) -> None:
    road.reaches(road.sends(mail("No scripts here")), "done")
    agent = sit(scripts=False)
    expect(agent.page.get_by_role("status")).to_have_text("not live")
    agent.opens("No scripts here")
    expect(agent.page.get_by_role("button", name="Insert map.png")).to_be_hidden()
    agent.writes("See this: [picture thanks.png] and goodbye")
    agent.page.get_by_label("signature.png").check()
    agent.presses("Send answer")
    expect(agent.said("Agent")).to_contain_text("callback delivered")

    answer = delivered(road, "No scripts here")
    assert sorted(map(len, pictures_of(answer).values())) == sorted(
        len(archive.content(name)) for name in ("signature.png", "thanks.png")
    )
    assert html_of(answer).index("See this: <img") < html_of(answer).index("and goodbye")
    agent.presses("Close")
    expect(agent.errand.locator("#state")).to_have_text("closed")


# The focus is where the browser puts it: nothing is clicked.
def test_the_keyboard_alone_is_enough(road: Road, sit: Sit) -> None:
    for subject in ("Second by keyboard", "First by keyboard"):
        road.reaches(road.sends(mail(subject)), "done")
    agent = sit()
    press = agent.page.keyboard.press
    press("Tab")
    expect(agent.page.get_by_role("link", name="Skip to the errands")).to_be_focused()
    press("/")
    expect(agent.page.get_by_role("searchbox")).to_be_focused()
    agent.page.keyboard.type("by keyboard")
    press("Enter")
    agent.sees("Search: by keyboard")
    for key in "jjk":
        press(key)
    press("Enter")
    agent.sees("First by keyboard")
    press("r")
    agent.page.keyboard.type("Answered from the keyboard.")
    while agent.page.evaluate("document.activeElement.textContent") != "Send answer":
        press("Tab")
    assert agent.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    press("Enter")
    expect(agent.said("Agent")).to_contain_text("Answered from the keyboard.")
    assert "Answered from the keyboard." in html_of(delivered(road, "First by keyboard"))


# What is being written, and where the focus is, are the agent's: news leaves them alone.
def test_news_leaves_a_begun_answer_and_the_focus_alone(road: Road, sit: Sit) -> None:
    road.reaches(road.sends(mail("Begun")), "done")
    agent = sit()
    agent.opens("Begun")
    agent.writes("Half a sent")
    frames = agent.page.locator("#message").evaluate("piece => (window.kept = piece, true)")
    assert frames
    road.sends(mail("News comes in"))
    expect(agent.row("News comes in")).to_be_visible()
    agent.page.keyboard.type("ence")
    expect(agent.page.get_by_label("Answer", exact=True)).to_have_value("Half a sentence")
    assert agent.page.evaluate("window.kept === document.getElementById('message')")


# Nobody is to take an old list for the present one.
def test_a_page_that_hears_nothing_says_that_it_is_not_live(sit: Sit) -> None:
    agent = sit("/calls")
    agent.page.route("**/live", lambda route: route.abort())
    agent.page.goto("/")
    expect(agent.page.get_by_role("status")).to_have_text("not live")
    agent.page.unroute_all()
    agent.page.reload()
    expect(agent.page.get_by_role("status")).to_have_text("live")
    agent.complaints.clear()  # the aborted request


def test_an_answer_that_another_gives_appears_in_the_conversation(road: Road, sit: Sit) -> None:
    road.reaches(road.sends(mail("Two agents")), "done")
    agent = sit()
    agent.opens("Two agents")
    road.answers(agent.page.url.rsplit("/", 1)[1].partition("?")[0], text="From the other", html="")
    expect(agent.said("Agent")).to_contain_text("From the other")
    expect(agent.errand.locator("#state")).to_have_text("answered")


# A file from the agent's own disk: one is shown where the text names it, the other is attached.
def test_uploaded_files_arrive_a_named_picture_within_the_text(road: Road, sit: Sit) -> None:
    road.reaches(road.sends(mail("Send me files")), "done")
    agent = sit()
    agent.opens("Send me files")
    agent.page.get_by_label("Attach files").set_input_files(
        [
            FilePayload(name="bild på oss.png", mimeType="image/png", buffer=PNG),
            FilePayload(name="räkning.pdf", mimeType="application/pdf", buffer=b"%PDF-1.4 not really"),
        ]
    )
    agent.page.get_by_role("button", name="Insert bild på oss.png").click()
    agent.presses("Send answer")
    answer = delivered(road, "Send me files")
    [(name, content)] = pictures_of(answer).items()
    assert content == PNG
    assert f"cid:{name}" in html_of(answer)
    files = {part.get_filename(): part.get_content() for part in answer.iter_attachments() if part.get_filename()}
    assert files["räkning.pdf"] == b"%PDF-1.4 not really"
    with agent.page.expect_download() as download:
        agent.said("Agent").get_by_role("link", name="räkning.pdf").click()
    assert download.value.path().read_bytes() == b"%PDF-1.4 not really"


def test_html_is_sent_as_it_is_written(road: Road, sit: Sit) -> None:
    road.reaches(road.sends(mail("In HTML please")), "done")
    agent = sit()
    agent.opens("In HTML please")
    agent.page.get_by_label("HTML", exact=True).check()
    agent.writes("<p>It is <b>on its way</b>.</p>")
    agent.presses("Send answer")
    answer = delivered(road, "In HTML please")
    assert "<b>on its way</b>" in html_of(answer)
    assert "on its way" in text_of(answer)
    assert "<b>" not in text_of(answer)


# A callback that is lost is seen to be lost, and can be sent again; one that comes twice makes one mail.
def test_a_callback_can_be_failed_repeated_and_sent_twice(road: Road, sit: Sit) -> None:
    road.reaches(road.sends(mail("Trouble on the way")), "done")
    agent = sit()
    agent.opens("Trouble on the way")
    agent.writes("This one gets lost")
    agent.presses("Fail the next callback")
    expect(agent.page.get_by_label("Answer", exact=True)).to_have_value("This one gets lost")
    expect(agent.page.get_by_text("the next callback will be lost", exact=True)).to_be_visible()
    agent.presses("Send answer")
    expect(agent.said("Agent").locator(".chip")).to_have_text(["callback failed: lost on order: nothing was sent"])
    agent.presses("Send the callback again")
    expect(agent.said("Agent").locator(".chip").nth(1)).to_contain_text("callback delivered: 200")
    agent.writes("This one comes twice")
    agent.presses("Send it twice")
    expect(agent.said("Agent").nth(1).locator(".chip")).to_have_count(2)
    road.reaches(road.sends(mail("A later mail")), "done")
    agent.opens("A later mail")
    agent.writes("Afterwards")
    agent.presses("Send answer")
    delivered(road, "A later mail")
    sent = [text_of(road.smarthost.parsed(number)) for number in range(len(road.smarthost.mails))]
    assert sum("comes twice" in text for text in sent) == 1
    assert sum("gets lost" in text for text in sent) == 1


def test_what_cannot_be_sent_says_why_and_keeps_what_was_written(road: Road, sit: Sit) -> None:
    road.reaches(road.sends(mail("To nobody")), "done")
    agent = sit()
    agent.opens("To nobody")
    agent.page.get_by_text("To and subject").click()
    agent.page.get_by_label("To", exact=True).fill("nobody at all")
    agent.writes("Kept text")
    agent.presses("Send answer")
    agent.complaints.clear()  # Chromium notes that the answer to the form was 422
    expect(agent.page.get_by_role("alert")).to_contain_text("To: addresses with commas between them expected")
    expect(agent.page.get_by_label("Answer", exact=True)).to_have_value("Kept text")
    agent.writes("")
    agent.page.get_by_label("To", exact=True).fill("")
    agent.presses("Send answer")
    agent.complaints.clear()
    expect(agent.page.get_by_role("alert")).to_contain_text("An answer needs a text, a file or a picture.")


def test_errands_are_listed_by_area_found_by_search_and_leave_when_closed(road: Road, sit: Sit) -> None:
    road.reaches(road.sends(mail("Only in support", text="the word is xylophone")), "done")
    agent = sit()
    areas = agent.page.get_by_role("navigation", name="Areas")
    areas.get_by_role("link", name="invoices").click()
    agent.sees("invoices")
    expect(agent.page.get_by_text("No errands here.")).to_be_visible()
    agent.page.get_by_role("searchbox", name="Search errands").fill("xylophone")
    agent.page.keyboard.press("Enter")
    found = agent.page.get_by_role("region", name="Search: xylophone").get_by_role("link", name="Only in support")
    found.click()
    agent.presses("Close")
    expect(agent.errand.locator("#state")).to_have_text("closed")
    areas.get_by_role("link", name="support").click()
    agent.sees("support")
    expect(agent.row("Only in support")).to_have_count(0)
    areas.get_by_role("link", name="closed").click()
    expect(agent.page.get_by_role("region", name="closed").get_by_role("link", name="Only in support")).to_be_visible()


# The documents as they went, both ways; a file's base64 does not fill the page.
def test_the_json_of_both_ways_can_be_read(road: Road, sit: Sit) -> None:
    road.reaches(road.sends(mail("Show me the JSON")), "done")
    agent = sit()
    agent.opens("Show me the JSON")
    agent.page.get_by_label("Attach files").set_input_files(
        {"name": "x.bin", "mimeType": "application/octet-stream", "buffer": bytes(100_000)}
    )
    agent.presses("Send answer")
    agent.errand.get_by_role("link", name="JSON").click()
    posted = agent.page.get_by_role("region", name="Posted to c3_new_errands")
    expect(posted).to_contain_text('"subject": "Show me the JSON"')
    called = agent.page.get_by_role("region", name="Callback of answer")
    expect(called).to_contain_text("c3_callback_answer_errands")
    expect(called).to_contain_text(f"http://{road.gateway.http}/callbacks/demo")
    expect(called).to_contain_text("callback delivered: 200")
    with agent.page.expect_download() as download:
        posted.get_by_role("link", name="whole document").click()
    assert b"c3_new_errands" in download.value.path().read_bytes()


def test_calls_are_shown_and_faults_ordered_and_cleared(road: Road, sit: Sit) -> None:
    road.reaches(road.sends(mail("A call to look at")), "done")
    agent = sit("/calls")
    expect(agent.page.get_by_role("row", name="c3_new_errands").first).to_contain_text("201")
    agent.page.get_by_role("navigation").get_by_role("link", name="faults").click()
    agent.page.get_by_label("Which calls").select_option("end")
    agent.page.get_by_label("What happens").select_option(label="503, try again later")
    agent.page.get_by_label("How many calls").fill("2")
    agent.presses("Order")
    assert road.get("/_sim/faults") == [{"target": "end", "status": 503, "calls": 2}]
    agent.presses("Clear all")
    assert road.get("/_sim/faults") == []


LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2


# 390 pixels, with the words that break pages: the page is never wider than the screen, and the errand comes first.
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_screen_needs_no_sideways_scrolling(road: Road, sit: Sit, scheme: str) -> None:
    road.reaches(road.sends(mail(f"{scheme} {LONG}", text=LONG, name=LONG)), "done")
    road.reaches(road.sends(mail(f"{scheme} HTML", html=f"<h1>{LONG}</h1><p>Hello<p>{'word ' * 200}")), "done")
    agent = sit(width=390, scheme=scheme)
    paths = ["/", "/?closed=1", "/?q=nothing", "/calls", "/faults"]
    paths += [link.get_attribute("href") or "" for link in agent.page.locator(".rows a").all()[:2]]
    for path in [*paths, f"{paths[-1].partition('?')[0]}/json"]:
        agent.page.goto(path)
        assert agent.page.evaluate("document.documentElement.scrollWidth") == 390, path
    agent.page.goto(paths[-1])
    expect(agent.page.locator(".list")).to_be_hidden()
    agent.page.get_by_role("link", name="← support").click()
    expect(agent.page.locator(".list")).to_be_visible()
