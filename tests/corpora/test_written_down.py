"""The foreign mails say what is written down of them: subject, sender, text, HTML, and files to the byte."""

import re
from hashlib import sha256
from html import unescape
from pathlib import Path

import pytest

from gateway.mail.parse import parse
from gateway.mail.scan import Part, scan
from gateway.mail.transfer import decode_transfer
from gateway.model import Mail
from tests.corpora.written_down import WRITTEN_DOWN

FOLDER = Path(__file__).parent.parent.parent.parent / "shared" / "corpora"
MAILS = sorted(path for path in FOLDER.glob("*/*") if path.suffix in {".raw", ".eml"})

pytestmark = [
    pytest.mark.corpora,
    pytest.mark.skipif(not MAILS, reason="the folder of foreign mails, ../shared/corpora, is not there"),
]


def read(name: str) -> Mail:
    return parse(next(path for path in MAILS if path.name == name).read_bytes(), "<fallback@gw>")


@pytest.mark.parametrize("name", WRITTEN_DOWN)
def test_a_mail_says_what_a_reader_finds_in_it(name: str) -> None:
    said, mail = WRITTEN_DOWN[name], read(name)
    named = f"{mail.sender.name} <{mail.sender.email}>" if mail.sender.name else mail.sender.email
    assert (mail.subject, named) == (said.subject, said.sender)
    assert said.text in mail.body
    assert said.html in mail.html_body
    assert bool(mail.html_body) == bool(said.html)


@pytest.mark.parametrize("name", WRITTEN_DOWN)
def test_its_files_are_what_a_reader_would_save(name: str) -> None:
    said, mail = WRITTEN_DOWN[name].files, read(name)
    assert [(one.name, one.content_type) for one in mail.attachments] == [one[:2] for one in said]
    for file, (*_, content) in zip(mail.attachments, said, strict=True):
        digest = sha256(file.content).hexdigest()[:12]
        assert content == (len(file.content) if isinstance(content, int) else digest)


def test_every_mail_of_the_folder_is_written_down() -> None:
    assert {path.name for path in MAILS} == set(WRITTEN_DOWN)


def leaves(part: Part) -> list[Part]:
    return [leaf for child in part.parts for leaf in leaves(child)] if part.parts else [part]


UNSEEN = re.compile(r"<!--.*?-->|<(style|script|title|head)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)


# Nothing of a mail disappears: a leaf is a file to the byte, or each of its words is in what is shown.
@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.name)
def test_every_leaf_is_in_the_text_or_among_the_files(path: Path) -> None:
    raw = path.read_bytes()
    mail = parse(raw, "<1@x>")
    for leaf in leaves(scan(raw).root):
        content, _ = decode_transfer(
            raw[leaf.body : leaf.end], leaf.header.raw("content-transfer-encoding").decode("latin-1")
        )
        if any(one.content == content for one in mail.attachments) or not content.strip():
            continue
        assert leaf.content_type.value.partition("/")[0] in {"text", "multipart", ""}
        text = content.decode("ascii", "replace")
        text = unescape(UNSEEN.sub(" ", text)) if leaf.content_type.value == "text/html" else text
        shown = mail.body + mail.html_body
        assert shown.strip()
        assert not [word for word in re.findall(r"[A-Za-z]{3,}", text) if word not in shown]
