"""Names of attachments: what the sender calls a file, made fit to be a file's name anywhere, and never empty."""

import re
from mimetypes import MimeTypes

_LONGEST = 150
_LONGEST_BYTES = 240  # in UTF-8: file systems take 255, and a number may be put to it
_ENDING = 20
# Controls, and the marks that turn the direction of text round, by which `exe.png` is made to look like `gnp.exe`.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_RESERVED = re.compile(r'[<>:"|?*]')
_GAP = re.compile(r"\s{4,}")  # by which an ending is pushed out of sight
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[1-9]|lpt[1-9])\s*(?:\.|\Z)", re.IGNORECASE)
_WELL_KNOWN = {
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "image/jpeg": ".jpg",
    "audio/mpeg": ".mp3",
    "application/pgp-signature": ".asc",
    "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-signature": ".p7s",
    "application/pkcs7-mime": ".p7m",
    "application/x-pkcs7-mime": ".p7m",
    "application/ms-tnef": ".dat",
    "application/octet-stream": ".bin",
    "message/rfc822": ".eml",
    "message/global": ".eml",
    "message/delivery-status": ".txt",
    "message/disposition-notification": ".txt",
    "message/global-delivery-status": ".txt",
    "message/global-disposition-notification": ".txt",
    "message/feedback-report": ".txt",
    "message/external-body": ".txt",
    "message/partial": ".eml",
    "text/rfc822-headers": ".txt",
    "message/global-headers": ".txt",
    "text/x-amp-html": ".html",
    "text/watch-html": ".html",
    "text/markdown": ".md",
    "application/pgp-encrypted": ".asc",
    "application/pgp-keys": ".asc",
    "image/webp": ".webp",
    "image/heic": ".heic",
    "image/avif": ".avif",
}
# What everybody calls a file of these types that its sender gave no name.
_STEMS = {
    "text/calendar": "invite",
    "message/delivery-status": "delivery-status",
    "message/global-delivery-status": "delivery-status",
    "message/disposition-notification": "receipt",
    "message/global-disposition-notification": "receipt",
    "message/feedback-report": "complaint",
    "text/rfc822-headers": "header",
    "message/global-headers": "header",
    "application/pkcs7-signature": "smime",
    "application/x-pkcs7-signature": "smime",
    "application/pkcs7-mime": "smime",
    "application/x-pkcs7-mime": "smime",
    "application/pgp-signature": "signature",
    "application/ms-tnef": "winmail",
}
# Without the system's own lists: the same mail has the same names on every machine.
_TYPES = MimeTypes(filenames=())


def clean_name(name: str) -> str:
    """Return a file's name without path, controls, bidi marks and reserved characters; "" if nothing is left.

    A long one is cut in the middle, since its end says what it is; one that Windows takes for a device gets a `_`.
    """
    if not name:
        return ""
    name = _UNSEEN.sub("", name).replace("\\", "/").rstrip("/").rpartition("/")[2]
    name = _GAP.sub(" ", _RESERVED.sub("_", name)).strip().rstrip(" .")
    return _shortened(f"_{name}" if _DEVICE.match(name) else name)


def _shortened(name: str) -> str:
    if len(name) <= _LONGEST and len(name.encode()) <= _LONGEST_BYTES:
        return name
    ending = f"…{name[-_ENDING:]}"
    room = _LONGEST_BYTES - len(ending.encode())
    beginning = name[: min(_LONGEST, len(name)) - len(ending)].encode()[:room].decode("utf-8", "ignore")
    return beginning + ending


def made_name(subject: str, number: int, content_type: str) -> str:
    """Return a name for what has none: by its subject if it is a mail, else as its type is called, else by number."""
    stem = clean_name(subject.replace("/", "-")) or _STEMS.get(content_type) or f"attachment-{number}"
    return stem + extension(content_type)


def extension(content_type: str) -> str:
    """Return the usual ending for a type, with its dot; "" if there is none."""
    return _WELL_KNOWN.get(content_type) or _TYPES.guess_extension(content_type) or ""


def type_of(name: str) -> str:
    """Return the type that a name's ending stands for; `application/octet-stream` if it says nothing."""
    return _TYPES.guess_type(name, strict=False)[0] or "application/octet-stream"
