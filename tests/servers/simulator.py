"""Cention's stand-in, `cention-gateway simulate`, as a process: what arrived, answers, and faults on order."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.servers.gateway import PROGRAM
from tests.servers.program import Program, free_port, needs, wait_until

WORKSPACE = "demo"
CREATE_TOKEN = "token-to-create"
ATTACHMENT_TOKEN = "token-to-fetch"
SECRET = "secret-of-the-callback"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that an agent attaches, or a picture that is put into the text."""

    name: str
    content_type: str
    content: bytes

    def document(self) -> dict[str, str]:
        """As the simulator takes it."""
        return {
            "name": self.name,
            "content_type": self.content_type,
            "content": base64.b64encode(self.content).decode(),
        }


class Simulator:
    """A simulator on a free port, whose answers are POSTed to `callback`."""

    def __init__(self, folder: Path, callback: str, links: str = "own") -> None:
        needs(PROGRAM)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/s/{WORKSPACE}"
        options = {
            "--listen": f"127.0.0.1:{self.port}",
            "--workspace": WORKSPACE,
            "--create-token": CREATE_TOKEN,
            "--attachment-token": ATTACHMENT_TOKEN,
            "--callback": callback,
            "--callback-secret": SECRET,
            "--links": links,
        }
        argv = [PROGRAM, "simulate", *(word for option in options.items() for word in option)]
        self._program = Program("simulator", argv, folder / "simulator.log")
        self._session = requests.Session()

    def start(self) -> "Simulator":
        """Start it; returns when it answers."""
        self._program.start(self._answers)
        return self

    def _answers(self) -> bool:
        try:
            return bool(self.errands() is not None)
        except requests.ConnectionError:
            return False

    def stop(self) -> None:
        """End it."""
        self._session.close()
        self._program.stop()

    def said(self) -> str:
        """The end of its log."""
        return self._program.said()

    def errands(self) -> list[dict[str, Any]]:
        """Every errand, oldest first: id, closed, attributes as they were posted."""
        response = self._session.get(f"http://127.0.0.1:{self.port}/_sim/errands", timeout=30)
        response.raise_for_status()
        found: list[dict[str, Any]] = response.json()
        return found

    def wait_for_errands(self, count: int = 1, seconds: float = 30.0) -> list[dict[str, Any]]:
        """Wait until that many errands are there, and read them."""
        wait_until(lambda: len(self.errands()) >= count, f"{count} errands at the simulator", seconds)
        return self.errands()

    def answer(
        self,
        errand_id: str,
        text: str,
        html: str = "",
        attachments: Sequence[Upload] = (),
        archives: Sequence[Upload] = (),
        to: Sequence[Mapping[str, str]] = (),
        times: int = 1,
    ) -> dict[str, Any]:
        """Answer an errand as an agent does, with so many callbacks; what the simulator says of them."""
        asked: dict[str, Any] = {"text": text, "html": html}
        asked |= {
            "attachments": [file.document() for file in attachments],
            "archives": [file.document() for file in archives],
        }
        asked |= {"to": list(to)} if to else {}
        address = f"http://127.0.0.1:{self.port}/_sim/errands/{errand_id}/answer?times={times}"
        response = self._session.post(address, json=asked, timeout=60)
        assert response.ok, response.text
        shown: dict[str, Any] = response.json()
        return shown

    def faults(self, *faults: Mapping[str, Any]) -> None:
        """Put these faults in force, instead of what was."""
        address = f"http://127.0.0.1:{self.port}/_sim/faults"
        self._session.put(address, json=list(faults), timeout=30).raise_for_status()

    def calls(self) -> list[dict[str, Any]]:
        """What was sent to its API, in order."""
        found: list[dict[str, Any]] = self._session.get(f"http://127.0.0.1:{self.port}/_sim/calls", timeout=30).json()
        return found
