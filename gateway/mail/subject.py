"""What stands before a subject to say that it answers one (RFC 5322 3.6.5), once, whatever language says it."""

import re

# As mail programs write it in the languages of Europe and beyond; "R" and "Re" also with a number: `Re[2]:`, `Re (2):`.
_ANSWERS = re.compile(
    r"\s*(?:re|aw|antw|antwoord|sv|vs|odp|ynt|rif|ref|res|bls|atb|vá|απ|отв|на|r|回复|回覆|答复|答覆|返信|답장)"
    r"\s?(?:\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3})?\s?[:\uff1a]",
    re.IGNORECASE,
)


def answering(subject: str, prefix: str) -> str:
    """Return the subject with `prefix` before it, unless it is empty or the subject says already that it answers."""
    prefix = prefix.strip()
    return subject if not prefix or _ANSWERS.match(subject) else f"{prefix} {subject}".strip()
