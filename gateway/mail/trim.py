"""The text of a reply without what it quotes at its end: line by line, in linear time, rather too little than wrong.

An answer between or below quoted lines would make no sense without them: such a mail stays whole, and so does one that
was sent on, whose appended mail is what it says.
"""

import re

_LINES = 20_000
_LINE = 400
_WRAPPED = 3
_HEADER_LINES = 6

# "Ann wrote:", with the day before or after, as mail programs say it.
_WROTE = (
    "wrote|writes|skrev|schrieb|a écrit|escribió|ha scritto|schreef|escreveu|napisał(?:\\(a\\))?|napisała|kirjoitti"
    "|napsal(?:\\(a\\))?|írta|a scris|yazd\u0131|написал(?:\\(\u0430\\))?|пишет|написав|kirjutas|rakstīja|rašė"
)
_ATTRIBUTION = re.compile(rf"(?=.*(?:\d|@)).*\b(?:{_WROTE})\b.{{0,60}}[:\uff1a]\s*", re.IGNORECASE | re.DOTALL)
# The languages that say no such word write day and address before a colon.
_DAY_AND_ADDRESS = re.compile(r".*\d{2,4}.*[\w.+-]@[\w.-]+>?\)?\s?[^\s\w]?[:\uff1a]\s*", re.DOTALL)
_RULED = re.compile(
    r"[\s>]*[-_=]{2,}\s*(?:original (?:message|appointment)|cention contact center - original message"
    r"|ursprungligt meddelande|originalmeddelande|ursprüngliche nachricht|originalnachricht"
    r"|oprindelig meddelelse|opprinnelig melding|alkuperäinen viesti|message d'origine"
    r"|mensaje original|messaggio originale|oorspronkelijk bericht|mensagem original"
    r"|wiadomość oryginalna|původní zpráva|исходное сообщение)\s*[-_=]{2,}\s*",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"[\s>]*[-_=]{2,}\s*(?:forwarded message|vidarebefordrat meddelande|weitergeleitete nachricht|message transféré"
    r"|videresendt (?:besked|melding)|mensaje reenviado|messaggio inoltrato|doorgestuurd bericht)\b.{0,40}",
    re.IGNORECASE,
)
_SENT_ON = re.compile(r"\s*(?:fwd?|vb|wg|tr|rv|enc|vl|pd|doorst|i|转发|轉寄)\s?[:\uff1a]", re.IGNORECASE)
# How the line begins that says who wrote what is quoted: the rest of it may be on the next.
_OPENING = re.compile(
    r"\s*(?:(?:on|den|am|le|el|il|op|em|w dniu|dnia|dne|pe|ma|ti|ke|to|la|su|på|de)\b|\d|[«\"'*])", re.IGNORECASE
)
_FROM = re.compile(
    r"\s*\*{0,2}(?:from|från|von|de|da|van|fra|od|lähettäjä|от|发件人|差出人)\s?:\*{0,2}\s*\S", re.IGNORECASE
)
_OTHER = re.compile(
    r"\s*\*{0,2}(?:sent|date|to|cc|subject|skickat|datum|till|kopia|ämne|gesendet|an|betreff|envoyé|à|objet|enviado|para"
    r"|asunto|assunto|inviato|a|oggetto|verzonden|aan|onderwerp|sendt|dato|til|emne|wysłano|data|do|temat|lähetetty"
    r"|vastaanottaja|aihe|отправлено|кому|тема|дата|发送时间|收件人|主题|送信日時|宛先|件名)\s?:\*{0,2}(?:\s|$)",
    re.IGNORECASE,
)
_RULE = re.compile(r"\s*[_-]{5,}\s*")


def trimmed(text: str, subject: str = "") -> str:
    """Return the text without the quotation that it ends with; as it is where there is none, or nothing else.

    `subject` tells a mail that was sent on.
    """
    lines = text.split("\n")
    if len(lines) > _LINES or _SENT_ON.match(subject):
        return text
    quoted = _unquoted(lines) if _ends_quoted(lines) else len(lines)
    end = min(_cited(lines), quoted)
    kept = "\n".join(lines[:end]).rstrip()
    return f"{kept}\n" if kept and end < len(lines) else text


def _cited(lines: list[str]) -> int:
    """Return where the first mail begins that is appended without marks at its lines, the number of lines for none."""
    for number, line in enumerate(lines):
        if _RULED.fullmatch(line[:_LINE]):
            return number
        if _FORWARDED.fullmatch(line[:_LINE]):
            break
        if _FROM.match(line[:_LINE]) and _is_header(lines[number + 1 : number + _HEADER_LINES]):
            return number - 1 if number and _RULE.fullmatch(lines[number - 1][:_LINE]) else number
    return len(lines)


def _is_header(lines: list[str]) -> bool:
    """Whether these lines are the rest of a mail's header, as a reader shows it: three fields at least with From."""
    return sum(bool(_OTHER.match(line[:_LINE])) for line in lines) > 1


def _ends_quoted(lines: list[str]) -> bool:
    """Whether every quoted line is at the end, so that nothing is said between or below."""
    first = next((number for number, line in enumerate(lines) if _quoted(line)), len(lines))
    return first < len(lines) and all(_quoted(line) or not line.strip() for line in lines[first:])


def _unquoted(lines: list[str]) -> int:
    """Return where the words end that stand before the quoted lines, and before what says whose these are."""
    end = next(number for number, line in enumerate(lines) if _quoted(line))
    while end and not lines[end - 1].strip():
        end -= 1
    said = [number for number in range(end - 1, max(-1, end - 1 - _WRAPPED), -1) if _attributes(lines[number:end])]
    opened = [number for number in said if _OPENING.match(lines[number][:_LINE])]
    return (opened or said or [end])[0]


def _attributes(lines: list[str]) -> bool:
    said = " ".join(line[:_LINE] for line in lines)
    return all(line.strip() for line in lines) and bool(
        _ATTRIBUTION.fullmatch(said) or _DAY_AND_ADDRESS.fullmatch(said)
    )


def _quoted(line: str) -> bool:
    return line.lstrip()[:1] == ">"
