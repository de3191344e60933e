"""Reading the attributes of a document that someone wrote by hand into the values that documents are built from.

Only the shape is read here, and unknown names are refused; what the contract lets the values be is seen to when the
document is built (`document.new_errand`, `integration.end_errand`).
"""

from collections.abc import Mapping
from typing import Any

import pybase64

from gateway.cention.contract import (
    ANSWER,
    ATTACHMENT,
    ATTRIBUTES,
    CALL,
    CALL_END,
    CALL_EXTRA,
    END_ATTRIBUTES,
    INTEGRATION,
    MESSAGE,
    TEMPLATE,
)
from gateway.cention.table import Table
from gateway.cention.validity import Invalid, shown
from gateway.model import Attachment, Call, CallEnd, Closing, Errand, WhatsAppTemplate


def within(document: Any, kind: str) -> Any:
    """Return the attributes of a JSON:API document of that type; what has no `data` is taken for attributes itself."""
    if not isinstance(document, Mapping) or "data" not in document:
        return document
    data = document["data"]
    if not isinstance(data, Mapping) or data.get("type") != kind:
        raise Invalid("data.type", f'expected "{kind}"', "JSON:API")
    return data.get("attributes")


def errand(attributes: object) -> Errand:
    """Return the errand that a c3_new_errands document's attributes describe; Invalid names a wrong field.

    What is missing is empty. An attachment's content is base64, or bytes as they are.
    """
    root = ATTRIBUTES.members(attributes)
    message = root.get("msg")
    answer, template, call = root.get("answer"), root.get("watemplate"), root.get("integrationData")
    return Errand(
        **_empty(MESSAGE) | MESSAGE.read(message),
        attachments=_attachments(MESSAGE, message),
        closing=Closing(**ANSWER.read(answer), attachments=_attachments(ANSWER, answer))
        if answer is not None
        else None,
        template=_template(template) if template is not None else None,
        extradata=root.get("extradata"),
        call=_call(call) if call is not None else None,
        cuid=root.get("cuid") or "",
    )


def call_end(attributes: object, errand_id: str) -> CallEnd:
    """Return the end of a call that a c3_end_errands document's attributes describe; Invalid names a wrong field."""
    call = END_ATTRIBUTES.members(attributes).get("integrationData")
    _see_integration(CALL_END, call)
    return CallEnd(errand_id, **_empty(CALL_END) | CALL_END.read(call))


def _empty(table: Table) -> dict[str, Any]:
    return dict.fromkeys((field.attribute for field in table.fields), "")


def _see_integration(table: Table, call: object) -> None:
    name = table.members(call).get("integrationName", INTEGRATION)
    if name != INTEGRATION:
        raise table.wrong("integrationName", f'expected "{INTEGRATION}", found {shown(name)}')


def _call(call: object) -> Call:
    _see_integration(CALL, call)
    extra = CALL_EXTRA.read(CALL.members(call).get("extraData"))
    return Call(**_empty(CALL) | CALL.read(call) | extra)


def _template(template: object) -> WhatsAppTemplate:
    params = _items(TEMPLATE, template, "params")
    for place, one in enumerate(params):
        if not isinstance(one, Mapping):
            raise TEMPLATE.wrong(f"params[{place}]", f"expected an object, found {shown(one)}")
    pairs = tuple(tuple(one.items()) for one in params)
    return WhatsAppTemplate(**_empty(TEMPLATE) | TEMPLATE.read(template), params=pairs)


def _items(table: Table, value: object, name: str) -> list[Any]:
    items = table.members(value).get(name) or []
    if not isinstance(items, list):
        raise table.wrong(name, f"expected an array, found {shown(items)}")
    return items


def _attachments(owner: Table, value: object) -> tuple[Attachment, ...]:
    items = _items(owner, value, "attachments")
    return tuple(_attachment(owner.place, place, item) for place, item in enumerate(items))


def _attachment(owner: str, place: int, item: object) -> Attachment:
    table = ATTACHMENT.at(f"{owner}.attachments[{place}]")
    content = table.members(item).get("content") or b""
    if not isinstance(content, bytes):
        try:
            content = pybase64.b64decode(content, validate=True)
        except (ValueError, TypeError) as error:
            raise table.wrong("content", f"expected base64, found {shown(content)}") from error
    return Attachment(**_empty(ATTACHMENT) | table.read(item), content=content)
