"""The thread of a mail: an errand that it names by number, and what its own errand is told of where it belongs.

How Cention writes an errand's number into a subject is not in its page: `[#2256]` is [inferred], and a setting. What
the page shows is the block that stands under an answer, `Errand: #2256-1`, and comes back quoted in the reply to it.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from gateway.model import Errand, Thread
from gateway.route.tag import errand_of

PLACE = "{errand}"
"""What stands for the number in a mark."""

_USUAL = re.compile(r"\[#([0-9]{1,18})(?:-[0-9]{1,6})?\]")
_BLOCK = "Cention Contact Center - Original message"
_BLOCK_LENGTH = 400
_IN_BLOCK = re.compile(r"\bErrand:\s{0,4}#([0-9]{1,18})(?:-[0-9]{1,6})?\b")
_SUBJECT = 1_000


def named(recipients: tuple[str, ...], subject: str, body: str, mark: str) -> tuple[str, str]:
    """Return the errand that a mail names by its number, and where: "address", "subject" or "quotation"; "" for none.

    Whether there is such an errand is not known yet.
    """
    return next(_named(recipients, subject[:_SUBJECT], body, mark), ("", ""))


def _named(recipients: tuple[str, ...], subject: str, body: str, mark: str) -> Iterator[tuple[str, str]]:
    yield from ((errand, "address") for one in recipients if (errand := errand_of(one)))
    before, place, after = mark.partition(PLACE)
    own = re.compile(rf"{re.escape(before)}([0-9]{{1,18}})(?:-[0-9]{{1,6}})?{re.escape(after)}") if place else _USUAL
    yield from ((found[1], "subject") for pattern in (own, _USUAL) if (found := pattern.search(subject)))
    block = body.find(_BLOCK)
    if block >= 0 and (found := _IN_BLOCK.search(body, block, block + _BLOCK_LENGTH)):
        yield found[1], "quotation"


def told(errand: Errand, thread: Thread, mark: str) -> Errand:
    """Say in an errand which one its mail belongs to: in `extradata`, and by `mark`, "" for none, in the subject.

    What a rule has put into `extradata` goes first; where it is no object, it is left as it is.
    """
    extradata = errand.extradata
    if extradata is None or isinstance(extradata, dict):
        ours = {"in_reply_to_errand": thread.errand, "errand_history": list(thread.history)}
        extradata = ours | (extradata or {})
    written = mark.replace(PLACE, thread.errand)
    subject = f"{errand.subject} {written}".strip() if written and written not in errand.subject else errand.subject
    return replace(errand, extradata=extradata, subject=subject)
