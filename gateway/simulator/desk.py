"""An agent's desk: what a person does with errands, by the control API and by the page alike."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from random import Random

from gateway.simulator import answer as answers
from gateway.simulator.answer import Composed
from gateway.simulator.areas import Area
from gateway.simulator.callback import Writer
from gateway.simulator.changes import Subscription
from gateway.simulator.delivery import Courier
from gateway.simulator.errand import Answer, Delivery, Errand, Sent
from gateway.simulator.errands import State
from gateway.simulator.faults import Fault, Faults
from gateway.simulator.form import Form
from gateway.simulator.settings import Settings


class Nowhere(Exception):
    """There is nowhere to send a callback to, or none to send: its sentence says what is missing."""


@dataclass(frozen=True, slots=True)
class Posted:
    """An answer, and what became of its callbacks just now."""

    answer: Answer
    deliveries: tuple[Delivery, ...]


class Desk:
    """Errands to look at, to answer and to close. `areas` are all there are; `origin` is set once it is known."""

    def __init__(
        self,
        areas: Sequence[Area],
        state: State,
        settings: Settings,
        courier: Courier,
        faults: Faults,
        form: Form,
    ) -> None:
        self.areas = tuple(areas)
        self.origin = ""
        self._state = state
        self._settings = settings
        self._courier = courier
        self._faults = faults
        self._form = form

    def errands(self, area: str | None = None, search: str = "", state: str | None = None) -> list[Errand]:
        """Return the errands, oldest first: of an area (`name` or `workspace/name`), in a state, that say `search`."""
        return self._state.errands(area, search, state)

    def errand(self, errand_id: str) -> Errand | None:
        """Return the errand with this id."""
        return self._state.errand(errand_id)

    def same_message(self, errand: Errand) -> list[str]:
        """Return the ids of all errands of the workspace with this one's message_id, oldest first; its own too."""
        return self._state.same_message(errand)

    def subscribe(self) -> Subscription:
        """Return the ids of errands as they change from now on; see Subscription for its use."""
        return self._state.subscribe()

    def close(self, errand_id: str) -> Errand:
        """Close an errand, as an agent does; no callback comes of it. KeyError when there is none."""
        return self._state.close(errand_id, time.time())

    async def answer(self, errand_id: str, written: Composed, times: int = 1, *, hold: bool = False) -> Posted:
        """Answer an errand, and send each of its callbacks so many times, one after the other; with `hold` none now.

        Nowhere when no callback setting is there for its area; KeyError when there is no such errand.
        """
        errand = self._known(errand_id)
        settings = self._settings.of(errand.area)
        if not settings:
            raise Nowhere("No callback URL is set: give --callback when the simulator is started.")
        answer = answers.take(written, errand, self._state, time.time())
        writer = Writer(self.origin, self._formed(written), self._chance)
        sent = tuple(
            Sent(setting.id, writer.document(errand, answer, setting.id, setting.secret)) for setting in settings
        )
        answer = replace(answer, sent=sent)
        self._state.add(errand_id, answer)
        return Posted(answer, () if hold else await self._bring(errand, answer, times))

    async def repeat(self, errand_id: str, number: int | None = None, times: int = 1) -> Posted:
        """Send the callbacks of an answer again, or for the first time; of the last one when no number is given.

        Nowhere when there is no such answer, or no callback setting for it; KeyError when there is no such errand.
        """
        errand = self._known(errand_id)
        found = [answer for answer in errand.answers if number in {None, answer.number}]
        if not found:
            raise Nowhere("There is no such answer whose callback could be sent.")
        return Posted(found[-1], await self._bring(errand, found[-1], times))

    def fail_next(self) -> None:
        """Lose the next callback: it is noted, and nothing of it is sent."""
        self._faults.put_first(Fault(target="callback", cut=True, calls=1))

    async def _bring(self, errand: Errand, answer: Answer, times: int) -> tuple[Delivery, ...]:
        urls = {setting.id: setting.url for setting in self._settings.of(errand.area)}
        if not urls.keys() & {sent.setting for sent in answer.sent}:
            raise Nowhere("The callback setting of this answer is not there any more.")
        return tuple(
            [
                await self._courier.bring(errand.id, answer.number, sent, urls[sent.setting])
                for _ in range(times)
                for sent in answer.sent
                if sent.setting in urls
            ]
        )

    def _known(self, errand_id: str) -> Errand:
        errand = self._state.errand(errand_id)
        if errand is None:
            raise KeyError(errand_id)
        return errand

    def _formed(self, written: Composed) -> Form:
        asked = {field.name: getattr(written, field.name) for field in fields(Form)}
        return replace(self._form, **{name: value for name, value in asked.items() if value is not None})

    @property
    def _chance(self) -> Random:
        return self._faults.chance
