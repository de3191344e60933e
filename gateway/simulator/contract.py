"""The documents that Cention takes, as the contract types them: each table below is one of the contract's.

Where the contract leaves something open it is open here: it marks none of a message's fields as mandatory, so that only
the two are asked for without which there is no errand to answer (what identifies the mail, and who wrote it).
"""

from collections.abc import Iterator
from typing import Any

from gateway.simulator.shape import (
    Check,
    Flaw,
    answered,
    anything,
    array,
    base64,
    every,
    integer,
    matching,
    members,
    one_of,
    record,
    shallow,
    text,
    together,
)

CREATE = "c3_new_errands"
END = "c3_end_errands"
ATTACHMENT = "c3_response_attachments"
ARCHIVE = "c3_area_archives"

# What is taken has to be shown and kept as well: orjson reads 1,024 levels, and writes 254, of which some are ours.
MOST_LEVELS = 250

IDENTITY = matching(r"(?s).+", "a string that identifies the mail")
MSISDN = matching(r"[1-9][0-9]{4,14}", "a telephone number in MSISDN format (digits only, country code first)")
UNIX_TIME = matching(r"[0-9]+", "a Unix time as a string of digits")
USER_TYPE = matching(r"(?i:cention|solidus|clearinteract|)", "cention, solidus, clearinteract or empty")

FILE = record({"content_type": text, "name": text, "content": base64}, {"content_id": text})
MESSAGE = {"name": text, "subject": text, "body": text, "html_body": text, "attachments": array(FILE)}
ANSWER = {**MESSAGE, "message_id": text, "from": text, "user_type": USER_TYPE, "user_id": text}
TEMPLATE = record({"elementname": text, "namespace": text}, {"params": array(members(text))})

# "Any data that conforms to JSON format can be sent": members beside the known ones are let through.
CALL = record(
    {
        "integrationName": one_of("aventa"),
        "deviceId": integer,
        "extensionId": integer,
        "destNumber": MSISDN,
        "queueName": text,
        "queueNumber": text,
    },
    {
        "referenceId": text,
        "link": text,
        "pagingNumber": text,
        "pagingName": text,
        "extraData": record({}, {"comment": text, "callReason": text, "appointmentTimestamp": UNIX_TIME}, others=True),
    },
    others=True,
)
CALL_END = record(
    {"integrationName": one_of("aventa"), "deviceId": integer, "extensionId": integer},
    {"referenceId": text, "dialedNumber": text},
    others=True,
)


def _template_is_answered(attributes: Any) -> Iterator[Flaw]:
    """A WhatsApp template errand names in `answer` the user who sends it."""
    if not isinstance(attributes, dict) or "watemplate" not in attributes:
        return
    answer = attributes.get("answer")
    if "answer" not in attributes:
        yield Flaw("is missing: watemplate needs it, with user_type and user_id", ("answer",))
    elif isinstance(answer, dict):
        missing = (name for name in ("user_type", "user_id") if name not in answer)
        yield from (Flaw("is missing: watemplate needs it", ("answer", name)) for name in missing)


def _not_the_clients(_value: Any) -> Iterator[Flaw]:
    """An id that the client made up: JSON:API lets a server refuse it with 403."""
    yield Flaw("is Cention's to give, not the client's", status=403)


def _document(resource: str, attributes: Check, more: dict[str, Check]) -> Check:
    """A JSON:API document with one resource.

    Beside the resource's attributes JSON:API ignores what it does not know, and answers 409 to a type from elsewhere.
    """
    data = record({"type": answered(409, one_of(resource)), "attributes": attributes}, more, others=True)
    return every(shallow(MOST_LEVELS), record({"data": data}, others=True))


NEW_ERRAND = _document(
    CREATE,
    together(
        record(
            {"msg": record({"message_id": IDENTITY, "from": text}, MESSAGE)},
            {
                "answer": record({}, ANSWER),
                "watemplate": TEMPLATE,
                "extradata": anything,
                "integrationData": CALL,
                "cuid": text,
            },
        ),
        _template_is_answered,
    ),
    {"id": _not_the_clients},
)
END_ERRAND = _document(END, record({"integrationData": CALL_END}), {"id": text})
