"""The callback's document: what Cention makes of an answer (contract, Callback)."""

import json
from random import Random
from typing import Any

from gateway.simulator.errand import Answer, Errand, File
from gateway.simulator.form import Form

FIRST_PERSON = 279
SERVICE_ID = 16

Document = dict[str, Any]


class Writer:
    """Writes callback documents of one answer, all alike but for the setting that they are sent by."""

    def __init__(self, origin: str, form: Form, chance: Random) -> None:
        self._origin = origin
        self._form = form
        self._chance = chance

    def document(self, errand: Errand, answer: Answer, setting_id: str, secret: str) -> Document:
        """The document for an answer: `included` in any order, each link in the form asked for, no secret when ""."""
        files = [file for file in (*answer.attachments, *answer.archives) if file.content_id not in answer.missing]
        included = [self._errand(errand, answer), *(self._resource(errand, file) for file in files)]
        self._chance.shuffle(included)
        callback = {
            "data": {
                "type": "c3_callback_answer_errands",
                "id": self._id(setting_id),
                "attributes": {"event": 1},
                "relationships": {"errand": {"data": self._identifier("c3_answer_errands", errand.id)}},
            },
            "included": included,
        }
        return callback | {"meta": {"api_secret": secret}} if secret else callback

    def _errand(self, errand: Errand, answer: Answer) -> Document:
        name, kind = answer.service
        attributes = {
            "answer": {"c3_id": answer.answer_id, "response": self._response(answer)},
            "c3_id": int(errand.id),
            "service": {"c3_id": SERVICE_ID, "name": name, "type": kind},
        }
        relationships = {
            "attachments": {"data": self._named(answer, answer.attachments)},
            "embedded_archives": {"data": self._named(answer, answer.archives)},
        }
        identifier = self._identifier("c3_answer_errands", errand.id)
        return {**identifier, "attributes": attributes, "relationships": relationships}

    def _response(self, answer: Answer) -> Document:
        html, address = ("htmlBody", "emailAddress") if self._form.spelling == "old" else ("html_body", "email_address")
        return {
            "body": answer.body,
            "c3_id": answer.response_id,
            html: answer.html_body,
            "subject": answer.subject,
            "to": [
                {"c3_id": person, address: email, "name": name}
                for person, (name, email) in enumerate(answer.to, start=FIRST_PERSON)
            ],
        }

    def _named(self, answer: Answer, files: tuple[File, ...]) -> list[Document]:
        return [self._identifier(file.type, str(file.id)) for file in files if file.content_id not in answer.extra]

    def _resource(self, errand: Errand, file: File) -> Document:
        resource = {**self._identifier(file.type, str(file.id)), "attributes": {"c3_id": file.id}}
        address = self._address(errand.area.workspace, file)
        if address is None:
            return resource
        return resource | {"links": {"self": self._chance.choice([address, {"href": address}])}}

    def _address(self, workspace: str, file: File) -> str | None:
        form: str = self._form.links
        if form == "mixed":
            form = self._chance.choice(["own", "foreign", "relative", "absent"])
        path = f"{self._form.root}{file.type}/{file.id}"
        own = f"{self._origin}/s/{workspace}{path}"
        return {"own": own, "foreign": f"http://localhost{path}", "relative": path}.get(form)

    def _identifier(self, kind: str, resource_id: str) -> Document:
        return {"type": kind, "id": self._id(resource_id)}

    def _id(self, text: str) -> str | int:
        return int(text) if self._form.ids == "number" else text


def written(document: Document) -> bytes:
    """The document as Cention writes it: ASCII, with every slash escaped."""
    return json.dumps(document, separators=(",", ":")).replace("/", r"\/").encode("ascii")
