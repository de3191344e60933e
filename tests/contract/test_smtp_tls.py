"""STARTTLS (RFC 3207)."""

from pathlib import Path

import pytest

from gateway.errors import SettingsError
from gateway.spool import query
from tests.contract.test_smtp import MAIL, stored
from tests.conversation import Talk, receiving

CERTIFICATE = str(Path(__file__).parent.parent / "unit" / "cention_localhost.pem")


def test_starttls_is_offered_and_the_mail_says_that_it_came_by_tls(tmp_path: Path) -> None:
    with receiving(tmp_path, tls_certificate=CERTIFICATE) as receiver, Talk(receiver.port) as talk:
        assert "250 STARTTLS" in talk.says("EHLO me").hears("250-")
        talk.says("STARTTLS").hears("220 ")
        talk.secures()
        talk.says("MAIL FROM:<a@b>").hears("503 5.5.1")
        assert "STARTTLS" not in talk.says("EHLO me").hears("250-")
        name = talk.begins().says(MAIL + b".\r\n").hears("250 ").split()[-1]
        trace = receiver.spool.read(lambda connection: query.trace(connection, name))
        assert trace is not None
        assert trace["mail"]["tls"].startswith("TLSv1")


# What a man in the middle puts behind STARTTLS in clear must not count as said under TLS (CVE-2024-34083).
def test_commands_injected_in_clear_behind_starttls_are_forgotten(tmp_path: Path) -> None:
    with receiving(tmp_path, tls_certificate=CERTIFICATE) as receiver, Talk(receiver.port) as talk:
        talk.greets().says(b"STARTTLS\r\nEHLO evil\r\nMAIL FROM:<evil@example.com>\r\n").hears("220 ")
        talk.secures().greets()
        talk.begins().says(MAIL + b".\r\n").hears("250 ")
        assert stored(receiver.spool) == [MAIL]


def test_a_certificate_that_cannot_be_used_is_a_clear_line(tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("no certificate")
    with pytest.raises(SettingsError, match=r"smtp.tls_certificate: .*bad.pem: expected a PEM file"):
        receiving(tmp_path, tls_certificate=str(tmp_path / "bad.pem")).__enter__()
