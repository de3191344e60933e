"""Foreign mails, damaged: cut, doubled, mixed with one another. Each is read, and needs no net below."""

import random
from pathlib import Path

import pytest

from gateway.mail import parse

FOLDER = Path(__file__).parent.parent.parent.parent / "shared" / "corpora"
MAILS = sorted(path for path in FOLDER.glob("*/*") if path.suffix in {".raw", ".eml"} and path.stat().st_size < 100_000)
SPICE = [
    b"\0",
    b"\r",
    b"\n\n",
    b"--",
    b"=?utf-8?q?",
    b"?=",
    b"charset=utf-7;",
    b"base64",
    b"<",
    b'"',
    b"(",
    b"*0*=",
    b"\xff\xfe",
]

pytestmark = [
    pytest.mark.corpora,
    pytest.mark.skipif(not MAILS, reason="the folder of foreign mails, ../shared/corpora, is not there"),
]


def damaged(raw: bytes, chance: random.Random) -> bytes:
    mail = bytearray(raw)
    for _ in range(chance.randint(1, 8)):
        at, length = chance.randint(0, len(mail)), chance.randint(1, 200)
        match chance.randrange(5):
            case 0:
                del mail[at : at + length]
            case 1:
                mail[at:at] = mail[at : at + length] * chance.randint(1, 3)
            case 2:
                mail[at:at] = chance.choice(SPICE) * chance.choice([1, 1, 50])
            case 3:
                other = chance.choice(MAILS).read_bytes()
                mail[at:at] = other[: chance.randint(0, 2000)]
            case _:
                del mail[at:]
    return bytes(mail)


# `parse` never raises because it catches; here what is beneath it must not raise either.
@pytest.mark.timeout(60)
@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.name)
def test_a_damaged_mail_is_read(path: Path) -> None:
    chance, raw = random.Random(path.name), path.read_bytes()
    for _ in range(20):
        mail = parse._read(damaged(raw, chance), "<1@x>").mail
        for line in (mail.message_id, mail.subject, mail.sender.name, *(one.name for one in mail.attachments)):
            assert not any(ord(char) < 32 for char in line)
        assert "\0" not in mail.body + mail.html_body
        assert all(one.name and "/" in one.content_type for one in mail.attachments)
