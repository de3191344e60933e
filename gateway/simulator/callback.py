"""The callback: the document that Cention makes of an answer (contract, Callback), and its POST."""

import json
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from itertools import count
from random import Random
from typing import Any
from urllib.parse import urlsplit

from gateway.simulator.answer import Answer
from gateway.simulator.errands import File
from gateway.simulator.jsonapi import MEDIA_TYPE
from gateway.simulator.options import LinkForm, is_callback

SETTING_ID = "76"
SERVICE = {"c3_id": 16, "name": "Form", "type": 19}
TIMEOUT = 30.0
MOST_SHOWN = 64 * 1024

Document = dict[str, Any]


class Writer:
    """Writes callback documents. It lives because Cention's numbers for answers, responses and persons go on rising."""

    def __init__(self, base: str, links: LinkForm, chance: Random) -> None:
        self._base = base
        self._links = links
        self._chance = chance
        self._answers, self._responses, self._persons = count(1189), count(3304), count(279)

    def document(self, answer: Answer, secret: str) -> Document:
        """The document for an answer: `included` in any order, each link in the form asked for, no secret when ""."""
        files = [*answer.attachments, *answer.archives]
        included = [self._errand(answer), *(self._resource(file) for file in files)]
        self._chance.shuffle(included)
        errand = {"data": _identifier("c3_answer_errands", answer.errand.id)}
        callback = {
            "data": {
                "type": "c3_callback_answer_errands",
                "id": SETTING_ID,
                "attributes": {"event": 1},
                "relationships": {"errand": errand},
            },
            "included": included,
        }
        return callback | {"meta": {"api_secret": secret}} if secret else callback

    def _errand(self, answer: Answer) -> Document:
        to = [{"c3_id": next(self._persons), "email_address": email, "name": name} for name, email in answer.to]
        response = {
            "body": answer.body,
            "c3_id": next(self._responses),
            "html_body": answer.html_body,
            "subject": answer.subject,
            "to": to,
        }
        attributes = {
            "answer": {"c3_id": next(self._answers), "response": response},
            "c3_id": int(answer.errand.id),
            "service": SERVICE,
        }
        relationships = {
            "attachments": {"data": [_identifier(file.type, str(file.id)) for file in answer.attachments]},
            "embedded_archives": {"data": [_identifier(file.type, str(file.id)) for file in answer.archives]},
        }
        errand = _identifier("c3_answer_errands", answer.errand.id)
        return {**errand, "attributes": attributes, "relationships": relationships}

    def _resource(self, file: File) -> Document:
        resource = {**_identifier(file.type, str(file.id)), "attributes": {"c3_id": file.id}}
        address = self._address(file)
        if address is None:
            return resource
        return resource | {"links": {"self": self._chance.choice([address, {"href": address}])}}

    def _address(self, file: File) -> str | None:
        form = self._links
        if form == "mixed":
            form = self._chance.choice(["own", "foreign", "relative", "absent"])
        path = f"/capi/json/{file.type}/{file.id}"
        return {"own": self._base + path, "foreign": f"http://localhost{path}", "relative": path}.get(form)


def written(document: Document) -> bytes:
    """The document as Cention writes it: ASCII, with every slash escaped."""
    return json.dumps(document, separators=(",", ":")).replace("/", r"\/").encode("ascii")


def post(url: str, body: bytes) -> Document:
    """POST a callback: `{"status", "body"}` as the other side answered it, or `{"error"}` when it did not.

    It blocks, up to TIMEOUT seconds for each wait. No redirect is followed.
    """
    if not is_callback(url):
        return {"error": f"{url!r} is not an http or https URL"}
    try:
        parts = urlsplit(url)
        kind: Callable[..., HTTPConnection] = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.hostname, parts.port, timeout=TIMEOUT)
        try:
            path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
            connection.request("POST", path, body, {"Content-Type": MEDIA_TYPE})
            response = connection.getresponse()
            return {"status": response.status, "body": response.read(MOST_SHOWN).decode("utf-8", "replace")}
        finally:
            connection.close()
    except (OSError, HTTPException, ValueError) as wrong:
        return {"error": f"{type(wrong).__name__}: {wrong}"}


def _identifier(kind: str, resource_id: str) -> Document:
    return {"type": kind, "id": resource_id}
