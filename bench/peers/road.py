"""The road as it would be written in an afternoon: aiosmtpd, email and requests, nothing stored.

`python -m bench.peers.road PORT URL [kept]`; a mail's 250 comes after the POST of its errand. Each POST is on a
connection of its own, as `requests.post` makes it; with `kept` they share a Session. Runs until SIGTERM.
"""

import asyncio
import base64
import email
import email.policy
import os
import signal
import sys
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

import requests
from aiosmtpd.controller import Controller
from requests.adapters import HTTPAdapter

_THREADS = 32
_MEDIA_TYPE = "application/vnd.api+json"


class Road:
    """A handler that makes an errand of each mail."""

    def __init__(self, url: str, token: str, post: Callable[..., requests.Response]) -> None:
        self._url = f"{url}/capi/json/c3_new_errands"
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": _MEDIA_TYPE, "Accept": _MEDIA_TYPE}
        self._post = post

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Create the errand in a thread, and answer then (aiosmtpd's hook)."""
        errand = await asyncio.get_running_loop().run_in_executor(None, self._create, envelope.content)
        return f"250 errand {errand}"

    def _create(self, content: bytes) -> str:
        answer = self._post(self._url, json=_document(content), headers=self._headers, timeout=60)
        answer.raise_for_status()
        created: str = answer.json()["data"]["id"]
        return created


def _document(content: bytes) -> dict[str, Any]:
    mail = email.message_from_bytes(content, policy=email.policy.default)
    name, address = parseaddr(str(mail["From"] or ""))
    message = {
        "message_id": str(mail["Message-ID"]),
        "name": name,
        "from": address,
        "subject": str(mail["Subject"] or ""),
        "body": _text(mail, "plain"),
        "html_body": _text(mail, "html"),
        "attachments": [_attachment(part) for part in mail.iter_attachments()],
    }
    return {"data": {"type": "c3_new_errands", "attributes": {"msg": message}}}


def _text(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return part.get_content() if part is not None else ""


def _attachment(part: Any) -> dict[str, str]:
    content = base64.b64encode(part.get_payload(decode=True) or b"").decode()
    return {"content_type": part.get_content_type(), "name": part.get_filename() or "", "content": content}


def _session() -> requests.Session:
    session = requests.Session()
    session.mount("http://", HTTPAdapter(pool_maxsize=_THREADS))
    return session


def main() -> None:
    """Serve until SIGTERM."""
    port, url, *kept = sys.argv[1:]
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    road = Road(url, os.environ["BENCH_TOKEN"], _session().post if kept else requests.post)
    controller = Controller(road, hostname="127.0.0.1", port=int(port))
    controller.start()
    signal.sigwait([signal.SIGTERM])
    controller.stop()


if __name__ == "__main__":
    main()
