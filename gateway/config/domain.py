"""Domains as people write them, to the form in which they are compared and looked up."""

import idna


def read_domain(text: str) -> str:
    """Return a domain in lower case and ASCII (RFC 5890), without a dot at its end; ValueError where it is none."""
    try:
        return idna.encode(text.rstrip("."), uts46=True).decode().lower()
    except idna.IDNAError as error:
        raise ValueError(f'expected a domain such as "example.com", found {text!r:.100}') from error
