"""Mail of people who mean harm: on the agent's page nothing of it runs, and nothing asks their server for anything."""

import socketserver
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.agent import mail
from tests.browser.conftest import Sit
from tests.roads import Road

NAME = "<img src=x onerror=ran=1>"
SUBJECT = "</title><script>ran=1</script>'\"><svg onload=ran=1>"


class Listener(socketserver.ThreadingTCPServer):
    """A stranger's server: notes what it is asked for, whatever that is."""

    daemon_threads = True

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        super().__init__(("127.0.0.1", 0), Noting)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Noting(socketserver.StreamRequestHandler):
    server: Listener

    def handle(self) -> None:
        self.server.asked.append(self.rfile.readline(1000))
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


@pytest.fixture
def listener() -> Iterator[Listener]:
    server = Listener()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def hostile(url: str, own: str) -> str:
    """HTML with what mail has been seen to try, each with an address of its own."""
    return f"""<!doctype html><html><head>
<meta http-equiv="refresh" content="0;url={url}/refresh"><base href="{url}/base/"><title>x</title>
<link rel="stylesheet" href="{url}/css"><link rel="preload" as="image" href="{url}/preload">
<link rel="prefetch" href="{url}/prefetch"><link rel="icon" href="{url}/icon">
<script src="{url}/script"></script><script>top.ran = 1; parent.location = "{url}/parent"</script>
<style>@import "{url}/import"; @font-face {{ font-family: f; src: url({url}/font) }} body {{ font-family: f;
background: url({url}/background) }} input[value^=a] {{ background: url({url}/leak) }}</style></head>
<body onload="top.ran=1" background="{url}/body">
<img src="{url}/pixel" srcset="{url}/srcset 2x"><img src=x onerror="top.ran=1">
<picture><source srcset="{url}/source"><img></picture>
<svg onload="top.ran=1"><image href="{url}/svg" /><use href="{url}/use#a" /></svg>
<iframe src="{url}/frame"></iframe><iframe srcdoc="<script>top.ran=1</script>"></iframe>
<object data="{url}/object"></object><embed src="{url}/embed">
<video src="{url}/video" poster="{url}/poster" autoplay></video><audio src="{url}/audio" autoplay></audio>
<form id=f action="{own}/faults/clear" method=post><input autofocus onfocus="top.ran=1"><button>Press</button></form>
<a id=a href="{url}/link" target=_top ping="{url}/ping">A link</a> <a id=b href="javascript:top.ran=1">Another</a>
<a id=c href="{url}/blank" target=_blank>A window</a> <a id=d href="{url}/self" target=_self>A frame</a>
<div style="position:fixed;inset:0;background:url({url}/style)">Pay now</div><p>This is the end.</p></body></html>"""


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
