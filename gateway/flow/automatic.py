"""What becomes of a mail that a program wrote: by its kind, its route's settings, and the errand that it belongs to."""

import hashlib
import re
from dataclasses import dataclass, replace

from gateway.flow.thread import named, told
from gateway.mail.attaching import unique
from gateway.mail.automatic import Judgement, judge
from gateway.mail.parse import Parsed
from gateway.mail.report import Report, read_report
from gateway.mail.trace import TRACE, Trace, read_trace
from gateway.mail.trim import trimmed
from gateway.model import Attachment, AutoKind, Closing, Errand, Thread

_REPORTED = frozenset({AutoKind.BOUNCE, AutoKind.RECEIPT, AutoKind.COMPLAINT})
_NAMES = {
    AutoKind.PERSON: "a mail",
    AutoKind.LIST: "mail by way of a mailing list",
    AutoKind.REPLY: "an automatic reply",
    AutoKind.NOTIFICATION: "a mail that a program wrote",
    AutoKind.BOUNCE: "a mail server's report on a mail",
    AutoKind.RECEIPT: "a receipt for a mail",
    AutoKind.COMPLAINT: "a complaint about a mail",
}
# Whatever stands before a subject when it is answered or sent on, in any language, any number of times.
_BEFORE_SUBJECT = re.compile(r"(?:\s*[^\W\d_]{1,8}(?:\[\d{1,3}\])?\s?[:\uff1a])+\s*")


@dataclass(frozen=True, slots=True)
class Handling:
    """What a route's settings say, as far as reading a mail needs it.

    Errands of the kinds in `closed` are closed at once, those in `attached` where they belong to another one. `mark`
    goes into the subject of what belongs to another one, "" for nothing. `own` is for mail of the gateway itself.
    """

    closed: frozenset[AutoKind] = frozenset()
    attached: frozenset[AutoKind] = frozenset()
    mark: str = ""
    trim: bool = False
    own: bool = False


@dataclass(frozen=True, slots=True)
class Signs:
    """What a mail tells of who wrote it and where it belongs.

    `trace` is our own mark, on a mail that we sent. `errand` is the number that it names, "" for none, in `named_by`.
    `alike` is one number for all mails of this writer and subject. `report` is what a report says.
    """

    kind: AutoKind
    why: str
    trace: Trace | None
    errand: str
    named_by: str
    alike: int
    report: Report | None


def signs(raw: bytes, parsed: Parsed, reverse_path: str | None, recipients: tuple[str, ...], how: Handling) -> Signs:
    """Gather what a mail tells; `reverse_path` and `recipients` are the envelope's."""
    mail, header = parsed.mail, parsed.header
    found = Judgement(AutoKind.PERSON) if how.own else judge(header, reverse_path)
    errand, named_by = named(recipients, mail.subject, mail.body, how.mark)
    return Signs(
        kind=found.kind,
        why=found.why,
        trace=None if how.own else read_trace(header.raw(TRACE.lower())),
        errand=errand,
        named_by=named_by,
        alike=alike(mail.sender.email or reverse_path or "", mail.subject),
        report=read_report(raw) if found.kind in _REPORTED else None,
    )


def alike(writer: str, subject: str) -> int:
    """Return a number of 64 bits, with sign, that mails of a writer and subject share, however often answered."""
    topic = _BEFORE_SUBJECT.sub("", subject, count=1)
    digest = hashlib.blake2b(f"{writer}\n{topic}".casefold().encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def fitted(errand: Errand, found: Signs, thread: Thread | None, how: Handling) -> Errand:
    """Tell an errand which one it belongs to, and close it where the settings want that; what rules set stays."""
    if how.trim:
        errand = _trimmed(errand)
    if thread is not None:
        errand = told(errand, thread, how.mark)
    wanted = how.closed | how.attached if thread is not None else how.closed
    if found.kind not in wanted or errand.closing is not None or errand.template is not None:
        return errand
    return replace(errand, closing=_closing(errand, found, thread))


def _trimmed(errand: Errand) -> Errand:
    """Leave the quotation out of the text. All of it is in the HTML; where there is none, a file has it."""
    body = trimmed(errand.body, errand.subject)
    if body == errand.body:
        return errand
    if errand.html_body:
        return replace(errand, body=body)
    taken = {file.name.casefold(): 1 for file in errand.attachments}
    whole = Attachment(unique("whole text.txt", taken), "text/plain", errand.body.encode("utf-8", "replace"))
    return replace(errand, body=body, attachments=(*errand.attachments, whole))


def _closing(errand: Errand, found: Signs, thread: Thread | None) -> Closing:
    belongs = f" It belongs to errand #{thread.errand}." if thread is not None else ""
    text = f"The mail gateway has closed this errand: it is {_NAMES[found.kind]}.{belongs}\nSign: {found.why}"
    return Closing(subject=errand.subject, body=text)
