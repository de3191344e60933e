"""How often somebody may try to sign in: wrong tries by address and by name, bounded and forgotten in time."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from ipaddress import ip_address, ip_network

_WITHIN = 900.0
_MOST_BY_ADDRESS, _MOST_BY_NAME = 10, 20
_MOST_KEPT = 10_000
_IPV6_SITE = 64


class Tries:
    """The wrong tries of the last quarter of an hour; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def wait(self, address: str, name: str) -> float:
        """Return for how many seconds nothing is tried any more from this address or by this name, 0 for none."""
        return max(self._left(key, most) for key, most in _keys(address, name))

    def wrong(self, address: str, name: str) -> None:
        """Note a wrong try. Where too many are kept, those go first that were longest ago."""
        for key, most in _keys(address, name):
            self._wrong.setdefault(key, deque(maxlen=most)).append(self._clock())
            self._wrong.move_to_end(key)
        while len(self._wrong) > _MOST_KEPT:
            self._wrong.popitem(last=False)

    def right(self, address: str, name: str) -> None:
        """Take a try back, which was right; those before it stay, whoever they were of."""
        for key, _ in _keys(address, name):
            if tried := self._wrong.get(key):
                tried.pop()

    def _left(self, key: tuple[str, str], most: int) -> float:
        tried = self._wrong.get(key, deque())
        return max(0.0, tried[0] + _WITHIN - self._clock()) if len(tried) == most else 0.0


def _keys(address: str, name: str) -> tuple[tuple[tuple[str, str], int], ...]:
    return (("address", _site(address)), _MOST_BY_ADDRESS), (("name", name[:100]), _MOST_BY_NAME)


def _site(address: str) -> str:
    """Return whose an address is: of IPv6 somebody has a whole network of 64 bits."""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:100]
    return address if found.version == 4 else str(ip_network((found, _IPV6_SITE), strict=False))  # noqa: PLR2004
