"""Mails that nobody here wrote, all of them through SMTP."""

import re
import smtplib
from pathlib import Path

import pytest

from tests.acceptance.conftest import SUPPORT, House


def on_the_wire(raw: bytes) -> bytes:
    """The mail with line ends as SMTP has them; everything else stays as strange as it is."""
    return re.sub(rb"\r?\n", b"\r\n", raw)


def taken_as(client: smtplib.SMTP, raw: bytes) -> str:
    """Send a mail; the id that its 250 names."""
    assert client.mail("writer@example.net")[0] == 250
    assert client.rcpt(SUPPORT)[0] == 250
    code, said = client.data(on_the_wire(raw))
    assert code == 250, said
    return said.decode().split()[-1]


@pytest.mark.corpora
def test_every_foreign_mail_becomes_an_errand_and_none_blocks_another(house: House, corpora: Path) -> None:
    mails = sorted(path for path in corpora.rglob("*") if path.suffix in {".raw", ".eml"})
    assert len(mails) > 80
    with house.gateway.smtp() as client:
        client.ehlo()
        taken = {taken_as(client, path.read_bytes()) for path in mails}
    house.gateway.wait_until_idle(seconds=100)
    assert len(house.simulator.errands()) == len(taken)
