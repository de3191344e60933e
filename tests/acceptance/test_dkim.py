"""Signatures as somebody else sees them: OpenDKIM, on mails of every kind, and at the end of the real road."""

import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.config.dkim import Dkim
from gateway.mail.compose import compose
from gateway.model import Address, Attachment, Reply
from gateway.outgoing.dkim import Signer, sign, signers
from gateway.outgoing.dkim_key import read_key
from tests.acceptance.conftest import SUPPORT, Build
from tests.servers.clients import swaks
from tests.servers.dovecot import Dovecot
from tests.servers.gateway import PROGRAM
from tests.servers.opendkim import verdicts
from tests.servers.postfix import Postfix
from tests.servers.program import needs

PLAIN = Reply(
    message_id="<cention.1@example.com>",
    date=1_764_000_000.25,
    sender=Address("Support", SUPPORT),
    to=(Address("Åsa Öberg", "asa@example.net"), Address("", "bo@example.net")),
    subject="Your question",
    body="Hello.\n\nWith  two blanks, \nand one at the end of a line.\n\n\n",
    html_body="",
)
FILE = Attachment("räkning.pdf", "application/pdf", bytes(range(256)) * 700)
REPLIES = {
    "plain": PLAIN,
    "html": replace(PLAIN, html_body="<p>Hello  <b>there</b>.</p>\n"),
    "pictures": replace(
        PLAIN,
        html_body='<p><img src="cid:12"></p>',
        inline=(Attachment("a.png", "image/png", b"\x89PNG" + bytes(9999), "12"),),
        files=(FILE,),
    ),
    "long words": replace(PLAIN, subject="räksmörgås " * 60, references=tuple(f"<{n}@example.net>" for n in range(40))),
    "nothing but blanks": replace(PLAIN, body=" \n\n \t\n", subject=""),
}
SELECTORS = {"gw1": "rsa", "gw2": "ed25519"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """Two keys of one domain, made by the command, as tables of the settings."""
    folder = tmp_path_factory.mktemp("keys")
    needs(PROGRAM)
    for selector, kind in SELECTORS.items():
        argv = [PROGRAM, "dkim", "new", "example.com", "--selector", selector, "--type", kind, "--folder", str(folder)]
        subprocess.run(argv, check=True, capture_output=True, timeout=60)
    return [
        {"domain": "example.com", "selector": selector, "key": f"file:{folder / f'{selector}.example.com.pem'}"}
        for selector in SELECTORS
    ]


@pytest.fixture(scope="module")
def both(keys: list[dict[str, str]]) -> tuple[Signer, ...]:
    lines: list[str] = []
    found = signers([Dkim.model_validate(one) for one in keys], lines)
    assert lines == []
    return found


@pytest.fixture(scope="module")
def records(both: tuple[Signer, ...]) -> Mapping[str, str]:
    return {f"{one.selector}._domainkey.example.com": one.key.record for one in both}


@pytest.mark.parametrize("kind", REPLIES)
def test_both_signatures_of_every_kind_of_mail_are_valid(
    tmp_path: Path, both: tuple[Signer, ...], records: Mapping[str, str], kind: str
) -> None:
    reply = REPLIES[kind]
    signed = sign(compose(reply), SUPPORT, reply.date, both)
    assert verdicts(tmp_path, signed, records) == {"gw1": "pass", "gw2": "pass"}


# Each of these is what a signature is there for: the text, a signed header, and a header that was not there.
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"Hello.", b"Hallo."),
        (b"Subject: Your", b"Subject: My"),
        (b"From: Support", b"From: Evil <evil@example.org>\r\nFrom: Support"),
        (b"From: Support", b"Cc: many@example.org\r\nFrom: Support"),
    ],
)
def test_a_mail_that_was_changed_on_the_way_fails(
    tmp_path: Path, both: tuple[Signer, ...], records: Mapping[str, str], before: bytes, after: bytes
) -> None:
    signed = sign(compose(PLAIN), SUPPORT, PLAIN.date, both)
    assert signed.count(before) == 1
    found = verdicts(tmp_path, signed.replace(before, after), records)
    assert set(found) == {"gw1", "gw2"}
    assert "pass" not in found.values()


def test_an_answer_arrives_with_signatures_that_hold(
    tmp_path: Path,
    build: Build,
    dovecot: Dovecot,
    plain_smarthost: Postfix,
    keys: list[dict[str, Any]],
    records: Mapping[str, str],
) -> None:
    outgoing = {"smarthosts": [f"smtp://127.0.0.1:{plain_smarthost.port}"]}
    house = build({"outgoing": outgoing, "dkim": keys})
    writer = "signed@example.net"
    swaks(house.gateway.smtp_port, sender=writer, to=SUPPORT)
    [errand] = house.simulator.wait_for_errands()
    house.simulator.answer(errand["id"], "It is  an answer.\n", "<p>It is  an <b>answer</b>.</p>")
    dovecot.wait_for_mails(writer)
    [raw] = dovecot.raw_mails(writer)
    assert verdicts(tmp_path, raw, records) == {"gw1": "pass", "gw2": "pass"}


def test_a_made_key_is_for_its_owner_alone(keys: list[dict[str, str]]) -> None:
    for one in keys:
        path = Path(one["key"].removeprefix("file:"))
        assert path.stat().st_mode & 0o777 == 0o600
        assert read_key(path.read_text()).kind == SELECTORS[one["selector"]]
