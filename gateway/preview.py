"""What would be sent, without sending it: a mail's document, an answer's mail."""

import hashlib
import time
from typing import Any

import orjson
import pybase64

from gateway.cention import callback
from gateway.errors import Permanent
from gateway.flow.inbound import Reading, prepare
from gateway.flow.outbound import Origin, to_reply
from gateway.mail.compose import compose
from gateway.model import Answer, Attachment, Resource

_GREY_PIXEL = pybase64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)


def errand_document(raw: bytes, writer: str = "from") -> Any:
    """Return the document that a mail would become; its Message-ID is made from its bytes where it has none."""
    digest = hashlib.sha256(raw).hexdigest()[:32]
    return orjson.loads(prepare(raw, Reading("", f"<{digest}@cention-gateway>", writer)).document)


def answer_mail(document: bytes, reply_from: str) -> bytes:
    """Return the mail that a callback would become; what it names and would be fetched is a placeholder."""
    answer = callback.read(callback.parse(document))
    if not isinstance(answer, Answer):
        raise Permanent(f"the callback's event is not known: {answer.type} {answer.event}")
    fetched = {resource: _placeholder(resource) for resource in (*answer.attachments, *answer.archives)}
    return compose(to_reply(answer, Origin("preview", reply_from), fetched, time.time()))


def _placeholder(resource: Resource) -> Attachment:
    return Attachment(f"placeholder-for-{resource.type}-{resource.id}.png", "image/png", _GREY_PIXEL)
