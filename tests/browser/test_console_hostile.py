"""Mail of people who mean harm, in the console: nothing of it runs, and nothing asks their server for anything."""

from collections.abc import Iterator
from email.message import EmailMessage

import pytest
import requests
from playwright.sync_api import expect

from tests.browser.conftest import Sit
from tests.browser.listener import Listener, hostile, listening
from tests.roads import Road

SUBJECT = "</title><script>ran=1</script>'\"><svg onload=ran=1>"


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with listening() as server:
        yield server


def written(url: str) -> bytes:
    message = EmailMessage()
    message["From"] = '"<img src=x onerror=ran=1>" <asa@client.example>'
    message["To"], message["Subject"] = "support@example.com", SUBJECT
    message["Message-ID"] = "<'><script>ran=1</script>@client.example>"
    message["X-Script"] = "</pre><script>ran=1</script>"
    message.set_content("<script>ran=1</script></textarea></pre><img src=x onerror=ran=1>")
    message.add_alternative(hostile(url, url), subtype="html")
    message.add_attachment(b"<script>top.ran=1</script>", "text", "html", filename='"><script>ran=1</script>.html')
    message.add_attachment(b"<svg onload='top.ran=1'/>", "image", "svg+xml", filename="a.svg")
    return message.as_bytes()


@pytest.fixture(scope="module")
def name(console: Road, listener: Listener) -> str:
    found = console.sends(written(listener.url))
    console.reaches(found, "done")
    return found


def test_nothing_of_a_hostile_mail_runs_or_asks_its_server(
    console: Road, operate: Sit, listener: Listener, name: str
) -> None:
    agent = operate(f"/mail/{name}?q=script")
    expect(agent.page.get_by_role("heading", level=1)).to_have_text(SUBJECT)
    frame = agent.page.frame_locator("iframe")
    expect(frame.get_by_text("This is the end.")).to_be_visible()
    for link in frame.get_by_role("link").all():
        link.evaluate("element => element.click()")
    for path in ("/", "/mail?q=%22%3E%3Cscript%3Eran%3D1%3C/script%3E", f"/mail/{name}/html"):
        agent.page.goto(path)
        agent.page.wait_for_load_state()
    assert agent.page.evaluate("typeof ran") == "undefined"
    assert listener.asked == []
    agent.complaints.clear()  # each is the browser saying what it did not do


# A picture from elsewhere tells its server who reads: that is for the operator to decide, each time.
def test_pictures_from_elsewhere_are_loaded_only_when_asked_for(
    console: Road, operate: Sit, listener: Listener
) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "asa@client.example", "support@example.com", "A picture"
    message.set_content("See it.")
    picture = f'<p>See it.</p><img src="{listener.url}/asked" width="90" height="90">'
    message.add_alternative(picture, subtype="html")
    name = console.sends(message.as_bytes())
    console.reaches(name, "done")
    agent = operate(f"/mail/{name}")
    expect(agent.page.frame_locator("iframe").get_by_text("See it.")).to_be_visible()
    assert listener.asked == []
    with agent.page.expect_event("requestfinished", lambda one: one.url == f"{listener.url}/asked"):
        agent.page.get_by_role("link", name="Load pictures from elsewhere").click()
    agent.complaints.clear()
    agent.strangers.clear()
    listener.asked.clear()


@pytest.mark.parametrize("part", ["html", "raw", "files/0", "files/1"])
def test_what_strangers_wrote_is_sent_as_nobody_s_or_to_be_kept(console: Road, name: str, part: str) -> None:
    answer = requests.get(f"http://{console.gateway.http}/mail/{name}/{part}", timeout=10)
    assert answer.status_code == 200
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    kept = answer.headers.get("Content-Disposition", "").startswith("attachment")
    assert kept == (part != "html")
    assert kept == (answer.headers["Content-Type"] == "application/octet-stream")


@pytest.mark.parametrize(
    "path", ["/mail/nothing", "/mail/nothing/raw", "/mail/nothing/html", "/mail/%00", "/mail/1/files/99"]
)
def test_what_is_not_there_is_said_in_a_page(console: Road, name: str, path: str) -> None:
    answer = requests.get(f"http://{console.gateway.http}{path}", timeout=10)
    assert answer.status_code == 404
    assert "Nothing here" in answer.text
