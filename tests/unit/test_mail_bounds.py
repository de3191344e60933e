"""Bounds: what goes beyond one is a mail all the same, with what could be read, why, and the whole of it as a file."""

import zlib

import pytest

from gateway.mail.manner import Bounds, Manner
from gateway.mail.parse import parse
from tests.mails import multipart, part, read
from tests.unit.test_mail_enclosed import uuencoded
from tests.unit.test_mail_smime import COMPRESSED, INNER, message, sealed
from tests.unit.test_mail_tnef import WINMAIL, attached

NESTED = multipart("mixed", multipart("mixed", part("text/plain", "deep"), boundary="=_2"))
BEYOND = {
    "depth": (NESTED, Bounds(depth=1), "parts are nested too deeply"),
    "parts": (multipart("mixed", *[part("text/plain", "x")] * 3), Bounds(parts=2), "there are too many parts"),
    "files in the text": (
        "\n" + uuencoded(b"one").decode() + uuencoded(b"two").decode(),
        Bounds(parts=1),
        "there are too many files in the text",
    ),
    "header": (f"X: {'y' * 200}\n\nx", Bounds(header=100), "a header was too long and was cut"),
    "fields": ("X: y\n" * 20 + "\nx", Bounds(fields=10), "a header was too long and was cut"),
    "addresses": (
        f"From: {','.join(['c@d'] * 20)}\n\nx",
        Bounds(addresses=10),
        "a field that names the writer has too many addresses",
    ),
}


@pytest.mark.parametrize("bound", BEYOND)
def test_beyond_a_bound_the_mail_arrives_whole_with_what_could_be_read(bound: str) -> None:
    content, bounds, note = BEYOND[bound]
    raw = f"Subject: hej\nFrom: a@b\n{content}".encode()
    mail = parse(raw, "<1@x>", Manner(bounds=bounds))
    assert (mail.subject, mail.sender.email) == ("hej", "a@b")
    assert (mail.attachments[-1].name, mail.attachments[-1].content) == ("mail.eml", raw)
    assert note in mail.notes


@pytest.mark.parametrize("bound", BEYOND)
def test_within_the_usual_bounds_these_are_mails_like_others(bound: str) -> None:
    raw = f"Subject: hej\nFrom: a@b\n{BEYOND[bound][0]}".encode()
    assert all(one.name != "mail.eml" for one in parse(raw, "<1@x>").attachments)


SEALED = sealed(COMPRESSED, zlib.compress(INNER))


@pytest.mark.parametrize(
    ("packed", "name", "content"),
    [(attached(WINMAIL), "winmail.dat", WINMAIL), (message(SEALED), "smime.p7m", SEALED)],
)
def test_what_would_be_too_large_once_it_is_unpacked_stays_packed(packed: str, name: str, content: bytes) -> None:
    raw = multipart("mixed", part("text/plain", "the text"), packed)
    assert read(raw).body != "the text" or len(read(raw).attachments) > 1
    mail = read(raw, manner=Manner(bounds=Bounds(opened=6)))
    assert (mail.body, [(one.name, one.content) for one in mail.attachments]) == ("the text", [(name, content)])
