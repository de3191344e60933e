"""What must hold for any bytes at all: they are read, into a document that can be sent, within a second.

Bytes that begin with `<` are the page of a mail, so that a page need not find its way into one by chance.
"""

import time

from gateway.cention.document import new_errand
from gateway.flow.automatic import Handling, fitted, signs
from gateway.flow.inbound import Reading, to_errand
from gateway.mail import parse
from gateway.model import Mail

LONGEST_SECONDS = 1.0
_PAGE = b"From: a@example.com\nContent-Type: text/html; charset=utf-8\n\n"
_READING = Reading("ann@example.com", "<1@fuzz>")
_HANDLING = Handling(mark="[#{errand}]", trim=True)


class Broken(Exception):
    """A promise was not kept; it says which."""


def read(data: bytes) -> None:
    """Read a mail, or a page, into its errand's document. Broken where that fails, or takes over a second of CPU.

    It is asked who wrote it, and what it quotes is left out of its text.
    """
    began = time.process_time()
    raw = _PAGE + data if data.startswith(b"<") else data
    parsed = parse.read(raw, _READING.fallback_id)
    mail, found = parsed.mail, signs(raw, parsed, None, (), _HANDLING)
    new_errand(fitted(to_errand(mail, _READING), found, None, _HANDLING))
    taken = time.process_time() - began
    failed = next((note for note in mail.notes if note.startswith("reading it failed")), "")
    if failed:
        raise Broken(failed)
    if taken > LONGEST_SECONDS:
        raise Broken(f"it took {taken:.1f} s")
    _check(mail)


def _check(mail: Mail) -> None:
    """Find what must not travel on: NUL, half a surrogate pair, a line end within a line, a file without a name."""
    names = [attachment.name for attachment in mail.attachments]
    lines = [mail.subject, mail.message_id, mail.sender.name, mail.sender.email, *names]
    if any(ord(char) < ord(" ") for line in lines for char in line):
        raise Broken("a line holds a control character")
    if any("\0" in text for text in (mail.body, mail.html_body)):
        raise Broken("a text holds NUL")
    for text in (*lines, mail.body, mail.html_body):
        text.encode()
    if not all(one.name and "/" in one.content_type for one in mail.attachments):
        raise Broken("a file has no name or no type")
