"""What a file is by its content, for one whose sender only says that it is some bytes."""

_ANY = frozenset(
    {"", "application/octet-stream", "application/octetstream", "application/x-octet-stream", "binary/octet-stream"}
)
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"
# Formats that others are packed in: which one it is says the name, as far as the content does not contradict.
_PACKED = {
    "docx": (_ZIP, f"{_OFFICE}.wordprocessingml.document"),
    "xlsx": (_ZIP, f"{_OFFICE}.spreadsheetml.sheet"),
    "pptx": (_ZIP, f"{_OFFICE}.presentationml.presentation"),
    "odt": (_ZIP, f"{_OPEN}.text"),
    "ods": (_ZIP, f"{_OPEN}.spreadsheet"),
    "odp": (_ZIP, f"{_OPEN}.presentation"),
    "doc": (_OLE, "application/msword"),
    "xls": (_OLE, "application/vnd.ms-excel"),
    "ppt": (_OLE, "application/vnd.ms-powerpoint"),
    "msg": (_OLE, "application/vnd.ms-outlook"),
}
# A program stays some bytes: nothing is gained by a name under which one might be run.
_PROGRAMS = frozenset({"application/x-msdownload", "application/x-executable"})
_HEAD = 8_192
_LEAST = 32  # what is shorter is no file of any kind that is known


def is_any(media_type: str) -> bool:
    """Say if a type tells nothing of what it is the type of."""
    return media_type in _ANY


def detect(content: bytes, name: str) -> str:
    """Return a content's type by its first bytes, "" if they are not known; `name` tells apart what is packed alike."""
    if len(content) < _LEAST:
        return ""
    signature, media_type = _PACKED.get(name.rpartition(".")[2].lower(), (b"", ""))
    if media_type and content.startswith(signature):
        return media_type
    import filetype  # only for files whose sender does not say what they are

    found = filetype.guess_mime(bytes(memoryview(content)[:_HEAD]))
    return "" if found is None or found in _PROGRAMS else str(found)
