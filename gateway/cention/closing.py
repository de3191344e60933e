"""The answer that closes an errand, and the WhatsApp template that needs one (contract.md, `answer`, `watemplate`)."""

from typing import Any

from gateway.cention.contract import ANSWER, TEMPLATE
from gateway.cention.validity import line, shown
from gateway.model import Closing, WhatsAppTemplate

_TEXTS = ("subject", "body", "html_body")
_USER = ("user_type", "user_id")


def answer(closing: Closing) -> dict[str, Any]:
    """Return the `answer` that makes an errand a closed one, without its attachments; Invalid names a wrong field."""
    found = ANSWER.written(closing)
    if "user_id" in found and not closing.user_type:
        raise ANSWER.wrong("user_id", "names a user, so user_type must say of which kind")
    return found


def sender(closing: Closing | None) -> dict[str, Any]:
    """Return the `answer` beside a template: it names the user who sends it, and has no empty texts."""
    found = answer(closing or Closing())
    for name in _USER:
        if name not in found:
            raise ANSWER.wrong(name, "is mandatory beside watemplate: it says who sends the template")
    return {name: value for name, value in found.items() if value or name not in _TEXTS}


def template(found: WhatsAppTemplate) -> dict[str, Any]:
    """Return the `watemplate` of a template message; Invalid names a wrong field."""
    params = [_texts(f"params[{place}]", one) for place, one in enumerate(found.params)]
    return TEMPLATE.written(found) | {"params": params}


def _texts(place: str, pairs: tuple[tuple[str, str], ...]) -> dict[str, str]:
    try:
        return {line(name): line(value) for name, value in pairs}
    except ValueError as error:
        raise TEMPLATE.wrong(place, f"expected {error} as name and value, found {shown(pairs)}") from error
