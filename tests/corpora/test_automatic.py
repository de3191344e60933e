"""Mails that nobody here wrote (../shared/corpora): who wrote each, a person or a program."""

from gateway.mail.automatic import automatic
from gateway.mail.header import header_start, read_header
from gateway.model import AutoKind
from tests.corpora import test_corpora as corpora
from tests.corpora.written_down import KINDS

pytestmark = corpora.pytestmark


def test_who_wrote_each_mail_is_what_it_says() -> None:
    found = {}
    for path in corpora.MAILS:
        raw = path.read_bytes()
        found[path.name] = automatic(read_header(raw, header_start(raw), len(raw))[0], None)
    assert {name: kind for name, kind in found.items() if kind is not AutoKind.PERSON} == KINDS
