"""What a body says of a part that nobody can read: where it is, or why it cannot be read."""

from gateway.mail.field import clean
from gateway.mail.parameter import Parameters

ENCRYPTED_PGP = "This mail is encrypted with PGP. It is attached as it came."
ENCRYPTED_SMIME = "This mail is encrypted with S/MIME. It is attached as it came."
_LONGEST = 500


def partial(content_type: Parameters) -> str:
    """Say which piece of a mail a message/partial is (RFC 2046 5.2.2)."""
    number, total = _said(content_type, "number") or "?", _said(content_type, "total")
    of_all = f" of {total}" if total else ""
    return f"This is piece {number}{of_all} of a mail that was sent in pieces. It is attached as it came."


def external(content_type: Parameters) -> str:
    """Say where the content of a message/external-body is (RFC 2046 5.2.3, RFC 2017)."""
    kind = _said(content_type, "access-type").upper()
    if kind == "URL":
        place = "".join(_said(content_type, "url").split())
    else:
        said = (_said(content_type, key) for key in ("site", "server", "directory", "name", "subject"))
        place = " ".join([kind, *filter(None, said)])
    return f"Part of this mail lies elsewhere: {place.strip() or 'its place is not said'}"


def _said(content_type: Parameters, name: str) -> str:
    return clean(content_type.text((name,)), _LONGEST)
