"""Why a mail did not arrive, in words for people: from the status that servers give (RFC 3463), else from the code."""

import re

_ENHANCED = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")
_CODE = re.compile(r"[45]\d\d(?=\s|$)")

# Subject and detail of a status (RFC 3463 3), the finer first.
_WORDS = {
    "1.1": "There is no such address; perhaps it is misspelled.",
    "1.2": "There is no such domain; perhaps the part after the @ is misspelled.",
    "1.3": "The address is not written as an address is.",
    "1.6": "The mailbox has moved and left no new address.",
    "1.10": "The domain takes no mail.",
    "2.1": "The mailbox is closed.",
    "2.2": "The mailbox is full.",
    "2.3": "The mail is too large for the mailbox.",
    "3.4": "The mail is too large for the server.",
    "4.7": "The server could not be reached for too long.",
    "1": "Something is wrong with the address.",
    "2": "The mailbox does not take the mail.",
    "3": "The recipient's mail system has trouble.",
    "4": "The recipient's server could not be reached.",
    "5": "The servers did not understand one another.",
    "6": "The server cannot read the mail as it is written.",
    "7": "The server does not want the mail, by its policy or as it takes it for spam.",
}
_AGAIN = "The server asks to try again later."
_REFUSED = "The server refused the mail."
_UNKNOWN = "The mail could not be handed over."


def status_in(reply: str) -> str:
    """Return the enhanced status that a reply or diagnostic has in it, "" for none."""
    found = _ENHANCED.search(reply)
    return found[0] if found else ""


def in_words(status: str, reply: str) -> str:
    """Say why, in a sentence. `status` is an enhanced one or "", `reply` what a server said, or what we did."""
    _, _, rest = (status or status_in(reply)).partition(".")
    found = _WORDS.get(rest) or _WORDS.get(rest.partition(".")[0])
    if found:
        return found
    code = _CODE.match(reply)
    if code is None:
        return _UNKNOWN
    return _AGAIN if code[0].startswith("4") else _REFUSED
