"""Between real mail servers: behind a company's Postfix by a transport map, and before a Postfix as smarthost."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import SUPPORT, Build, House, message
from tests.servers.certificate import Certificate
from tests.servers.clients import swaks
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.gateway import Gateway, Settings
from tests.servers.postfix import Postfix, relay, smarthost
from tests.servers.program import wait_until


@pytest.fixture
def strict_smarthost(dovecot: Dovecot, certificate: Certificate) -> Iterator[Postfix]:
    """A Postfix that takes mail after STARTTLS and AUTH alone."""
    server = smarthost("example.net", dovecot.lmtp_port, certificate, dovecot.login_port)
    yield server.start()
    server.stop()


def login(server: Postfix, password: Path, word: str = PASSWORD) -> Settings:
    """The way out by `server`, with its user's password in a file."""
    password.write_text(word)
    url = f"smtp+starttls://localhost:{server.port}"
    return {"smarthosts": [{"url": url, "user": "gateway", "password": f"file:{password}"}]}


def answered(house: House, writer: str, *to: str) -> None:
    """Have a mail from `writer` answered, to others when they are named."""
    swaks(house.gateway.smtp_port, sender=writer, to=SUPPORT)
    [errand] = house.simulator.wait_for_errands()
    house.simulator.answer(errand["id"], "An answer.", to=[{"name": "", "email_address": one} for one in to])


def parked(gateway: Gateway) -> list[str]:
    """Why jobs are parked."""
    listed = gateway.command("queue", "list", "--state", "parked", "--json")
    return [job.get("error", "") for job in json.loads(listed.stdout)]


def test_a_postfix_in_front_relays_by_a_transport_map(house: House) -> None:
    front = relay("example.com", house.gateway.smtp_port)
    front.start()
    try:
        assert "<-  250 2.0.0" in swaks(front.port, sender="a@example.net", to=SUPPORT)
        [errand] = house.simulator.wait_for_errands()
        wait_until(front.queue_is_empty, "Postfix has nothing left")
        assert message(errand)["from"] == "a@example.net"
    finally:
        front.stop()


# What a gateway that is down may cost: time.
def test_a_postfix_in_front_keeps_the_mail_while_the_gateway_is_down(build: Build) -> None:
    house = build(start=False)
    front = relay("example.com", house.gateway.smtp_port)
    front.start()
    try:
        assert "<-  250 2.0.0" in swaks(front.port, sender="a@example.net", to=SUPPORT)
        wait_until(lambda: "status=deferred" in front.log(), "Postfix finds nobody")
        house.gateway.start()
        house.simulator.wait_for_errands()
    finally:
        front.stop()


def test_an_answer_leaves_over_starttls_with_a_login(
    build: Build, strict_smarthost: Postfix, dovecot: Dovecot, certificate: Certificate, tmp_path: Path
) -> None:
    outgoing = login(strict_smarthost, tmp_path / "password") | {"tls_ca": str(certificate.certificate)}
    house = build({"outgoing": outgoing})
    answered(house, "login@example.net")
    [mail] = dovecot.wait_for_mails("login@example.net")
    assert any("with ESMTPSA" in hop for hop in mail.get_all("Received", []))
    assert PASSWORD not in house.gateway.log()


# A smarthost that could be anybody gets neither the password nor the mail; it leaves when we are told to trust it.
def test_a_certificate_that_nobody_vouches_for_gets_no_mail(
    build: Build, strict_smarthost: Postfix, dovecot: Dovecot, certificate: Certificate, tmp_path: Path
) -> None:
    house = build({"outgoing": login(strict_smarthost, tmp_path / "password")})
    answered(house, "stranger@example.net")
    wait_until(lambda: house.gateway.facts("again later"), "the gateway says that it tries again")
    assert "sasl_username" not in strict_smarthost.log()
    house.gateway.change({"outgoing": {"tls_ca": str(certificate.certificate)}})
    house.gateway.reload()
    assert len(dovecot.wait_for_mails("stranger@example.net")) == 1


# Nothing is wrong with the mail: it waits for the right password, which is read from its file again.
def test_a_wrong_password_costs_no_answer(
    build: Build, strict_smarthost: Postfix, dovecot: Dovecot, certificate: Certificate, tmp_path: Path
) -> None:
    password = tmp_path / "password"
    outgoing = login(strict_smarthost, password, "wrong") | {"tls_ca": str(certificate.certificate)}
    house = build({"outgoing": outgoing})
    answered(house, "password@example.net")
    wait_until(lambda: "authentication failed" in strict_smarthost.log(), "Postfix refuses the password")
    password.write_text(PASSWORD)
    assert len(dovecot.wait_for_mails("password@example.net")) == 1


def test_each_recipient_gets_one_mail_though_one_is_refused_and_one_must_wait(
    house: House, plain_smarthost: Postfix, dovecot: Dovecot
) -> None:
    taken, waiting, gone = (f"{name}.partly@example.net" for name in ("taken", "waiting", "gone"))
    plain_smarthost.set_table("recipients", [f"{gone} 550 5.1.1 gone for good", f"{waiting} 451 4.3.0 not now"])
    try:
        answered(house, "partly@example.net", taken, waiting, gone)
        dovecot.wait_for_mails(taken)
        wait_until(lambda: house.gateway.facts("refused"), "the gateway says who was refused")
        assert dovecot.raw_mails(waiting) == []
        plain_smarthost.set_table("recipients", [f"{gone} 550 5.1.1 gone for good"])
        dovecot.wait_for_mails(waiting)
        wait_until(lambda: parked(house.gateway), "the refused recipient is for a person")
    finally:
        plain_smarthost.set_table("recipients", [])
    [reason] = parked(house.gateway)
    assert gone in reason
    assert "gone for good" in reason
    assert [len(dovecot.raw_mails(one)) for one in (taken, waiting, gone)] == [1, 1, 0]


# After the cause is mended, a person has it tried again; who had the mail does not get it again.
def test_a_parked_answer_goes_on_when_it_is_retried(house: House, plain_smarthost: Postfix, dovecot: Dovecot) -> None:
    writer = "mended@example.net"
    plain_smarthost.set_table("recipients", [f"{writer} 550 5.7.1 we do not like you"])
    try:
        answered(house, writer, writer, "other.mended@example.net")
        wait_until(lambda: parked(house.gateway), "the answer is parked")
    finally:
        plain_smarthost.set_table("recipients", [])
    assert house.gateway.command("queue", "retry", "--all-parked").returncode == 0
    dovecot.wait_for_mails(writer)
    house.gateway.wait_until_idle()
    assert [len(dovecot.raw_mails(one)) for one in (writer, "other.mended@example.net")] == [1, 1]


def test_a_smarthost_that_is_down_is_passed_over(build: Build, plain_smarthost: Postfix, dovecot: Dovecot) -> None:
    house = build({"outgoing": {"smarthosts": ["smtp://127.0.0.1:1", f"smtp://127.0.0.1:{plain_smarthost.port}"]}})
    answered(house, "second@example.net")
    assert len(dovecot.wait_for_mails("second@example.net")) == 1
