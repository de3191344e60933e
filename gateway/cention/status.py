"""What an answer of Cention's means for the job: the one table from HTTP status to error (architecture.md, rule 6)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import orjson

from gateway.errors import GatewayError, Permanent, Reason, Refused, Temporary, TooLarge

_DAY = timedelta(days=1)
_LONGEST = 500
_TOKEN_REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
# The 4xx that say nothing about the document: a proxy's wants, slowness, a wrong connection, too much at once.
_TRY_AGAIN = frozenset({407, 408, 421, 425, 429})
# How every JWT begins: {" in base64. A server may repeat a part of it.
_JWT = re.compile(r"eyJ[A-Za-z0-9_.-]{5,}")
_NAMES_SIZE = re.compile(r"size|too\s+(?:large|big)|larger than", re.IGNORECASE)


def error_for(
    status: int, headers: Mapping[str, str], body: bytes, now: datetime, token: str = "", source: str = ""
) -> GatewayError:
    """Return the error that a status other than success stands for; a success that cannot be used is Temporary.

    `body` may be its beginning only. `now` (aware) is what a Retry-After date is counted from. `token` is the one that
    was sent, so that a server which repeats it does not bring it into a log; `source` is where it came from.
    """
    reason = _reason(body, token)
    said = f"Cention answered {status}{_phrase(status)}" + (f": {reason}" if reason else "")
    if status in _TOKEN_REFUSED:
        return Refused(f"{said} (the token {f'from {source} ' if source else ''}was refused)")
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or (
        status == HTTPStatus.BAD_REQUEST and _NAMES_SIZE.search(reason)
    ):
        return TooLarge(said)
    if 400 <= status < 500 and status not in _TRY_AGAIN:  # noqa: PLR2004 - RFC 9110 15.5, the client errors
        return Permanent(said, reason=Reason.DOCUMENT_REFUSED)
    if 300 <= status < 400:  # noqa: PLR2004 - RFC 9110 15.4, redirection
        said = f"Cention answered {status}{_phrase(status)}, {_elsewhere(headers, token)}"
    return Temporary(said, _delay(_header(headers, "retry-after"), now))


def _phrase(status: int) -> str:
    try:
        return f" {HTTPStatus(status).phrase}"
    except ValueError:
        return ""


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((value for key, value in headers.items() if key.lower() == name), "")


def _elsewhere(headers: Mapping[str, str], token: str) -> str:
    try:
        host = urlsplit(_header(headers, "location")).hostname
    except ValueError:
        host = None
    where = f"to the host {clean(host, token)}" if host else "to another address"
    return f"a redirect {where}; redirects are not followed, since the token is for one address only: is `url` right?"


def _delay(value: str, now: datetime) -> timedelta | None:
    """Read Retry-After (RFC 9110 10.2.3), seconds or a date, at most a day; None where it asks for nothing."""
    if re.fullmatch(r"\d+", value.strip(), re.ASCII):
        seconds = value.strip().lstrip("0")
        wait = timedelta(seconds=int(seconds or 0)) if len(seconds) <= len("86400") else _DAY
    else:
        try:
            then = parsedate_to_datetime(value)
        except ValueError:
            return None
        wait = (then if then.tzinfo else then.replace(tzinfo=UTC)) - now
    return min(wait, _DAY) if wait > timedelta() else None


def _reason(body: bytes, token: str) -> str:
    """Return the server's own words: the errors of a JSON:API document, or else how the text begins."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return clean(body[: 8 * _LONGEST].decode("utf-8", "replace"), token)
    errors = document.get("errors") if isinstance(document, dict) else None
    if not isinstance(errors, list):
        return clean(orjson.dumps(document).decode(), token)
    sentences = [_sentence(error) for error in errors if isinstance(error, dict)]
    return clean("; ".join(filter(None, sentences)), token)


def _sentence(error: dict[str, Any]) -> str:
    source = error.get("source")
    pointer = source.get("pointer") if isinstance(source, dict) else None
    words = [str(error[key]) for key in ("title", "detail") if isinstance(error.get(key), str | int)]
    return ": ".join(dict.fromkeys(filter(None, words))) + (
        f" (at {pointer})" if isinstance(pointer, str) and pointer else ""
    )


def clean(text: str, token: str) -> str:
    """Return foreign text as a short line without mark-up, control characters or the token."""
    hidden = _JWT.sub("***", text.replace(token, "***") if token else text)
    plain = re.sub(r"<[^<>]*>", " ", hidden)
    printable = "".join(character if character.isprintable() else " " for character in plain)
    line = " ".join(printable.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
