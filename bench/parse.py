"""How fast a mail becomes the document of its errand, against others: `scripts/bench parse [--turns N] [--only WORDS]`.

From raw bytes to the finished document: HTML made safe, text made of it, files in base64, JSON. The gateway's own way;
the standard library's (`email` with `policy.default`, `nh3`, `html2text`, `base64`, `json`); Node's (mailparser,
sanitize-html), with what of it is mailparser alone, which makes no HTML safe; and as a mark fast-mail-parser, which
stops at the structure. CPU seconds, in turns; compared are
the ratios of one turn. Memory is what a process of its own takes more at its peak, against the mail's size.
"""

import argparse
import base64
import email
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage, Message
from email.policy import SMTP, default
from pathlib import Path
from typing import BinaryIO

import fast_mail_parser
import html2text
import nh3

from bench import node, table
from bench.errand import mail as mail_with_file
from bench.errand import peak
from gateway.flow.inbound import Reading, prepare

CORPORA = Path(__file__).parent.parent.parent / "shared" / "corpora"
Way = Callable[[bytes, BinaryIO], None]
_PEAK_MAIL, _PEAK = 50_000_000, 3.0
_OF_BASE64 = 78 / 57
_TURN_BYTES, _TURN_MAILS = 20_000_000, 200
_DIFFERENT = 40
_PARAGRAPH = "We have looked at your order, and it left our house this morning; it will be with you in two days. "


@dataclass(frozen=True, slots=True)
class Case:
    """Mails, how often they are read in a turn, and how much faster than the two others the gateway should be."""

    name: str
    mails: tuple[bytes, ...]
    library: float
    node: float

    @property
    def times(self) -> int:
        """How often all of them are read in a turn: so that a turn takes some tenths of a second."""
        return max(1, min(_TURN_BYTES // sum(map(len, self.mails)), _TURN_MAILS // len(self.mails)))


def _plain(number: int) -> EmailMessage:
    made = EmailMessage()
    made["Message-ID"], made["To"] = f"<{number}@bench>", "support@example.com"
    made["From"] = f"Ann Ärlig {number} <ann.{number}@example.com>"
    made["Subject"], made["Date"] = f"Re: Your order {number}, and what came of it", "Tue, 24 Nov 2026 10:00:00 +0100"
    made.set_content("\n\n".join(["Hello,", *[_PARAGRAPH] * 30, "Ann Ärlig"]))
    return made


def _alternative(number: int) -> EmailMessage:
    made = _plain(number)
    paragraphs = "".join(f'<p style="margin: 0; color: #333">{_PARAGRAPH}</p>' for _ in range(30))
    link = '<a href="https://example.com/order?id=1">Your order</a>'
    made.add_alternative(f"<html><body><p>Hello,</p>{paragraphs}<p>{link}</p></body></html>", subtype="html")
    return made


def cases() -> list[Case]:
    """Return what is read; the corpora only where they are there."""
    foreign = [path.read_bytes() for path in sorted(CORPORA.glob("*/*")) if path.suffix in {".raw", ".eml"}]
    # All different, so that nothing is gained by remembering one.
    plain, alternative = (
        tuple(make(number).as_bytes(policy=SMTP) for number in range(_DIFFERENT)) for make in (_plain, _alternative)
    )
    found = [
        Case("a file, 13 MB", (mail_with_file(int(13_000_000 / _OF_BASE64)),), 15, 10),
        Case("a file, 500 kB", (mail_with_file(int(500_000 / _OF_BASE64)),), 8, 8),
        Case("plain text, 4 kB", plain, 3, 3),
        Case("text and HTML, 8 kB", alternative, 3, 3),
    ]
    return [*found, Case("the corpora", tuple(foreign), 4, 4)] if foreign else found


def gateway(raw: bytes, into: BinaryIO) -> None:
    """Read a mail as the gateway does, into a file if it is large, which is emptied for the next one."""
    if not prepare(raw, Reading("ann@example.com", "<1@bench>", into=into.fileno())).document:
        into.seek(0)
        into.truncate()


def library(raw: bytes, _: BinaryIO) -> None:
    """Read a mail by the standard library and the two libraries for HTML."""
    message = email.message_from_bytes(raw, policy=default)
    plain, page = message.get_body(("plain",)), message.get_body(("html",))
    html = nh3.clean(_content(page)) if page else ""
    writer = message["From"].addresses[0] if message["From"] and message["From"].addresses else None
    msg = {
        "message_id": message["Message-ID"],
        "name": writer.display_name if writer else "",
        "from": writer.addr_spec if writer else "",
        "subject": message["Subject"],
        "body": _content(plain) if plain else html2text.html2text(html),
        "html_body": html,
        "attachments": [_attachment(part) for part in message.iter_attachments()] if message.is_multipart() else [],
    }
    json.dumps({"data": {"type": "c3_new_errands", "attributes": {"msg": msg}}}).encode("utf-8", "replace")


def _content(part: Message) -> str:
    """Return a text; of one in a charset that the library does not know, what it can do with it."""
    content: bytes = part.get_payload(decode=True) or b""  # type: ignore[assignment]
    try:
        return content.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        return content.decode("utf-8", "replace")


def _attachment(part: Message) -> dict[str, str]:
    content: bytes = part.get_payload(decode=True) or b""  # type: ignore[assignment]
    encoded = base64.b64encode(content).decode()
    return {"content_type": part.get_content_type(), "name": part.get_filename() or "", "content": encoded}


def structure(raw: bytes, _: BinaryIO) -> None:
    """Read a mail by fast-mail-parser, which makes no document."""
    fast_mail_parser.parse_email(raw)


def fails(way: Way, raw: bytes, into: BinaryIO) -> bool:
    """Read a mail, and say whether that ended in an exception."""
    try:
        way(raw, into)
    except Exception:  # noqa: BLE001 - of what others raise for the foreign mails, only the number is told
        return True
    return False


def seconds(way: Way, case: Case) -> float:
    """Return the CPU seconds that the mails of a case take, read once each; one that fails takes what it took."""
    with tempfile.TemporaryFile() as into:
        began = time.process_time()
        for _ in range(case.times):
            for raw in case.mails:
                fails(way, raw, into)
        return (time.process_time() - began) / case.times


def in_node(case: Case, turns: int) -> tuple[list[float], list[float]]:
    """Return the same for Node, turn by turn, and for mailparser alone; nothing where Node cannot be had."""
    if node.missing():
        return [], []
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number:03}.eml" for number in range(len(case.mails))]
        for path, raw in zip(paths, case.mails, strict=True):
            path.write_bytes(raw)
        command = node.command("parse.js", str(turns * case.times), *map(str, paths))
        given = os.environ | dict(command.environment)
        ran = subprocess.run(command.argv, env=given, check=True, capture_output=True, text=True)
    whole, alone = zip(*(map(float, line.split()) for line in ran.stdout.splitlines()), strict=True)
    return _by_turn(whole, turns), _by_turn(alone, turns)


def _by_turn(taken: Sequence[float], turns: int) -> list[float]:
    times = len(taken) // turns
    return [statistics.mean(taken[turn * times : (turn + 1) * times]) for turn in range(turns)]


def row(case: Case, turns: int) -> list[str]:
    """Measure a case."""
    taken = [[seconds(way, case) for way in (gateway, library, structure)] for _ in range(turns)]
    ours, theirs, mark = ([turn[place] for turn in taken] for place in range(3))
    others, alone = in_node(case, turns)
    scale = 1000 / len(case.mails)
    times = [f"{statistics.median(one) * scale:.2f} ms" if one else "" for one in (ours, theirs, others, alone, mark)]
    to_node = table.judged(table.ratios(others, ours), case.node) if others else ""
    return [case.name, *times, table.judged(table.ratios(theirs, ours), case.library), to_node]


def peak_memory() -> float:
    """Return what a mail of 50 MB adds to a process at most, against its size."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "mail"
        raw.write_bytes(mail_with_file(int(_PEAK_MAIL / _OF_BASE64)))
        raw.with_name("small").write_bytes(mail_with_file(1000))
        return peak("gateway", raw) / raw.stat().st_size


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="scripts/bench parse", description=__doc__)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--only", default="", help="the cases with this in their names, and no memory")
    options = parser.parse_args()
    turns, measured = options.turns, [case for case in cases() if options.only in case.name]
    peers = ["standard library", "Node", "mailparser alone", "fast-mail-parser"]
    head = ["mail", "gateway", *peers, "to the library", "to Node"]
    print(table.markdown(head, [row(case, turns) for case in measured]))
    if options.only:
        print(f"\n{table.machine()}")
        return
    print()
    with tempfile.TemporaryFile() as into:
        for way in (gateway, library, structure):
            failed = sum(fails(way, raw, into) for raw in measured[-1].mails)
            print(f"{way.__name__}: fails on {failed} mails of the last row")
    most = peak_memory()
    missed = "" if most <= _PEAK else " **missed**"
    print(f"\npeak for a mail of 50 MB: {most:.2f} times its size, at most {_PEAK:g}{missed}")
    print(table.machine())


if __name__ == "__main__":
    main()
