"""Who wrote a mail: a person, or a program and why. What a program wrote must not be answered by another one.

What a mail says of itself by the standards goes first (reports by RFC 3464, 8098 and 5965, Auto-Submitted by RFC 3834),
then what mailing lists write (RFC 2919, 2369), then habits that are older than any standard, then the null
reverse-path (RFC 5321 4.5.5).
"""

import re
from collections.abc import Iterator

from gateway.mail.address import from_header
from gateway.mail.header import Header
from gateway.mail.parameter import media_type
from gateway.model import AutoKind

_REPORTS = {
    "delivery-status": AutoKind.BOUNCE,
    "disposition-notification": AutoKind.RECEIPT,
    "feedback-report": AutoKind.COMPLAINT,
}
_LIST_FIELDS = ("list-id", "list-post", "list-unsubscribe", "mailing-list", "x-mailing-list")
_REPLY_FIELDS = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply", "x-mail-autoreply")
_REPLY_PRECEDENCE = frozenset({"auto_reply", "auto-reply"})
_BULK_PRECEDENCE = frozenset({"list", "bulk", "junk"})
_SUPPRESSED = frozenset({"all", "autoreply", "oof", "dr", "rn", "nrn"})
_DAEMON = re.compile(r"(?:mailer-daemon|mail-daemon|mdaemon)@.*", re.IGNORECASE)
# A postmaster may also be a person.
_DAEMON_OR_POSTMASTER = re.compile(rf"{_DAEMON.pattern}|postmaster@.*", re.IGNORECASE)
_WORD = re.compile(r"[\w-]+")


def automatic(header: Header, reverse_path: str | None) -> AutoKind:
    """Say who wrote a mail of this header. `reverse_path` is the envelope's, "" for the null one.

    None where it is not known: then Return-Path is asked, which the last server writes.
    """
    null = _returned_to_nobody(header) if reverse_path is None else not reverse_path
    for judge in (_report, _submitted, _habit_of_replies, _list, _habit_of_programs):
        found = judge(header)
        if found is not None:
            return found
    if _is_from(_DAEMON_OR_POSTMASTER if null else _DAEMON, header):
        return AutoKind.BOUNCE
    return AutoKind.NOTIFICATION if null else AutoKind.PERSON


def _report(header: Header) -> AutoKind | None:
    """A report says of what kind it is; a status alone is one too (RFC 6522)."""
    content_type = media_type(header.raw("content-type"))
    kind, said = content_type.value, content_type.raw("report-type").strip().lower()
    if kind == "multipart/report" and said in _REPORTS:
        return _REPORTS[said]
    if kind.startswith("message/") and kind.removeprefix("message/") in _REPORTS:
        return _REPORTS[kind.removeprefix("message/")]
    if header.raw("x-failed-recipients") or (kind == "multipart/report" and _is_from(_DAEMON_OR_POSTMASTER, header)):
        return AutoKind.BOUNCE
    return None


def _submitted(header: Header) -> AutoKind | None:
    """RFC 3834 5: anything but `no` is automatic, also what a later standard may add."""
    said = _first_word(header, "auto-submitted")
    if said == "auto-replied":
        return AutoKind.REPLY
    return AutoKind.NOTIFICATION if said and said != "no" else None


def _habit_of_replies(header: Header) -> AutoKind | None:
    named = any(_first_word(header, name) not in {"", "no", "false"} for name in _REPLY_FIELDS)
    if named or _first_word(header, "precedence") in _REPLY_PRECEDENCE:
        return AutoKind.REPLY
    return None


def _list(header: Header) -> AutoKind | None:
    listed = any(header.raw(name) for name in _LIST_FIELDS)
    return AutoKind.LIST if listed or _first_word(header, "precedence") in _BULK_PRECEDENCE else None


def _habit_of_programs(header: Header) -> AutoKind | None:
    """Exchange writes which automatic answers it does not want; people's mail says nothing of it."""
    return AutoKind.NOTIFICATION if _SUPPRESSED & set(_words(header, "x-auto-response-suppress")) else None


def _is_from(who: re.Pattern[str], header: Header) -> bool:
    sender = from_header(header.raw("from"))
    return sender is not None and bool(who.fullmatch(sender.email))


def _returned_to_nobody(header: Header) -> bool:
    return header.raw("return-path").replace(b" ", b"") == b"<>"


def _first_word(header: Header, name: str) -> str:
    return next(_words(header, name), "")


def _words(header: Header, name: str) -> Iterator[str]:
    text = header.raw(name)[:200].decode("latin-1").lower()
    return (match[0] for match in _WORD.finditer(text))
