"""How fast a mail becomes the document of its errand, and in how much memory: `scripts/bench errand`.

A mail with a file of 10 MB, by the gateway's own way (its parser, its document in pieces to a file) and by the standard
library's (`email`, `base64`, `json`), in turns. Memory is what a process of its own takes more at its peak, against the
mail's size.
"""

import base64
import email
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

from bench import table
from gateway.flow.inbound import Reading, prepare

SIZE, TURNS = 10_000_000, 7
_FASTER, _PEAK = 5.0, 3.0
_READING = Reading("ann@example.com", "<1@bench>")


def mail(size: int = SIZE) -> bytes:
    """Return a mail with a file of so many bytes."""
    made = EmailMessage()
    made["Message-ID"], made["From"], made["Subject"] = "<1@bench>", "Ann <ann@example.com>", "A plan"
    made.set_content("Here it is.\n")
    made.add_attachment(random.Random(1).randbytes(size), maintype="application", subtype="pdf", filename="plan.pdf")
    return made.as_bytes(policy=SMTP)


def ours(raw: Path, into: int) -> None:
    """Write the document as a reading process of the gateway does."""
    prepare(raw, Reading(_READING.envelope_sender, _READING.fallback_id, into=into))


def theirs(raw: Path, into: int) -> None:
    """Write the document by the standard library alone."""
    message = email.message_from_bytes(raw.read_bytes())
    parts = [part for part in message.walk() if not part.is_multipart()]
    body: Any = parts[0].get_payload(decode=True)
    files = [
        {
            "content_type": part.get_content_type(),
            "name": part.get_filename(),
            "content": base64.b64encode(part.get_payload(decode=True)).decode(),  # type: ignore[arg-type]
        }
        for part in parts[1:]
    ]
    said = {
        "message_id": message["Message-ID"],
        "name": "Ann",
        "from": "ann@example.com",
        "subject": message["Subject"],
    }
    msg = said | {"body": body.decode(), "html_body": "", "attachments": files}
    document = json.dumps({"data": {"type": "c3_new_errands", "attributes": {"msg": msg}}})
    with open(into, "w", closefd=False) as file:
        file.write(document)


WAYS: dict[str, Callable[[Path, int], None]] = {"gateway": ours, "standard library": theirs}


def seconds(way: Callable[[Path, int], None], raw: Path) -> float:
    """Return the CPU seconds that a document takes."""
    with tempfile.TemporaryFile() as file:
        began = time.process_time()
        way(raw, file.fileno())
        return time.process_time() - began


def peak(name: str, raw: Path) -> int:
    """Return the bytes that one document adds to the most that a process of its own has had in memory."""
    asked = [sys.executable, "-m", "bench.errand", name, str(raw)]
    return int(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)


def _measure_peak(name: str, raw: Path) -> None:
    with tempfile.TemporaryFile() as file:
        small = raw.with_name("small")
        WAYS[name](small, file.fileno())  # so that all is imported
        Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from now on (proc(5))
        before = _status("VmRSS")
        WAYS[name](raw, file.fileno())
        print(_status("VmHWM") - before)


def _status(name: str) -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024


def main() -> None:
    """Print the table."""
    if len(sys.argv) > 1:
        _measure_peak(sys.argv[1], Path(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "mail"
        raw.write_bytes(mail())
        raw.with_name("small").write_bytes(mail(1000))
        turns = [[seconds(way, raw) for way in WAYS.values()] for _ in range(TURNS)]
        peaks = [peak(name, raw) / raw.stat().st_size for name in WAYS]
    mine, others = ([turn[place] for turn in turns] for place in (0, 1))
    rows = [
        [name, f"{statistics.median(taken) * 1000:.0f} ms", f"{most:.2f}"]
        for name, taken, most in zip(WAYS, (mine, others), peaks, strict=True)
    ]
    print(table.markdown(["way", "CPU a mail", "peak memory / the mail's size"], rows))
    print(f"\nfaster: {table.judged(table.ratios(others, mine), _FASTER)}")
    print(f"peak: {peaks[0]:.2f}, at most {_PEAK:g}{'' if peaks[0] <= _PEAK else ' **missed**'}")
    print(table.machine())


if __name__ == "__main__":
    main()
