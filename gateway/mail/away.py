"""How the subject of an automatic reply begins, in the languages of the programs that write them."""

import re

# Before a colon: Exchange and Outlook in their own languages, Gmail, Notes, Zimbra, and what vacation programs use.
_PREFIXES = (
    *("automatic reply", "auto reply", "auto-reply", "autoreply", "auto response", "autoresponse"),
    *("out of office", "out of the office", "out of office autoreply", "out of office reply", "away from my mail"),
    *("automatiskt svar", "autosvar", "frånvaro", "frånvarande", "ej på kontoret"),  # Swedish
    *("automatisk svar", "automatisk svar fra", "fraværende", "ikke til stede", "fraværsmelding"),  # Danish, Norwegian
    *("automaattinen vastaus", "poissaoloviesti"),  # Finnish
    *("automatische antwort", "automatische rückantwort", "abwesenheitsnotiz", "abwesenheit", "nicht im büro"),
    *("automatisch antwoord", "afwezig", "afwezigheidsbericht"),
    *("réponse automatique", "absence du bureau", "message d'absence", "absent du bureau"),
    *("respuesta automática", "fuera de la oficina", "ausente"),
    *("resposta automática", "fora do escritório", "ausência temporária"),
    *("risposta automatica", "fuori sede", "fuori ufficio"),
    *("odpowiedź automatyczna", "poza biurem", "nieobecność"),  # Polish
    *("automatická odpověď", "automatická odpoveď", "mimo kancelář"),  # Czech, Slovak
    *("automatikus válasz", "házon kívül"),  # Hungarian
    *("răspuns automat", "automatski odgovor", "samodejni odgovor", "automaatne vastus"),
    *("automātiska atbilde", "automatinis atsakymas", "otomatik yan\u0131t"),  # Latvian, Lithuanian, Turkish
    *("αυτόματη απάντηση", "автоответ", "автоматический ответ", "автоматична відповідь", "автоматичен отговор"),
    *("自動応答", "自動返信", "自动答复", "自動回覆", "자동 회신", "תשובה אוטומטית", "رد تلقائي", "trả lời tự động"),
)
_COLON = re.compile("[:\uff1a]")
# Turkish has an i without a dot, and an I with one, which becomes two characters.
_TURKISH = {ord("\u0131"): "i", ord("\u0307"): None}


def _folded(words: str) -> str:
    return words.casefold().translate(_TURKISH)


_FOLDED = frozenset(map(_folded, _PREFIXES))


def automatic_prefix(subject: str) -> str:
    """Return the words by which a subject says that its mail is an automatic reply, "" where it does not.

    They stand at its very beginning and before a colon: who answers such a mail writes `Re:` before them.
    """
    words, *rest = _COLON.split(subject.replace("\u00a0", " "), maxsplit=1)
    words = words.strip()
    return words if rest and _folded(words) in _FOLDED else ""
