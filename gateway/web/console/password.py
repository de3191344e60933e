"""Passwords of people: hashed with Argon2id (RFC 9106), and compared in the same time whoever is named."""

import unicodedata
from collections.abc import Mapping

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

LEAST, MOST = 10, 200


def hashed(password: str) -> str:
    """Return a password's hash with a salt of its own, as RFC 9106 4 has it where memory is little."""
    return PasswordHasher().hash(_prepared(password))


def weakness(password: str) -> str:
    """Say why a password is not to be used, "" where it may be."""
    if not LEAST <= len(password) <= MOST:
        return f"expected {LEAST} to {MOST} characters, found {len(password)}"
    if len(set(password)) < LEAST // 2:
        return "expected more than a few characters again and again"
    return ""


def is_right(hashes: Mapping[str, str], name: str, password: str) -> bool:
    """Return whether this is the password of `name`.

    For a name that nobody has, it is compared with somebody's all the same: the time does not tell who is known.
    """
    if not hashes:
        return False
    known = name in hashes
    compared = hashes[name] if known else next(iter(hashes.values()))
    try:
        PasswordHasher().verify(compared, _prepared(password[: MOST + 1]))
    except (Argon2Error, InvalidHashError):
        return False
    return known


def _prepared(password: str) -> str:
    """As RFC 8265 4.2.2 has it: the same letters, however a keyboard composes them."""
    return unicodedata.normalize("NFC", password)
