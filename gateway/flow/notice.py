"""The mail by which an agent, or the operator, hears what became of an answer: pure, from what is known to bytes.

It is our own: it comes from nobody who could be answered, has the null envelope sender (RFC 3834 3.3), and says that a
program wrote it. Which errand, answer and recipients it is about stands in a header as well.
"""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.flow.reason import in_words
from gateway.mail.compose import compose
from gateway.mail.field import clean
from gateway.model import Address, Attachment, Reply
from gateway.spool.delivery import Fate, Standing, Told

HEADER = "X-Cention-Notice"
_NOBODY = "mailer-daemon"
_MOST = 50
_SUBJECT = 120


@dataclass(frozen=True, slots=True)
class About:
    """The answer that a notice is about: its callback's id, its errand, its route, and the address this writes from.

    `original` is the answer as a mail, b"" where it cannot be written as one; `whole` is false where files are left out
    of it. `report` is the mail that brought the news, b"" where none did.
    """

    answer: str
    errand: str
    route: str
    address: str
    subject: str
    original: bytes = b""
    whole: bool = True
    report: bytes = b""


def nobody(hostname: str) -> str:
    """Return the address that notices come from, which nobody reads."""
    return f"{_NOBODY}@{hostname}"


def told_of(standings: Sequence[Standing]) -> Told:
    """Return what a notice of these recipients tells."""
    return Told.DELAYED if all(one.fate is Fate.DELAYED for one in standings) else Told.FAILED


def link(about: About, standings: Sequence[Standing]) -> dict[str, Any]:
    """Return what the notice's errand is linked by, as its extradata."""
    return {
        "notice": "complaint" if _is_complaint(standings) else told_of(standings).value,
        "errand": about.errand,
        "answer": about.answer,
        "recipients": [one.recipient for one in standings if one.recipient][:_MOST],
    }


def message_id(about: About, standings: Sequence[Standing], hostname: str) -> str:
    """Return the notice's Message-ID: the same whenever the same is told of the same recipients."""
    who = "\n".join(sorted(one.recipient for one in standings))
    digest = hashlib.sha256(f"{about.answer}\n{told_of(standings)}\n{who}".encode("utf-8", "replace")).hexdigest()
    return f"<notice.{digest[:24]}@{hostname}>"


def is_ours(identifier: str, hostname: str) -> bool:
    """Whether a Message-ID is that of a notice of ours."""
    return identifier.startswith("<notice.") and identifier.endswith(f"@{hostname}>")


def notice(about: About, standings: Sequence[Standing], to: str, hostname: str, until: float, at: float) -> bytes:
    """Write the notice to an address, at a time, of an answer that is tried until a time.

    Times are Unix seconds; `until` is 0 where others try.
    """
    files = [("answer.eml", about.original), ("report.eml", about.report)]
    return compose(
        Reply(
            message_id=message_id(about, standings, hostname),
            date=at,
            sender=Address("Mail delivery", nobody(hostname)),
            to=(Address("", to),),
            subject=_subject(about, standings),
            body=_text(about, standings, until),
            html_body="",
            files=tuple(Attachment(name, "message/rfc822", content) for name, content in files if content),
            auto_submitted=True,
            headers=((HEADER, f"{link(about, standings)['notice']}; errand={about.errand}; answer={about.answer}"),),
        )
    )


def _is_complaint(standings: Sequence[Standing]) -> bool:
    return all(one.fate is Fate.COMPLAINED for one in standings)


def _subject(about: About, standings: Sequence[Standing]) -> str:
    answer = f'Your answer to "{clean(about.subject, _SUBJECT)}"' if about.subject.strip() else "Your answer"
    if _is_complaint(standings):
        return f"{answer} was reported as unwanted"
    return f"{answer} is delayed" if told_of(standings) is Told.DELAYED else f"{answer} could not be delivered"


def _text(about: About, standings: Sequence[Standing], until: float) -> str:
    lines = [f"{_subject(about, standings)} (errand #{about.errand}).", ""]
    for one in standings[:_MOST]:
        lines += [f"  {one.recipient}" if one.recipient else "  It is not known to whom.", f"    {_why(one)}"]
        lines += [f"    What was said: {one.reply}"] if one.reply else []
    if len(standings) > _MOST:
        lines.append(f"  and {len(standings) - _MOST} more")
    return "\n".join([*lines, "", _next(standings, until), *_enclosed(about)])


def _why(one: Standing) -> str:
    if one.fate is Fate.COMPLAINED:
        return "Who got it, or their provider, reports it as unwanted."
    return in_words(one.status, one.reply)


def _next(standings: Sequence[Standing], until: float) -> str:
    if _is_complaint(standings):
        return "Nothing else happens by itself. Write to them again only if they ask for it."
    if told_of(standings) is Told.DELAYED and not until:
        return "Their server tries again by itself. There is nothing that you have to do now."
    if told_of(standings) is Told.DELAYED:
        when = time.strftime("%Y-%m-%d %H:%M", time.gmtime(until))
        return f"It is tried again by itself until {when} UTC. There is nothing that you have to do now."
    return (
        "It is not tried again by itself. Correct the address and answer the customer's errand once more, or reach "
        "them by another way."
    )


def _enclosed(about: About) -> list[str]:
    left = "" if about.whole else ", without its files"
    lines = [f"The answer is attached (answer.eml){left}."] if about.original else []
    return [*lines, *(["The report that came back is attached (report.eml)."] if about.report else [])]
