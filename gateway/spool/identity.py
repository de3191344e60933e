"""What makes two mails one (rule 3): a hash over what stays the same whichever way a mail comes.

Stable are the headers that its author wrote and the body. Trace headers, folding, the kind of line end and empty lines
at the end are not: a mail that comes by SMTP and again from a mailbox is the same mail.
"""

import hashlib
import re

from gateway.errors import TooLarge

_STABLE = frozenset(
    b"from sender reply-to to cc subject date message-id in-reply-to references".split()
    + b"content-type content-transfer-encoding".split()
)
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:((?:.*\n?(?:(?=[ \t]).*\n?)*))", re.MULTILINE)


def fields(head: bytes) -> list[tuple[bytes, bytes]]:
    """Split a header block into (name in lower case, value with its folding), in order; junk lines are passed over."""
    return [(found[1].lower(), found[2]) for found in _FIELD.finditer(head)]


class ContentHash:
    """Takes a mail's bytes as they come. `head` is its header block, at most `max_head` bytes of it."""

    def __init__(self, max_head: int) -> None:
        self.head = b""
        self._max_head = max_head
        self._in_head = True
        self._hash = hashlib.sha256()
        self._newlines = 0

    def update(self, data: bytes) -> None:
        """Take the next bytes; TooLarge when the header does not end within `max_head`."""
        if not self._in_head:
            self._body(data)
            return
        window = self.head[-3:] or b"\r\n"
        found = _HEADER_END.search(window + data)
        end = len(data) if found is None else found.end() - len(window)
        if len(self.head) + end > self._max_head:
            raise TooLarge(f"the header is larger than {self._max_head} bytes")
        self.head += data[:end]
        if found is not None:
            self._end_head()
            self._body(data[end:])

    def _end_head(self) -> None:
        self._in_head = False
        for name, value in fields(self.head):
            if name in _STABLE:
                self._hash.update(name + b":" + b"".join(value.split()) + b"\n")
        self._hash.update(b"\n")

    def _body(self, data: bytes) -> None:
        data = data.replace(b"\r", b"")  # three times as quick as translate
        text = data.rstrip(b"\n")
        if text:
            self._hash.update(b"\n" * self._newlines)
            self._hash.update(text)
            self._newlines = 0
        self._newlines += len(data) - len(text)

    def digest(self) -> str:
        """Return the hash over everything taken, in hex."""
        if self._in_head:
            self._end_head()
        return self._hash.hexdigest()

    def distinct(self) -> bool:
        """Whether the mail says which one it is: without Message-ID and Date two equal mails may well be two."""
        names = {name for name, value in fields(self.head) if value.strip()}
        return bool(names & {b"message-id", b"date"})


def job_identity(route: str, content_hash: str) -> str:
    """Return the identity of a mail on a route; the Message-ID is among the stable headers of the hash."""
    return hashlib.sha256(f"{route}\n{content_hash}".encode()).hexdigest()
