"""From what rules set, as text in the API's names, to an errand's typed fields (contract.md, Create and Close).

Numbers become numbers here. Whether a value is one that its field may hold is for the document's builder to say.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gateway.model import Call, CallEnd, Closing, Errand, WhatsAppTemplate

LINE = 2_000
"""Characters of a value that is one line."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+")
_WHOLE = re.compile(r"[0-9]{1,15}")
_PUNCTUATION = re.compile(r"[\s()./-]+")


class Unfit(ValueError):
    """A value is not what its field may hold; says field, what was expected and what was found."""


def typed(errand: Errand, changes: Mapping[str, Any]) -> Errand:
    """Return the errand with what rules set, in the API's names; Unfit for what is to be a number and is none."""
    sender = line(str(changes.get("from", "")))
    return replace(
        errand,
        subject=line(str(changes.get("subject", errand.subject))),
        name=line(str(changes.get("name", errand.name))),
        cuid=line(str(changes.get("cuid", errand.cuid))),
        sender=sender if _ADDRESS.fullmatch(sender) else errand.sender,
        closing=_closing(changes["answer"]) if "answer" in changes else errand.closing,
        template=_template(changes["watemplate"]) if "watemplate" in changes else errand.template,
        extradata=changes.get("extradata", errand.extradata),
        call=_call(changes["integrationData"]) if "integrationData" in changes else errand.call,
    )


def call_end(found: Mapping[str, Any]) -> CallEnd:
    """Return the end of a call that a rule's `end` comes to; Unfit as in `typed`."""
    return CallEnd(
        errand_id=line(found.get("errand", "")),
        device_id=_whole(found, "deviceId", "end"),
        extension_id=_whole(found, "extensionId", "end"),
        reference_id=line(found.get("referenceId", "")),
        dialed_number=line(found.get("dialedNumber", "")),
    )


def reference(errand: Errand) -> str:
    """Return what later mails may end this errand by: `extradata.reference`, else the call's id, else ""."""
    given = errand.extradata.get("reference") if isinstance(errand.extradata, Mapping) else None
    if isinstance(given, str | int) and not isinstance(given, bool):
        return line(str(given))
    return errand.call.reference_id if errand.call is not None else ""


def line(text: str) -> str:
    """Make a text one line of bounded length."""
    return _CONTROLS.sub(" ", text).strip()[:LINE]


def _call(given: Mapping[str, Any]) -> Call:
    extra = given.get("extraData", {})
    return Call(
        device_id=_whole(given, "deviceId", "integrationData"),
        extension_id=_whole(given, "extensionId", "integrationData"),
        # People write numbers with spaces and dashes.
        dest_number=_PUNCTUATION.sub("", given.get("destNumber", "")),
        queue_name=line(given.get("queueName", "")),
        queue_number=line(given.get("queueNumber", "")),
        reference_id=line(given.get("referenceId", "")),
        link=line(given.get("link", "")),
        paging_number=line(given.get("pagingNumber", "")),
        paging_name=line(given.get("pagingName", "")),
        comment=extra.get("comment", ""),
        call_reason=extra.get("callReason", ""),
        appointment=line(extra.get("appointmentTimestamp", "")),
    )


def _closing(given: Mapping[str, Any]) -> Closing:
    return Closing(
        subject=line(given.get("subject", "")),
        body=given.get("body", ""),
        html_body=given.get("html_body", ""),
        user_type=given.get("user_type", ""),
        user_id=line(given["user_id"]) if "user_id" in given else None,
    )


def _template(given: Mapping[str, Any]) -> WhatsAppTemplate:
    return WhatsAppTemplate(
        element_name=line(given.get("elementname", "")),
        namespace=line(given.get("namespace", "")),
        params=tuple(tuple((name, line(text)) for name, text in one.items()) for one in given.get("params", ())),
    )


def _whole(given: Mapping[str, Any], name: str, owner: str) -> int:
    text = line(given.get(name, ""))
    if not _WHOLE.fullmatch(text):
        found = f"found {text[:100]!r}" if text else "found nothing for it"
        raise Unfit(f"{owner}.{name}: expected a whole number, {found}")
    return int(text)
