"""The data of a mail as SMTP sends it: where it ends, and its dots (RFC 5321 4.1.1.4, 4.5.2, 2.3.8).

The end is CR LF dot CR LF and nothing else. A dot beside a bare CR or LF, where a laxer server would see a line with a
lone dot, is how a second mail is smuggled behind the first: it is noticed, and the whole is to be refused.
"""

import re

_END = b"\r\n.\r\n"
_LONGEST = len(_END)
_SMUGGLING = re.compile(rb"(?<!\r)\n\.|\r\.|\r\n\.(?:\n|\r[^\n])")


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
        if b"." not in data and not self._skip:
            # Base64 has no dots: nothing ends, is doubled or is smuggled here, so it need not be searched three times.
            cut = _certain(data)
            self._held = data[cut:]
            return data[:cut]
        end = data.find(_END)
        if end >= 0:
            self.ended = True
            data, self.rest = data[: end + 2], data[end + _LONGEST :]
        self._look_for_smuggling(data)
        cut = len(data) if self.ended else _certain(data)
        self._held = data[cut:]
        return self._unstuffed(data[:cut])

    def _look_for_smuggling(self, data: bytes) -> None:
        if not self.smuggled and (b"\n." in data or b"\r." in data):
            self.smuggled = _SMUGGLING.search(data) is not None

    def _unstuffed(self, data: bytes) -> bytes:
        if b"\r\n." in data:
            data = data.replace(b"\r\n.", b"\r\n")
        skipped = min(self._skip, len(data))
        self._skip -= skipped
        return data[skipped:]


def _certain(data: bytes) -> int:
    """How much of `data` no later byte can change: all up to the first CR or LF of its last bytes."""
    tail = max(0, len(data) - _LONGEST)
    found = [at for at in (data.find(b"\r", tail), data.find(b"\n", tail)) if at >= 0]
    cut = min(found, default=len(data))
    return cut - 1 if 0 < cut < len(data) and data[cut - 1 : cut + 1] == b"\r\n" else cut
