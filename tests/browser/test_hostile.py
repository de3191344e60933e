"""Mail of people who mean harm: on the agent's page nothing of it runs, and nothing asks their server for anything."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.agent import mail
from tests.browser.conftest import Sit
from tests.browser.listener import Listener, hostile, listening
from tests.roads import Road

NAME = "<img src=x onerror=ran=1>"
SUBJECT = "</title><script>ran=1</script>'\"><svg onload=ran=1>"


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as server:
        yield server


def test_nothing_of_a_hostile_mail_runs_or_asks_its_server(road: Road, sit: Sit, listener: Listener) -> None:
    document = {
        "type": "c3_new_errands",
        "attributes": {
            "msg": {
                "message_id": f'"><script>ran=1</script>{listener.url}',
                "name": NAME,
                "from": '"><script>ran=1</script>@evil.example',
                "subject": SUBJECT,
                "body": "<script>ran=1</script></textarea></pre><img src=x onerror=ran=1>",
                "html_body": hostile(listener.url, road.simulator.origin),
                "attachments": [
                    {"name": '"><script>ran=1</script>.html', "content_type": "text/html", "content": "PHNjcmlwdD4="},
                    {"name": "a.svg", "content_type": "image/svg+xml", "content": "PHN2Zz4="},
                    {"name": "../../etc/passwd\r\nX: y", "content_type": "image/png\r\nX: y", "content": ""},
                ],
            },
            "extradata": {"</code><script>ran=1</script>": "</script><script>ran=1</script>"},
        },
    }
    errand = road.create({"data": document})
    road.faults({"target": "end", "status": 503})
    agent = sit(f"/errands/{errand}")
    expect(agent.page.get_by_role("heading", level=1)).to_have_text(SUBJECT)
    frame = agent.said(NAME).frame_locator("iframe")
    expect(frame.get_by_text("This is the end.")).to_be_visible()
    for act in ("#a", "#b", "#c", "#f button", "#d"):
        frame.locator(act).evaluate("element => element.click()")
    agent.page.goto(f"/errands/{errand}/json")
    expect(agent.page.get_by_text("</title><script>").first).to_be_visible()
    agent.page.goto(f"/?q={errand}")
    agent.page.get_by_role("link", name=NAME).wait_for()
    agent.page.goto(f"/errands/{errand}/message/html")  # as if it were opened on its own
    expect(agent.page.get_by_text("This is the end.")).to_be_visible()
    assert agent.page.evaluate("typeof ran") == "undefined"
    assert listener.asked == []
    assert road.get("/_sim/faults") != []
    road.faults()
    agent.complaints.clear()  # each is the browser saying what it did not do


# The page may be seen by nobody but itself: a site that frames it gets nothing to trick a click out of.
def test_the_page_is_not_shown_in_another_page_s_frame(road: Road, sit: Sit) -> None:
    road.reaches(road.sends(mail("Not in a frame")), "done")
    agent = sit()
    agent.page.set_content(f"<iframe src='{road.simulator.origin}/'></iframe>")
    agent.page.wait_for_load_state("networkidle")
    assert "Not in a frame" not in agent.page.frames[1].content()
    agent.complaints.clear()
