"""The structure that the scanner finds in foreign mails, beside what the standard library finds: the same, or better.

Where they differ is in README.md, with which reading is better and why.
"""

import email
import re
from email.message import Message
from email.policy import default
from pathlib import Path

import pytest

from gateway.mail.parse import parse
from gateway.mail.scan import Part, scan

FOLDER = Path(__file__).parent.parent.parent.parent / "shared" / "corpora"
MAILS = sorted(path for path in FOLDER.glob("*/*") if path.suffix in {".raw", ".eml"})
README = Path(__file__).with_name("README.md").read_text()

pytestmark = [
    pytest.mark.corpora,
    pytest.mark.skipif(not MAILS, reason="the folder of foreign mails, ../shared/corpora, is not there"),
]

# A media type as RFC 2045 allows it; the library does not tell of others as defects.
TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
Tree = tuple[str, bytes | list["Tree"]]


def ours(raw: bytes, part: Part) -> Tree:
    media_type = part.content_type.value or "text/plain"
    if part.parts:
        return media_type, [ours(raw, child) for child in part.parts]
    return media_type, content(media_type, raw[part.body : part.end])


def theirs(message: Message) -> Tree:
    media_type, payload = message.get_content_type(), vars(message)["_payload"]
    if message.get_content_maintype() == "multipart" and isinstance(payload, list):
        return media_type, [theirs(part) for part in payload]
    return media_type, content(media_type, str(payload).encode("utf-8", "surrogateescape"))


def content(media_type: str, raw: bytes) -> bytes:
    """The lines of a part, whatever ends them; nothing of attached mails, which the library reads further."""
    return b"" if media_type.startswith("message/") else b"\n".join(raw.splitlines())


def is_the_same(raw: bytes) -> bool:
    return ours(raw, scan(raw).root) == theirs(email.message_from_bytes(raw))


def section(of: str) -> str:
    return README.partition(f"## The standard library: {of}\n")[2].partition("## ")[0]


def said_by_the_library(raw: bytes) -> tuple[str, str, bool] | None:
    """Name and address of the writer, the text's letters and digits, if there is HTML; None for an exception."""
    message = email.message_from_bytes(raw, policy=default)
    try:
        addresses = message["from"].addresses if message["from"] else ()
        writer = f"{addresses[0].display_name}{addresses[0].addr_spec}" if addresses else ""
        plain, page = message.get_body(("plain",)), message.get_body(("html",))
        text = plain.get_content() if plain else ""
        return letters(writer), letters(text), bool(page and page.get_content().strip())
    except (LookupError, ValueError):
        return None


def letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.name)
def test_what_a_mail_says_is_what_the_library_reads_or_the_difference_is_judged(path: Path) -> None:
    raw = path.read_bytes()
    mail = parse(raw, "<1@x>")
    said = letters(f"{mail.sender.name}{mail.sender.email}"), letters(mail.body), bool(mail.html_body)
    assert (said == said_by_the_library(raw)) == (path.name not in section("what they say"))


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.name)
def test_a_structure_is_the_librarys_or_the_difference_is_judged(path: Path) -> None:
    judged = section("structure")
    assert is_the_same(path.read_bytes()) == (f"\n| {path.name} |" not in judged)


# Nothing that is well formed may be read otherwise, whatever the reason.
@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.name)
def test_a_well_formed_mail_has_the_structure_that_the_library_finds(path: Path) -> None:
    raw = path.read_bytes()
    well_formed = not any(part.defects or not TYPE.fullmatch(part.get_content_type()) for part in walk(raw))
    assert is_the_same(raw) or not well_formed


def walk(raw: bytes) -> list[Message]:
    return list(email.message_from_bytes(raw).walk())
