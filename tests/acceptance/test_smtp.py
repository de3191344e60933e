"""Mail in by SMTP as others speak it: swaks for the usual, smtplib for a word that swaks does not say."""

from email.message import EmailMessage

from tests.acceptance.conftest import SUPPORT, Build, House, message
from tests.servers.certificate import Certificate
from tests.servers.clients import smtp_source, swaks


def mail_of(size: int) -> EmailMessage:
    """A mail with a text of so many bytes."""
    mail = EmailMessage()
    mail["Subject"] = f"{size} bytes"
    mail.set_content(("x" * 77 + "\n") * (size // 78))
    return mail


def test_swaks_sends_over_starttls_and_the_trace_says_so(build: Build, certificate: Certificate) -> None:
    files = {"tls_certificate": str(certificate.certificate), "tls_key": str(certificate.key)}
    house = build({"smtp": files})
    port = house.gateway.smtp_port
    said = swaks(
        port, "--tls", "--tls-verify", "--tls-ca-path", files["tls_certificate"], sender="a@example.net", to=SUPPORT
    )
    assert "=== TLS started with cipher TLSv1.3" in said
    assert "<~  250 2.0.0" in said
    [errand] = house.simulator.wait_for_errands()
    traced = house.gateway.command("trace", message(errand)["message_id"], "--json")
    assert b"TLSv1.3" in traced.stdout


def test_without_a_certificate_starttls_is_not_offered(house: House) -> None:
    said = swaks(house.gateway.smtp_port, "--quit-after", "EHLO", sender="a@example.net", to=SUPPORT)
    offers = [line.split("250")[1][1:] for line in said.splitlines() if line.startswith("<-  250")]
    assert {"PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"} <= set(offers)
    assert "SIZE 50000000" in offers
    assert "STARTTLS" not in offers


def test_a_recipient_that_no_route_has_is_refused(house: House) -> None:
    said = swaks(house.gateway.smtp_port, sender="a@example.net", to="nobody@example.com")
    assert "<** 550 5.1.1" in said
    assert house.simulator.errands() == []


def test_recipients_are_found_in_any_case_with_a_plus_and_by_domain(house: House) -> None:
    for to in ("SUPPORT@Example.COM", "support+urgent@example.com", "anything@support.example.com"):
        assert "<-  250 2.0.0" in swaks(house.gateway.smtp_port, sender="a@example.net", to=to)
    house.simulator.wait_for_errands(3)


# One route, so one errand, and not one for each recipient.
def test_a_mail_to_two_addresses_of_a_route_is_one_errand(house: House) -> None:
    both = f"{SUPPORT},sales@support.example.com"
    assert "<-  250 2.0.0" in swaks(house.gateway.smtp_port, sender="a@example.net", to=both)
    house.simulator.wait_for_errands()
    house.gateway.wait_until_idle()
    assert len(house.simulator.errands()) == 1


def test_a_size_over_the_limit_is_refused_at_mail_from(build: Build) -> None:
    house = build({"smtp": {"max_size": "100 kB"}})
    with house.gateway.smtp() as client:
        client.ehlo()
        code, said = client.mail("a@example.net", ["SIZE=100001"])
        assert (code, said.split()[0]) == (552, b"5.3.4")
        assert client.mail("a@example.net", ["SIZE=100000"])[0] == 250


# Without SIZE, as swaks speaks, only the stream tells.
def test_a_mail_that_grows_over_the_limit_is_refused_and_leaves_nothing(build: Build) -> None:
    house = build({"smtp": {"max_size": "100 kB"}})
    said = swaks(house.gateway.smtp_port, sender="a@example.net", to=SUPPORT, mail=mail_of(150_000))
    assert "<** 552 5.3.4" in said
    said = swaks(house.gateway.smtp_port, sender="a@example.net", to=SUPPORT, mail=mail_of(90_000))
    assert "<-  250 2.0.0" in said
    house.simulator.wait_for_errands()
    house.gateway.wait_until_idle()
    assert len(house.simulator.errands()) == 1


# The same mail over another session, as a mail server sends it that did not see our 250.
def test_a_mail_that_comes_twice_is_one_errand_and_gets_its_250_both_times(house: House) -> None:
    options = ["--header", "Message-Id: <same@example.net>", "--header", "Date: Tue, 24 Nov 2026 06:00:00 +0000"]
    options += ["--header", "Subject: the same"]
    for _ in range(2):
        said = swaks(house.gateway.smtp_port, *options, sender="a@example.net", to=SUPPORT)
        assert "<-  250 2.0.0" in said
    house.simulator.wait_for_errands()
    house.gateway.wait_until_idle()
    assert len(house.simulator.errands()) == 1
    assert len(house.gateway.facts("mail is a copy")) == 1


# The load of the kill test without the kills, by Postfix's own generator; its Message-IDs are all different, but sender
# and subject are not, which by itself looks like a loop.
def test_two_thousand_mails_from_twenty_sessions_become_two_thousand_errands(build: Build) -> None:
    house = build({"automatic": {"most_alike": 0}})
    smtp_source(house.gateway.smtp_port, sessions=20, mails=2000, size=4096, sender="a@example.net", to=SUPPORT)
    house.gateway.wait_until_idle(seconds=100)
    errands = house.simulator.errands()
    assert len(errands) == 2000
    assert len({message(errand)["message_id"] for errand in errands}) == 2000
