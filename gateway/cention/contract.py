"""The contract's tables (contract.md, Create and Close): what each object of a document may have in it."""

from gateway.cention.table import Field, Presence, Table
from gateway.cention.validity import integer, line, media_type, msisdn, text, unix_time, user_type

_MANDATORY, _ALWAYS = Presence.MANDATORY, Presence.ALWAYS

MESSAGE = Table(
    "msg",
    "Create Errand, msg",
    (
        Field("message_id", "message_id", line, _MANDATORY),
        Field("name", "name", line, _ALWAYS),
        Field("from", "sender", line, _ALWAYS),
        Field("subject", "subject", line, _ALWAYS),
        Field("body", "body", text, _ALWAYS),
        Field("html_body", "html_body", text, _ALWAYS),
    ),
    parts=("attachments",),
)
# Its `content` is written apart: it may be many megabytes.
ATTACHMENT = Table(
    "msg.attachments",
    "Create Errand, msg.attachments",
    (
        Field("content_type", "content_type", media_type, _ALWAYS),
        Field("name", "name", line, _ALWAYS),
        Field("content_id", "content_id", line),
    ),
    parts=("content",),
)
ANSWER = Table(
    "answer",
    "Create Errand, answer",
    (
        Field("subject", "subject", line, _ALWAYS),
        Field("body", "body", text, _ALWAYS),
        Field("html_body", "html_body", text, _ALWAYS),
        Field("user_type", "user_type", user_type),
        Field("user_id", "user_id", line),
    ),
    parts=("attachments",),
)
TEMPLATE = Table(
    "watemplate",
    "Create Errand, watemplate",
    (
        Field("elementname", "element_name", line, _MANDATORY),
        Field("namespace", "namespace", line, _MANDATORY),
    ),
    parts=("params",),
)
CALL = Table(
    "integrationData",
    "Create Errand, integrationData",
    (
        Field("referenceId", "reference_id", line),
        Field("deviceId", "device_id", integer, _MANDATORY),
        Field("extensionId", "extension_id", integer, _MANDATORY),
        Field("link", "link", line),
        Field("destNumber", "dest_number", msisdn, _MANDATORY),
        Field("pagingNumber", "paging_number", line),
        Field("pagingName", "paging_name", line),
        Field("queueName", "queue_name", line, _MANDATORY),
        Field("queueNumber", "queue_number", line, _MANDATORY),
    ),
    parts=("integrationName", "extraData"),
)
CALL_EXTRA = Table(
    "integrationData.extraData",
    "Create Errand, extraData",
    (
        Field("comment", "comment", text),
        Field("callReason", "call_reason", text),
        Field("appointmentTimestamp", "appointment", unix_time),
    ),
)
CALL_END = Table(
    "integrationData",
    "Close Errand",
    (
        Field("referenceId", "reference_id", line),
        Field("dialedNumber", "dialed_number", line),
        Field("deviceId", "device_id", integer, _MANDATORY),
        Field("extensionId", "extension_id", integer, _MANDATORY),
    ),
    parts=("integrationName",),
)
CUID = Table("", "Create Errand, cuid", (Field("cuid", "cuid", line),))
ATTRIBUTES = Table(
    "",
    "Create Errand",
    (),
    parts=("msg", "answer", "watemplate", "extradata", "integrationData", "cuid"),
)
END_ATTRIBUTES = Table("", "Close Errand", (), parts=("integrationData",))
INTEGRATION = "aventa"
"""The one integration that the contract knows."""
