"""Who the smarthost is and who we are: TLS and logins, before a mail is named."""

import ssl
from dataclasses import replace
from pathlib import Path
from subprocess import run

import pytest

from gateway.errors import Temporary
from gateway.outgoing.smarthost import Delivery, Smarthost, parse_smarthost, try_login
from tests.unit.scripted_smarthost import deliver, smarthost

MAIL = b"From: a@example.com\r\nSubject: x\r\n\r\nHello\r\n"


def send(
    port: int, user: str = "", password: str = "", security: str = "smtp", tls: ssl.SSLContext | None = None
) -> Delivery:
    host = parse_smarthost(f"{security}://localhost:{port}", user, (lambda: password) if password else None)
    return deliver([replace(host, tls=tls)], "", ["ann@example.org"], MAIL, seconds=0.5)


@pytest.mark.parametrize("offered", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_every_way_to_log_in_proves_user_and_password(offered: str) -> None:
    replies = {
        "EHLO": f"250-x\n250 AUTH {offered}",
        "AUTH LOGIN": "334 VXNlcm5hbWU6",
        "AUTH CRAM-MD5": "334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+",
        "dGlt": "334 UGFzc3dvcmQ6",  # "tim" alone, at LOGIN
        "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw": "235 Ok",  # the example of RFC 2195
        "dGFuc3RhYWZ0YW5zdGFhZg==": "235 Ok",
        "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm": "235 Ok",
        "AUTH": "535 wrong",
    }
    with smarthost(replies) as server:
        assert send(server.port, user="tim", password="tanstaaftanstaaf").sent


# Without encryption the password is not shown if that can be had.
def test_in_clear_a_login_that_hides_the_password_comes_first() -> None:
    with smarthost({"AUTH CRAM-MD5": "535 no"}) as server, pytest.raises(Temporary):
        send(server.port, user="tim", password="x")
    assert server.said("AUTH") == ["AUTH CRAM-MD5"]


def test_a_password_outside_ascii_goes_as_utf_8() -> None:
    with smarthost({"EHLO": "250-x\n250 AUTH PLAIN"}) as server:
        send(server.port, user="tim", password="pässword")
    assert server.said("AUTH") == ["AUTH PLAIN AHRpbQBww6Rzc3dvcmQ="]


def test_a_refused_login_says_so_and_hides_the_password() -> None:
    with (
        smarthost({"EHLO": "250-x\n250 AUTH PLAIN", "AUTH": "535 5.7.8 Nope"}) as server,
        pytest.raises(Temporary) as told,
    ):
        send(server.port, user="tim", password="hunter2")
    assert "refused our user or password" in str(told.value)
    assert "hunter2" not in str(told.value)
    assert server.said("MAIL") == []


def test_after_a_refused_login_the_next_smarthost_is_asked() -> None:
    with smarthost({"AUTH": "535 5.7.8 Nope"}) as first, smarthost({"AUTH": "235 Ok"}) as second:
        hosts = [
            parse_smarthost(f"smtp://me:wrong@127.0.0.1:{first.port}"),
            parse_smarthost(f"smtp://127.0.0.1:{second.port}"),
        ]
        delivery = deliver(hosts, "", ["ann@example.org"], MAIL)
    assert delivery.smarthost == f"127.0.0.1:{second.port}"


@pytest.mark.parametrize("features", ["250 x", "250-x\n250 AUTH GSSAPI"])
def test_without_a_common_way_to_log_in_nothing_is_sent(features: str) -> None:
    with smarthost({"EHLO": features}) as server, pytest.raises(Temporary, match="no way to log in"):
        send(server.port, user="tim", password="x")
    assert server.said("MAIL") == []


def test_a_challenge_that_is_not_base64_is_a_failure_of_the_server() -> None:
    replies = {"EHLO": "250-x\n250 AUTH CRAM-MD5", "AUTH": "334 %%%"}
    with smarthost(replies) as server, pytest.raises(Temporary, match="No smarthost took the mail"):
        send(server.port, user="tim", password="x")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pair = tmp_path_factory.mktemp("tls") / "pair.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    new_pair = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", "-", "-out", "-"]
    pair.write_bytes(run([*new_pair, *subject], check=True, capture_output=True).stdout)
    return pair


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize(("security", "first"), [("smtps", True), ("smtp+starttls", False)])
def test_a_mail_goes_through_tls_with_a_certificate_that_is_known(
    security: str, *, first: bool, certificate: Path, server_tls: ssl.SSLContext
) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    with smarthost({"EHLO": "250-x\n250-STARTTLS\n250 SIZE"}, tls=server_tls, tls_first=first) as server:
        assert send(server.port, security=security, tls=trusting).sent == ("ann@example.org",)
    assert server.mails == [MAIL]
    assert len(server.said("EHLO")) == (1 if first else 2)


@pytest.mark.parametrize(("security", "first"), [("smtps", True), ("smtp+starttls", False)])
def test_a_certificate_that_is_not_known_gets_no_mail(
    security: str, *, first: bool, server_tls: ssl.SSLContext
) -> None:
    with (
        smarthost({"EHLO": "250-x\n250 STARTTLS"}, tls=server_tls, tls_first=first) as server,
        pytest.raises(Temporary, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        send(server.port, security=security, user="tim", password="x")
    assert server.said("MAIL") == server.said("AUTH") == []


# A man in the middle who takes the offer away must not get the mail in clear.
@pytest.mark.parametrize("replies", [{}, {"EHLO": "502 what?"}, {"EHLO": "250-x\n250 STARTTLS", "STARTTLS": "454 no"}])
def test_without_starttls_nothing_goes_in_clear(replies: dict[str, str]) -> None:
    with smarthost(replies) as server, pytest.raises(Temporary, match=r"STARTTLS|454"):
        send(server.port, security="smtp+starttls", user="tim", password="x")
    assert server.said("MAIL") == server.said("AUTH") == []


# What is sent in clear behind the reply to STARTTLS would else be read as if it had come through TLS.
def test_replies_put_in_before_tls_are_not_believed(certificate: Path, server_tls: ssl.SSLContext) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    replies = {"EHLO": "250-x\n250 STARTTLS", "STARTTLS": "220 Go ahead\n250 injected"}
    with smarthost(replies, tls=server_tls) as server, pytest.raises(Temporary, match="between STARTTLS and TLS"):
        send(server.port, security="smtp+starttls", tls=trusting)
    assert server.said("MAIL") == []


def test_a_login_can_be_tried_without_a_mail(certificate: Path, server_tls: ssl.SSLContext) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    with smarthost({"EHLO": "250-x\n250-STARTTLS\n250 AUTH PLAIN"}, tls=server_tls) as server:
        host = parse_smarthost(f"smtp+starttls://me:secret@localhost:{server.port}")
        assert try_login(host, hostname="gw", timeout=1, tls=trusting) == "answers, TLSv1.3, logged in as me"
        assert server.said("MAIL") == []
        with pytest.raises(Temporary, match="CERTIFICATE_VERIFY_FAILED"):
            try_login(host, hostname="gw", timeout=1)
    with smarthost({"AUTH": "535 no"}) as server:
        assert try_login(parse_smarthost(f"smtp://localhost:{server.port}"), hostname="gw", timeout=1) == (
            "answers, without TLS, no login"
        )
        with pytest.raises(Temporary, match="refused our user or password"):
            try_login(parse_smarthost(f"smtp://me:x@localhost:{server.port}"), hostname="gw", timeout=1)


def test_the_password_is_asked_for_at_each_login() -> None:
    passwords = iter(["first", "second"])
    with smarthost({"EHLO": "250-x\n250 AUTH PLAIN"}) as server:
        host = Smarthost("127.0.0.1", server.port, "plain", "me", lambda: next(passwords))
        for _ in range(2):
            deliver([host], "", ["a@b.example"], MAIL)
    assert len(set(server.said("AUTH"))) == 2
