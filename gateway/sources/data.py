"""The data of a mail as SMTP sends it: where it ends, and its dots (RFC 5321 4.1.1.4, 4.5.2, 2.3.8).

The end is CR LF dot CR LF and nothing else. A dot beside a bare CR or LF, where a laxer server would see a line with a
lone dot, is how a second mail is smuggled behind the first: it is noticed, and the whole is to be refused.
"""

import re

_END = b"\r\n.\r\n"
_LONGEST = len(_END)
# Both begin with the dot itself, which is soon found; what stands before it is looked at only then.
_AFTER_LINE_END = re.compile(rb"\.(?<=[\r\n]\.)")
_SMUGGLING = re.compile(rb"\.(?:(?<=\r\.)|(?<=\n\.)(?:(?<!\r\n\.)|\n|\r[^\n]))")


class DataDecoder:
    """Takes chunks of any size, gives back the mail's bytes. Lines may be of any length.

    `ended` is set once the end has come, `rest` then is what the client sent behind it; `smuggled` is set for good when
    a dot stood beside a bare CR or LF.
    """

    def __init__(self) -> None:
        self.ended = False
        self.smuggled = False
        self.rest = b""
        self._held = b"\r\n"
        self._skip = 2

    def feed(self, chunk: bytes) -> bytes:
        """Take the next chunk and return the mail's bytes that are certain by now."""
        data = self._held + chunk
        first = _first_dot(data)
        end = data.find(_END, max(0, first - 2))
        if end >= 0:
            self.ended = True
            data, self.rest = data[: end + 2], data[end + _LONGEST :]
        cut = len(data) if self.ended else _certain(data)
        self._held = data[cut:]
        skipped = min(self._skip, cut)
        self._skip -= skipped
        if first >= len(data):
            return data[skipped:cut]
        self.smuggled = self.smuggled or _SMUGGLING.search(data, first) is not None
        return data[:cut].replace(b"\r\n.", b"\r\n")[skipped:]


def _first_dot(data: bytes) -> int:
    """Find the first dot beside the end of a line; the length of `data` where there is none."""
    dot = data.find(b".")
    found = _AFTER_LINE_END.search(data, dot) if dot >= 0 else None
    return len(data) if found is None else found.start()


def _certain(data: bytes) -> int:
    """How much of `data` no later byte can change: all up to the first CR or LF of its last bytes."""
    tail = max(0, len(data) - _LONGEST)
    found = [at for at in (data.find(b"\r", tail), data.find(b"\n", tail)) if at >= 0]
    cut = min(found, default=len(data))
    return cut - 1 if 0 < cut < len(data) and data[cut - 1 : cut + 1] == b"\r\n" else cut
