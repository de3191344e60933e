"""Mails that nobody here wrote (../shared/corpora): who wrote each, a person or a program."""

from gateway.mail.automatic import automatic
from gateway.mail.header import header_start, read_header
from gateway.model import AutoKind
from tests.corpora import test_corpora as corpora

pytestmark = corpora.pytestmark

# Written down by reading the mails; all others are from people, or do not say otherwise.
PROGRAMS = {
    "mail__multipart-wo-boundary.raw": AutoKind.BOUNCE,
    "testdata__delayed_dsn.raw": AutoKind.BOUNCE,
    "testdata__dsn_with_multipart_alternative.raw": AutoKind.BOUNCE,
    "testdata__multi_recipient_dsn.raw": AutoKind.BOUNCE,
    "testdata__simple_dsn.raw": AutoKind.BOUNCE,
    "testdata__simple_dsn_with_html.raw": AutoKind.BOUNCE,
    "delivery-status.eml": AutoKind.BOUNCE,
    "large_text.eml": AutoKind.LIST,
}


def test_who_wrote_each_mail_is_what_it_says() -> None:
    found = {}
    for path in corpora.MAILS:
        raw = path.read_bytes()
        found[path.name] = automatic(read_header(raw, header_start(raw), len(raw))[0], None)
    assert {name: kind for name, kind in found.items() if kind is not AutoKind.PERSON} == PROGRAMS
