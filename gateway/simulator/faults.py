"""Wrong answers on order: what `PUT /_sim/faults` asks for, and which call it falls on."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from http import HTTPStatus
from random import Random
from typing import Any, Literal, get_args

from starlette.responses import Response

from gateway.simulator import jsonapi
from gateway.simulator.shape import (
    Check,
    Flaw,
    array,
    boolean,
    every,
    matching,
    members,
    number,
    one_of,
    record,
    text,
    whole,
)

Target = Literal["create", "end", "attachment", "archive", "callback", "any"]

NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
FRAMING = r"(?i:content-length|transfer-encoding|connection)"
HEADER_VALUE = matching(r"[\t\x20-\x7e\xa0-\xff]*", "a header's value, in one line of Latin-1")
CUTS = (True, False, "middle")
NOT_JSON = "<!DOCTYPE html><title>Service</title><p>This is not the page that you are looking for.</p>"
DOES = ("status", "body", "content_type", "headers", "delay", "jitter", "cut", "json")
ANSWERS = ("status", "json")


def _headers(value: Any) -> Iterator[Flaw]:
    """Names and values that can stand in a response's head; the body's length is the server's own affair."""
    names = matching(rf"(?!{FRAMING}$){NAME}", "a header's name, other than those that frame the body")
    yield from members(HEADER_VALUE)(value)
    if isinstance(value, dict):
        yield from (flaw.under(name) for name in value for flaw in names(name))


FAULT: Check = record(
    {},
    {
        "target": one_of(*get_args(Target)),
        "status": whole(200, 599),
        "headers": _headers,
        "body": text,
        "content_type": HEADER_VALUE,
        "delay": number(0, 3600),
        "jitter": number(0, 3600),
        "cut": one_of(*CUTS),
        "after_create": boolean,
        "json": boolean,
        "calls": whole(1, 1_000_000_000),
        "rate": number(0, 1),
    },
)


def _does_something(value: Any) -> Iterator[Flaw]:
    if not any(name in value for name in DOES):
        yield Flaw(f"changes nothing; expected at least one of {', '.join(DOES)}")


def _fits_a_callback(value: Any) -> Iterator[Flaw]:
    """A callback is sent, not answered: what it is answered is the other side's affair."""
    if value.get("target") == "callback":
        yield from (
            Flaw("is not for a callback, which is sent and not answered", (name,)) for name in ANSWERS if name in value
        )


def faults_shape(value: Any) -> Iterator[Flaw]:
    """One fault, or an array of them."""
    one = every(FAULT, _does_something, _fits_a_callback)
    yield from (array(one) if isinstance(value, list) else one)(value)


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong answer, as it was ordered; `calls` is how many it still falls on, None for all until it is cleared.

    `cut` closes the connection before the answer (True) or in the middle of it. With `after_create` the work is done
    first. `delay` is in seconds, and so is `jitter`, up to which more is added by chance. `rate` is the share of the
    target's calls that it falls on. Of a callback, `body`, `content_type` and `headers` are what is sent.
    """

    target: Target = "any"
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    content_type: str | None = None
    delay: float = 0
    jitter: float = 0
    cut: bool | Literal["middle"] = False
    after_create: bool = False
    json: bool = True
    calls: int | None = None
    rate: float = 1

    @property
    def replaces(self) -> bool:
        """Whether the answer is the fault's own, rather than the right one, late, cut or with other headers."""
        return self.status is not None or self.body is not None or not self.json

    def lateness(self, chance: Random) -> float:
        """Seconds to wait this time."""
        return self.delay + chance.uniform(0, self.jitter)

    def shown(self) -> dict[str, Any]:
        """The fault as JSON: the members that say something."""
        usual = asdict(Fault())
        return {"target": self.target} | {name: value for name, value in asdict(self).items() if value != usual[name]}

    def answer(self, right: Response | None) -> Response:
        """What the client gets, `right` being the answer to the work, where that was done."""
        response = right if right is not None and not self.replaces else self._own()
        response.headers.update(self.headers)
        if self.content_type is not None:
            response.headers["content-type"] = self.content_type
        return response

    def _own(self) -> Response:
        status = self.status or 200
        if status in {204, 304}:
            return Response(status_code=status)
        if not self.json:
            return Response(NOT_JSON if self.body is None else self.body, status, media_type="text/html")
        if self.body is not None:
            looks_json = self.body.lstrip().startswith(("{", "["))
            return Response(self.body, status, media_type=jsonapi.MEDIA_TYPE if looks_json else "text/plain")
        if status >= HTTPStatus.BAD_REQUEST:
            return jsonapi.error(status, "A fault that was ordered at /_sim/faults")
        return jsonapi.document(status, {"data": None})


class Faults:
    """The faults that are in force. The first that fits a call falls on it; callbacks are not among "any" calls."""

    def __init__(self, chance: Random, faults: Sequence[Fault] = ()) -> None:
        self.chance = chance
        self._faults = list(faults)

    def put_first(self, fault: Fault) -> None:
        """Put one more in force, before those that are."""
        self._faults.insert(0, fault)

    def replace(self, faults: Sequence[Fault]) -> None:
        """Put these in force, instead of what was."""
        self._faults = list(faults)

    def shown(self) -> list[dict[str, Any]]:
        """What is left of them, as JSON."""
        return [fault.shown() for fault in self._faults]

    def take(self, target: str) -> Fault | None:
        """The fault that falls on this call, if any; one of its calls is used up by that."""
        for position, fault in enumerate(self._faults):
            fits = fault.target == target or (fault.target == "any" and target != "callback")
            if fits and self.chance.random() < fault.rate:
                self._use(position)
                return fault
        return None

    def _use(self, position: int) -> None:
        fault = self._faults[position]
        if fault.calls == 1:
            del self._faults[position]
        elif fault.calls is not None:
            self._faults[position] = replace(fault, calls=fault.calls - 1)
