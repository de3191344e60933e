"""The way out to a real Postfix: TLS, each way to log in, greylisting, lines that are cut, a second one taking over."""

import ssl
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from gateway.errors import Permanent, Temporary
from gateway.oauth.grant import Application
from gateway.oauth.source import TokenSource
from gateway.outgoing.health import Health
from gateway.outgoing.smarthost import (
    Ambiguous,
    Manner,
    Smarthost,
    Timeouts,
    Transport,
    parse_smarthost,
)
from tests.acceptance.conftest import Build
from tests.acceptance.test_postfix import answered
from tests.servers.certificate import Certificate
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.dovecot_oauth import OAuthDovecot
from tests.servers.greylist import greylisting
from tests.servers.postfix import Postfix, smarthost
from tests.servers.program import wait_until
from tests.servers.proxy import Proxy, proxy
from tests.servers.tokens import TokenServer, token_server

MECHANISMS = ("plain", "login", "cram-md5", "scram-sha-256")


@pytest.fixture(scope="module")
def tokens() -> Iterator[TokenServer]:
    with token_server() as running:
        yield running


@pytest.fixture(scope="module")
def strict(tokens: TokenServer, dovecot: Dovecot, certificate: Certificate) -> Iterator[Postfix]:
    """A Postfix that takes mail in TLS after AUTH alone, by each mechanism that Dovecot has."""
    logins = OAuthDovecot(tokens.url, "cram-md5 scram-sha-256 xoauth2 oauthbearer")
    with ExitStack() as running:
        running.callback(logins.stop)
        logins.start()
        server = smarthost("example.net", dovecot.lmtp_port, certificate, logins.login_port)
        running.callback(server.stop)
        yield server.start()


def mail(number: str) -> bytes:
    made = EmailMessage()
    made["From"], made["Message-ID"], made["Subject"] = "s@example.com", f"<{number}@example.com>", number
    made.set_content("Hello.\n.\n..two dots\n")
    return made.as_bytes(policy=SMTP)


def host(server: Postfix, certificate: Certificate) -> Smarthost:
    known = ssl.create_default_context(cafile=str(certificate.certificate))
    return replace(parse_smarthost(f"smtp+starttls://localhost:{server.port}"), tls=known)


@contextmanager
def way(*hosts: Smarthost) -> Iterator[Transport]:
    ordered = [replace(one, priority=number) for number, one in enumerate(hosts)]
    with closing(Transport(ordered, Manner("gateway.example.com", Timeouts.of(10)))) as made:
        yield made


def test_without_tls_or_login_postfix_takes_nothing(strict: Postfix, certificate: Certificate) -> None:
    with way(parse_smarthost(f"smtp://localhost:{strict.port}")) as clear, pytest.raises(Temporary, match="STARTTLS"):
        clear.deliver("s@example.com", ["nobody@example.net"], mail("clear"))
    with way(host(strict, certificate)) as unknown, pytest.raises(Permanent, match=r"554 5\.7\.1"):
        unknown.deliver("s@example.com", ["nobody@example.net"], mail("unknown"))


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_each_way_to_show_a_password_is_taken(
    strict: Postfix, dovecot: Dovecot, certificate: Certificate, mechanism: str
) -> None:
    writer = f"{mechanism}@example.net"
    known = replace(host(strict, certificate), user="gateway", mechanism=mechanism)  # type: ignore[arg-type]
    with way(replace(known, password=lambda: PASSWORD)) as right:
        delivery = right.deliver("s@example.com", [writer], mail(mechanism))
    with way(replace(known, password=lambda: "wrong")) as wrong, pytest.raises(Temporary, match="refused our user"):
        wrong.deliver("s@example.com", [writer], mail(mechanism))
    assert dovecot.wait_for_mails(writer)
    # Counted where it was taken: a Maildir that is read while mail comes in may show one twice.
    assert strict.log().count(f" to=<{writer}>") == 1
    assert f"sasl_method={mechanism.upper()}, sasl_username=gateway" in strict.log()
    assert delivery.queue_id in strict.log()


# A token that was taken back at the provider is renewed by the refusal, within the same conversation.
@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
def test_a_token_is_taken_and_renewed(
    strict: Postfix, dovecot: Dovecot, certificate: Certificate, tokens: TokenServer, tmp_path: Path, mechanism: str
) -> None:
    writer, now = f"{mechanism}@example.net", [1_000_000.0]
    source = TokenSource(Application("m", tokens.settings(tmp_path)), tmp_path / "cache", lambda: now[0])
    known = replace(host(strict, certificate), user=tokens.user, tokens=source, mechanism=mechanism)  # type: ignore[arg-type]
    with way(known) as first:
        assert first.deliver("s@example.com", [writer], mail(f"{mechanism}-1")).sent
    tokens.revoked.add(source.token())
    now[0] += 120
    with way(known) as second:
        assert second.deliver("s@example.com", [writer], mail(f"{mechanism}-2")).sent
        assert second.standings()[0].failures == 0
    assert len(dovecot.wait_for_mails(writer, 2)) == 2


def test_connections_are_kept_and_mails_stay_whole(plain_smarthost: Postfix, dovecot: Dovecot) -> None:
    writer = "kept@example.net"
    with proxy(plain_smarthost.port) as line, way(Smarthost("127.0.0.1", line.port, "plain")) as out:
        for number in range(5):
            out.deliver("s@example.com", [writer], mail(f"kept-{number}"))
        line.cut()
        out.deliver("s@example.com", [writer], mail("kept-5"))
        assert line.connections == 2
    found = dovecot.wait_for_mails(writer, 6)
    assert sorted(str(one["Subject"]) for one in found) == [f"kept-{number}" for number in range(6)]
    assert {tuple(one.get_content().splitlines()) for one in found} == {("Hello.", ".", "..two dots")}


def test_greylisting_costs_an_answer_time_and_no_more(build: Build, dovecot: Dovecot) -> None:
    with greylisting() as policy:
        server = smarthost("example.net", dovecot.lmtp_port, smtpd_recipient_restrictions=policy.restriction)
        server.start()
        try:
            house = build({"outgoing": {"smarthosts": [f"smtp://127.0.0.1:{server.port}"]}})
            answered(house, "grey@example.net")
            assert len(dovecot.wait_for_mails("grey@example.net")) == 1
            assert "come again" in house.gateway.facts("again later")[0]["reason"]
        finally:
            server.stop()
    assert policy.seen == ["grey@example.net"] * 2


def _said_in_all(line: Proxy, out: Smarthost) -> int:
    """Count what Postfix says for one mail, from greeting to goodbye."""
    with way(out) as measured:
        measured.deliver("s@example.com", ["cut@example.net"], mail("measured"))
        return line.from_server


# Wherever the line breaks: before the final dot the next smarthost has the mail at once, and nobody has it twice; after
# it the mail is tried again, the same in every byte.
def test_a_line_that_is_cut_anywhere_loses_nothing(plain_smarthost: Postfix, dovecot: Dovecot) -> None:
    writer, ambiguous = "cut@example.net", 0
    second = Smarthost("127.0.0.1", plain_smarthost.port, "plain")
    with proxy(plain_smarthost.port) as line:
        first = Smarthost("127.0.0.1", line.port, "plain")
        said = _said_in_all(line, first)
        places = sorted({*range(10, said, max(1, said // 12)), said - 1})
        for place in places:
            line.from_server, line.cut_at = 0, place
            with way(first, second) as out:
                try:
                    taken = out.deliver("s@example.com", [writer], mail(f"cut-{place}")).smarthost
                    assert taken == second.address or place > said - 80
                except Ambiguous:
                    ambiguous += 1
                    out.deliver("s@example.com", [writer], mail(f"cut-{place}"))
    wait_until(plain_smarthost.queue_is_empty, "Postfix has delivered all")
    found = [str(one["Message-ID"]) for one in dovecot.mails(writer)]
    assert set(found) == {"<measured@example.com>", *(f"<cut-{place}@example.com>" for place in places)}
    assert ambiguous > 0
    assert len(found) <= 1 + len(places) + ambiguous


def test_a_second_postfix_takes_over_and_the_first_comes_back(plain_smarthost: Postfix, dovecot: Dovecot) -> None:
    writer, now = "again@example.net", [0.0]
    with proxy(plain_smarthost.port) as line:
        first = Smarthost("127.0.0.1", line.port, "plain", name="first")
        with way(first, Smarthost("127.0.0.1", plain_smarthost.port, "plain")) as out:
            out.health = Health(lambda: now[0])
            used = [out.deliver("s@example.com", [writer], mail("again-1")).smarthost]
            line.cut_at, line.from_server = 0, 0
            line.cut()
            used.append(out.deliver("s@example.com", [writer], mail("again-2")).smarthost)
            assert out.standings()[0].state == "failing"
            now[0] += 6
            used.append(out.deliver("s@example.com", [writer], mail("again-3")).smarthost)
            assert out.standings()[0].state == "ok"
    assert [one == first.address for one in used] == [True, False, True]
    assert len(dovecot.wait_for_mails(writer, 3)) == 3
