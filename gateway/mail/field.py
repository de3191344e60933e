"""Header fields on their way out: from text to folded bytes (RFC 5322 2.2.3, RFC 2047, RFC 2231).

A field is a name and its tokens: pieces that stay whole, between which a line may be folded. The standard library's own
folding is not used because it turns every Message-ID of more than 77 characters in References into encoded words, which
breaks the thread, and because before Python 3.11.15 it can be made to write a second header (CVE-2026-1299).
"""

import re
import unicodedata
from binascii import b2a_base64
from collections.abc import Iterable, Sequence
from urllib.parse import quote

import idna

from gateway.model import Address

_LINE = 76
_WORD = 64  # an encoded word, short enough to stand in one line with any field name of ours
_FALLBACK = 60
_NAME = re.compile(r"[!-9;-~]{1,70}")
_UNFIT = re.compile(r"[\x00-\x1f\x7f]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_PLAIN_WORDS = re.compile(r"[!-~]{1,70}(?: [!-~]{1,70})*")
_ATOM = r"[^\x00-\x20\x7f()<>\[\]:;@\\,.\"]+"
_PLAIN_PHRASE = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]{1,60}(?: [\w!#$%&'*+/=?^`{|}~-]{1,60})*", re.ASCII)
_PLAIN_QUOTED = re.compile(r"[ -~]{0,60}")
_DOT_ATOM = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_QUOTED_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_DOMAIN = re.compile(r"(?:[\w-]{1,63})(?:\.[\w-]{1,63})*|\[[\w.:-]+\]", re.ASCII)
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>")
_Q_LITERAL = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")


def fold(name: str, tokens: Iterable[str]) -> bytes:
    """Write one field, with its CRLF: lines of 76 characters where the tokens allow it.

    Raises ValueError for a name that is none, and for a control character in a token, whoever forgot to clean it.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no header's name")
    lines = [f"{name}:"]
    for number, token in enumerate(tokens):
        if _UNFIT.search(token):
            raise ValueError(f"a control character in {name}")
        if number and len(lines[-1]) + 1 + len(token) > _LINE:
            lines.append("")
        lines[-1] += f" {token}"
    return "".join(f"{line}\r\n" for line in lines).encode()


def clean(text: str, limit: int) -> str:
    """Make `text` fit for a field: each run of controls a space, no lone surrogates, at most `limit` characters."""
    if not (text.isascii() and text.isprintable()):
        text = _CONTROLS.sub(" ", text.encode("utf-8", "replace").decode())
    text = text.strip(" ")
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def words(text: str) -> Sequence[str]:
    """Tokens of free text (a Subject): its words if they pass as they are, else encoded words (RFC 2047)."""
    if "=?" not in text and _PLAIN_WORDS.fullmatch(text):
        return text.split(" ")
    return _encoded_words(text)


def mailbox(address: Address) -> list[str]:
    """Tokens of a mailbox with its display name. Raises ValueError as `bare_address` does."""
    bare, name = bare_address(address.email), clean(address.name, 200)
    return [*_phrase(name), f"<{bare}>"] if name else [bare]


def mailboxes(addresses: Iterable[Address]) -> list[str]:
    """Tokens of a list of mailboxes, in the order given."""
    lists = [mailbox(address) for address in addresses]
    for tokens in lists[:-1]:
        tokens[-1] += ","
    return [token for tokens in lists for token in tokens]


def bare_address(email: str) -> str:
    """Return `local@domain` as header and envelope write it: the local part quoted if it must be, the domain in ASCII.

    A local part outside ASCII stays; it asks for SMTPUTF8 (RFC 6531). Raises ValueError if there is no such address.
    """
    local, _, domain = email.rpartition("@")
    if not local or _CONTROLS.search(email) or not email.isprintable():
        raise ValueError(f"{email!r} is not a mail address")
    if not _DOT_ATOM.fullmatch(local) and not _QUOTED_STRING.fullmatch(local):
        local = _quoted(local)
    return f"{local}@{_ascii_domain(domain)}"


def message_id(text: str) -> str | None:
    """Return `text` if it is a Message-ID that a header can carry, with its angle brackets; else None."""
    return text if _MESSAGE_ID.fullmatch(text) else None


def parameters(value: str, **given: str) -> list[str]:
    """Tokens of a value with parameters, as in Content-Type; what is long or outside ASCII by RFC 2231."""
    tokens = [value, *(token for name, text in given.items() for token in _parameter(name, text))]
    return [*(f"{token};" for token in tokens[:-1]), tokens[-1]]


def ascii_fallback(text: str) -> str:
    """Return `text` in at most 60 ASCII characters, for readers without RFC 2231: accents dropped, the rest `_`.

    The end of a long one is kept, since the extension is there.
    """
    plain = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    plain = "".join(char if " " <= char <= "~" and char not in '"\\=' else "_" for char in plain)
    return plain if len(plain) <= _FALLBACK else f"{plain[: _FALLBACK - 20]}_{plain[-19:]}"


def _phrase(name: str) -> Sequence[str]:
    if "=?" in name:
        return _encoded_words(name)
    if _PLAIN_PHRASE.fullmatch(name):
        return name.split(" ")
    return [_quoted(name)] if _PLAIN_QUOTED.fullmatch(name) else _encoded_words(name)


def _quoted(text: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def _ascii_domain(domain: str) -> str:
    try:
        ascii_domain = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except idna.IDNAError as error:
        raise ValueError(f"{domain!r} is not a mail domain: {error}") from None
    if not _DOMAIN.fullmatch(ascii_domain):
        raise ValueError(f"{domain!r} is not a mail domain")
    return ascii_domain


def _encoded_words(text: str) -> Sequence[str]:
    kind, encode = ("q", _q) if len(_q(text)) <= len(_b(text)) else ("b", _b)
    room = _WORD - len("=?utf-8?q??=")
    chunks = [""]
    for char in text:
        if len(encode(chunks[-1] + char)) > room:
            chunks.append("")
        chunks[-1] += char
    return [f"=?utf-8?{kind}?{encode(chunk)}?=" for chunk in chunks if chunk]


def _q(text: str) -> str:
    return "".join(chr(byte) if byte in _Q_LITERAL else f"={byte:02X}" for byte in text.encode()).replace("=20", "_")


def _b(text: str) -> str:
    return b2a_base64(text.encode(), newline=False).decode()


def _parameter(name: str, text: str) -> list[str]:
    if _PLAIN_QUOTED.fullmatch(text) and "=?" not in text:
        return [f"{name}={_quoted(text)}"]
    chunks = ["utf-8''"]
    for char in text:
        escaped = quote(char, safe="")
        if len(chunks[-1]) + len(escaped) > _WORD - len(name):
            chunks.append("")
        chunks[-1] += escaped
    if len(chunks) == 1:
        return [f"{name}*={chunks[0]}"]
    return [f"{name}*{number}*={chunk}" for number, chunk in enumerate(chunks)]
