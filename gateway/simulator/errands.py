"""What the simulated Cention remembers: errands, and the files of answers; in memory, or in a file as well."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any, TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError

from gateway.simulator.areas import Area
from gateway.simulator.changes import Changes, Subscription
from gateway.simulator.contract import ARCHIVE, ATTACHMENT
from gateway.simulator.errand import Answer, Closed, Delivery, Errand, File, Upload
from gateway.simulator.store import Store, Unusable

Thing = TypeVar("Thing")
ERRANDS, FILES = TypeAdapter(Errand), TypeAdapter(File)
FIRST_IDS = {"errand": 511055, "answer": 1189, "response": 3304, ATTACHMENT: 788, ARCHIVE: 12}


class State:
    """Errands and files by their ids. It lives in one event loop; without a store it forgets all when that ends.

    Unusable when the store's file cannot be read.
    """

    def __init__(self, store: Store | None = None) -> None:
        self._store = store
        self._changes = Changes()
        self._errands: dict[str, Errand] = {}
        self._files: dict[tuple[str, str], File] = {}
        self._message_ids: Counter[tuple[str, str]] = Counter()
        for errand in _restored(store, "errand", ERRANDS):
            self._errands[errand.id] = errand
            self._message_ids[_message_key(errand)] += 1
        for file in _restored(store, "file", FILES):
            self._files[file.type, str(file.id)] = file
        used = self._used()
        self._next = {name: count(max([first - 1, *used[name]]) + 1) for name, first in FIRST_IDS.items()}

    # -- looking

    def errands(self, area: str | None = None, search: str = "", state: str | None = None) -> list[Errand]:
        """Return the errands, oldest first: of an area (`name` or `workspace/name`), in a state, that say `search`."""
        found = (errand for errand in self._errands.values() if area in {None, errand.area.name, errand.area.path})
        wanted = search.casefold()
        return [
            errand
            for errand in found
            if state in {None, errand.state} and (not wanted or wanted in searchable(errand).casefold())
        ]

    def errand(self, errand_id: str) -> Errand | None:
        """Return the errand with this id."""
        return self._errands.get(errand_id)

    def of_call(self, workspace: str, end: dict[str, Any]) -> Errand | None:
        """Return the newest open errand of the call that this integrationData (contract, Close) speaks of."""
        keys = [key for key in ("deviceId", "extensionId", "referenceId") if key in end]
        for errand in reversed(self._errands.values()):
            call = errand.attributes.get("integrationData", {})
            here = errand.area.workspace == workspace and errand.state == "open"
            if here and all(call.get(key) == end[key] for key in keys):
                return errand
        return None

    def same_message(self, errand: Errand) -> list[str]:
        """Return the ids of all errands of the workspace with this errand's message_id, oldest first; its own too."""
        key = _message_key(errand)
        return [one.id for one in self._errands.values() if _message_key(one) == key]

    def file(self, workspace: str, kind: str, file_id: str) -> File | None:
        """Return the resource of this type and id, where it belongs to the workspace."""
        file = self._files.get((kind, file_id))
        return file if file and file.workspace == workspace else None

    def files(self, kind: str) -> list[File]:
        """Return every resource of a type, oldest first."""
        return [file for file in self._files.values() if file.type == kind]

    def subscribe(self) -> Subscription:
        """Return the ids of errands as they change from now on; see Subscription."""
        return self._changes.subscribe()

    def end(self) -> None:
        """End the subscriptions: the simulator stops."""
        self._changes.end()

    # -- changing

    def create(self, area: Area, document: dict[str, Any], now: float) -> Errand:
        """Keep a new errand from a posted document; it is closed at once when it brings its own answer."""
        closed = Closed(now, "created") if "answer" in document["data"]["attributes"] else None
        errand = Errand(self._number("errand"), area, document, now, closed=closed)
        errand = replace(errand, repeat=self._message_ids[_message_key(errand)])
        self._put(errand)
        self._message_ids[_message_key(errand)] += 1
        return errand

    def close(self, errand_id: str, now: float, how: str = "agent", call: dict[str, Any] | None = None) -> Errand:
        """Close an errand; closing it twice changes nothing."""
        errand = self._errands[errand_id]
        return errand if errand.state == "closed" else self._put(replace(errand, closed=Closed(now, how, call)))

    def keep(self, workspace: str, kind: str, upload: Upload, *, inline: bool) -> File:
        """Keep an agent's file as a resource of this type."""
        number = self._number(kind)
        content_id = f"attachment_{number}" if kind == ATTACHMENT else number
        file = File(
            workspace, kind, int(number), upload.name, upload.content_type, upload.content, content_id, inline=inline
        )
        self._write("file", f"{kind}/{number}", file)
        self._files[kind, number] = file
        return file

    def add(self, errand_id: str, answer: Answer) -> Errand:
        """Add an agent's answer to its errand."""
        errand = self._errands[errand_id]
        return self._put(replace(errand, answers=(*errand.answers, answer)))

    def numbered(self) -> tuple[int, int]:
        """Return the next numbers of an answer and of its response."""
        return int(self._number("answer")), int(self._number("response"))

    def delivered(self, errand_id: str, number: int, setting: str, delivery: Delivery) -> None:
        """Note a callback's POST under its answer, by the answer's number and the callback setting's id."""

        def with_it(answer: Answer) -> Answer:
            sent = tuple(
                replace(one, deliveries=(*one.deliveries, delivery)) if one.setting == setting else one
                for one in answer.sent
            )
            return replace(answer, sent=sent)

        errand = self._errands[errand_id]
        answers = (with_it(answer) if answer.number == number else answer for answer in errand.answers)
        self._put(replace(errand, answers=tuple(answers)))

    # -- keeping

    def _put(self, errand: Errand) -> Errand:
        self._write("errand", errand.id, errand)
        self._errands[errand.id] = errand
        self._changes.tell(errand.id)
        return errand

    def _write(self, kind: str, thing_id: str, thing: Errand | File) -> None:
        if self._store:
            self._store.put(kind, thing_id, orjson.dumps(thing))

    def _number(self, name: str) -> str:
        return str(next(self._next[name]))

    def _used(self) -> dict[str, list[int]]:
        """The numbers that are taken, by what they are for."""
        answers = [answer for errand in self._errands.values() for answer in errand.answers]
        used = {"errand": [int(errand_id) for errand_id in self._errands]}
        used |= {"answer": [one.answer_id for one in answers], "response": [one.response_id for one in answers]}
        return used | {kind: [file.id for file in self.files(kind)] for kind in (ATTACHMENT, ARCHIVE)}


def searchable(errand: Errand) -> str:
    """What a search looks through: everything short that tells an errand, and the text."""
    attributes, message = errand.attributes, errand.message
    told = [message.get(field, "") for field in ("subject", "name", "from", "message_id", "body")]
    extra = orjson.dumps(attributes["extradata"]).decode() if "extradata" in attributes else ""
    return "\n".join([errand.id, errand.area.name, attributes.get("cuid", ""), extra, *told])


def _restored(store: Store | None, kind: str, shape: TypeAdapter[Thing]) -> Iterator[Thing]:
    """Everything of a kind that the store has; Unusable when it is not of this simulator's making."""
    if store is None:
        return
    for row in store.all(kind):
        try:
            yield shape.validate_json(row)
        except ValidationError as wrong:
            raise Unusable(f"{store.path}: another version of the simulator wrote it; name another file") from wrong


def _message_key(errand: Errand) -> tuple[str, str]:
    return errand.area.workspace, errand.message["message_id"]
