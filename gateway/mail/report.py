"""What a report says: a delivery status (RFC 3464), receipt (RFC 8098) or complaint (RFC 5965), or a bounce in words.

A report is about a mail of ours where it returns its header, or names its Message-ID. Every step is bounded.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from gateway.mail.automatic import automatic
from gateway.mail.field import clean
from gateway.mail.header import Header, read_header, to_text
from gateway.mail.scan import Part, scan
from gateway.mail.trace import TRACE, Trace, read_trace
from gateway.mail.transfer import decode_transfer
from gateway.model import AutoKind

_KINDS = {
    "message/delivery-status": AutoKind.BOUNCE,
    "message/global-delivery-status": AutoKind.BOUNCE,
    "message/disposition-notification": AutoKind.RECEIPT,
    "message/global-disposition-notification": AutoKind.RECEIPT,
    "message/feedback-report": AutoKind.COMPLAINT,
}
_RETURNED = frozenset({"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"})
_GROUPS = 1_000
_PARTS = 200
_WINDOW = 256 * 1024
_LONGEST = 1_000
_FIELD = re.compile(rb"^[!-9;-~]{1,200}[ \t]*:(?!//)", re.MULTILINE)
_ID = re.compile(rb"<[^<>\s]{1,996}>")
_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_TYPED = re.compile(r"\s*[\w-]{1,20}\s*;\s*")
_DISPOSITION = re.compile(r"(?:[\w-]+/[\w-]+\s*;\s*)?([\w-]+)")
# A header that is returned among the words of a bounce, as qmail and Exim do.
_RETURNED_FIELDS = re.compile(
    rb"^[ >]{0,4}(message-id|%b):[ \t]*([^\r\n]{1,998})" % TRACE.encode(), re.IGNORECASE | re.MULTILINE
)
# qmail: an address in angle brackets and a colon on a line, below it the reason.
_SAID_OF_ONE = re.compile(rb"^<([^<>\s]{1,320}@[^<>\s]{1,255})>:\r?\n([^\r\n]{1,998})", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ReportedRecipient:
    """What became of a recipient.

    `action` is a word in lower case: failed, delayed, delivered, relayed or expanded in a bounce, the disposition in a
    receipt, the kind of feedback in a complaint. `status` is an enhanced one (RFC 3463) or "".
    """

    recipient: str
    action: str = ""
    status: str = ""
    diagnostic: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a report says. What it does not say is "".

    `reporting` is the server or program that wrote it; `message_id` that of the mail it is about, in angle brackets;
    `trace` our own mark in the header that came back, None where there is none; `feedback` a complaint's kind.
    """

    kind: AutoKind
    reporting: str = ""
    recipients: tuple[ReportedRecipient, ...] = ()
    message_id: str = ""
    trace: Trace | None = None
    feedback: str = ""

    @property
    def failed(self) -> tuple[ReportedRecipient, ...]:
        """The recipients whom the mail has not reached and will not."""
        return tuple(one for one in self.recipients if one.action == "failed")


def read_report(raw: bytes) -> Report | None:
    """Read a mail as a report; None for one that is none. Never raises."""
    root = scan(raw).root
    leaves = list(islice(_leaves(root), _PARTS))
    said = next((leaf for leaf in leaves if leaf.content_type.value in _KINDS), None)
    back = next((leaf for leaf in leaves if leaf.content_type.value in _RETURNED), None)
    returned = _first_header(_content(raw, back)) if back is not None else None
    if said is None:
        return _in_words(raw, root, returned) if automatic(root.header, None) is AutoKind.BOUNCE else None
    groups = list(islice(_groups(_content(raw, said)), _GROUPS))
    return _report(_KINDS[said.content_type.value], groups, returned or _returned_in(raw, root))


def _report(kind: AutoKind, groups: list[Header], returned: Header) -> Report:
    first = groups[0] if groups else Header()
    feedback = _word(first, "feedback-type")
    return Report(
        kind=kind,
        reporting=_untyped(_said(first, "reporting-mta", "reporting-ua", "user-agent")),
        recipients=_complained(first, feedback) if kind is AutoKind.COMPLAINT else tuple(_recipients(groups)),
        message_id=_id(first.raw("original-message-id")) or _id(returned.raw("message-id")),
        trace=read_trace(returned.raw(TRACE.lower())),
        feedback=feedback,
    )


def _recipients(groups: list[Header]) -> Iterator[ReportedRecipient]:
    """Yield those of a status or receipt; the fields of the only one may stand in the first group."""
    for group in groups:
        recipient = _untyped(_said(group, "original-recipient", "final-recipient"))
        if not recipient:
            continue
        status = _STATUS.search(_said(group, "status"))
        disposition = _DISPOSITION.match(_said(group, "disposition"))
        yield ReportedRecipient(
            recipient=recipient.strip("<>"),
            action=_word(group, "action") or (disposition[1].lower() if disposition else ""),
            status=status[0] if status else "",
            diagnostic=_untyped(_said(group, "diagnostic-code")),
        )


def _complained(report: Header, feedback: str) -> tuple[ReportedRecipient, ...]:
    named = (to_text(value).strip("<> ") for value in islice(report.all("original-rcpt-to"), _GROUPS))
    return tuple(ReportedRecipient(one, feedback) for one in named if one)


def _in_words(raw: bytes, root: Part, returned: Header | None) -> Report:
    """Read a bounce that has no part for programs: a field of Exim's, or paragraphs of qmail's."""
    named = [one.strip() for one in to_text(root.header.raw("x-failed-recipients")).split(",")]
    recipients = [ReportedRecipient(one, "failed") for one in named if one]
    for found in islice(_SAID_OF_ONE.finditer(raw, root.body, _end(root)), _GROUPS):
        reason = to_text(found[2])
        status = _STATUS.search(reason)
        recipients.append(ReportedRecipient(to_text(found[1]), "failed", status[0] if status else "", reason))
    header = returned or _returned_in(raw, root)
    message_id, trace = _id(header.raw("message-id")), read_trace(header.raw(TRACE.lower()))
    return Report(AutoKind.BOUNCE, "", tuple(recipients), message_id, trace)


def _returned_in(raw: bytes, root: Part) -> Header:
    """Gather the fields of a returned header that stand in a text."""
    found = _RETURNED_FIELDS.finditer(raw, root.body, _end(root))
    return Header(tuple((one[1].decode().lower(), one[2]) for one in islice(found, 2)))


def _end(root: Part) -> int:
    return min(root.end, root.body + _WINDOW)


def _leaves(part: Part) -> Iterator[Part]:
    if not part.parts:
        yield part
    for child in part.parts:
        yield from _leaves(child)


def _content(raw: bytes, part: Part) -> bytes:
    encoding = part.header.raw("content-transfer-encoding").decode("latin-1")
    return decode_transfer(raw[part.body : min(part.end, part.body + _WINDOW)], encoding)[0]


def _first_header(content: bytes) -> Header:
    return next(_groups(content), Header())


def _groups(content: bytes) -> Iterator[Header]:
    """Yield groups of fields with empty lines between; a line that is no field is passed over."""
    at, end = 0, len(content)
    while at < end:
        header, after = read_header(content, at, end)
        if header.fields:
            yield header
        if after > at:
            at = after
        else:
            found = _FIELD.search(content, content.find(b"\n", at) + 1 or end)
            at = found.start() if found is not None else end


def _said(header: Header, *names: str) -> str:
    return next((clean(to_text(value), _LONGEST) for name in names if (value := header.raw(name))), "")


def _word(header: Header, name: str) -> str:
    return _said(header, name).partition(" ")[0].partition(";")[0].lower()


def _untyped(value: str) -> str:
    """Leave out what says of which type an address, a name or a code is (RFC 3464 2.1.2): `rfc822; a@b`."""
    return _TYPED.sub("", value, count=1).strip()


def _id(value: bytes) -> str:
    found = _ID.search(value)
    return clean(found[0].decode("utf-8", "replace"), _LONGEST) if found else ""
