"""The way out as people write it: smarthosts as tables, TLS policies, rates; and what a mistake is told as."""

import hashlib
import ssl
from pathlib import Path
from subprocess import run
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.config.settings import Settings
from gateway.errors import Temporary
from gateway.outgoing.named import manner_of, smarthosts_of
from gateway.outgoing.smarthost import Smarthost, try_login
from tests.servers.certificate import Certificate, make_certificate
from tests.unit.scripted_smarthost import PLEASANT, smarthost, transport

MAIL = b"Subject: x\r\n\r\nHello\r\n"
OFFERED = {"EHLO": "250-x\n250-STARTTLS\n250 AUTH PLAIN"}
BARE = {"EHLO": "250 x", "HELO": "250 x"}


class Tokens:
    """Gives one token after the other."""

    def __init__(self, *tokens: str) -> None:
        self.left = list(tokens)
        self.refused: list[str] = []

    def __call__(self) -> str:
        return self.left[0]

    def invalidate(self, token: str) -> None:
        self.refused.append(token)
        if len(self.left) > 1:
            self.left.pop(0)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def server_tls(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    return context


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORD", "secret")


def settings(route: dict[str, Any] | None = None, **outgoing: Any) -> Settings:
    support = {"name": "support", "recipients": ["s@example.com"], "workspace": "demo", "token": "env:WORD"}
    return Settings.model_validate(
        {
            "gateway": {"hostname": "gw.example.com"},
            "cention": {"demo": {"url": "https://apid.example.com/s/demo", "attachment_token": "env:WORD"}},
            "route": [support | {"reply_from": "s@example.com"} | (route or {})],
            "oauth": {
                "m": {"grant": "client_credentials", "client_id": "x", "client_secret": "env:WORD"}
                | {"preset": "microsoft365", "tenant": "t"}
            },
            "outgoing": outgoing,
        }
    )


def one(url: str, tokens: Tokens | None = None, **table: Any) -> Smarthost:
    lines: list[str] = []
    named = {"m": tokens} if tokens else {}
    found = smarthosts_of(settings(smarthosts=[{"url": url} | table]), named, lines)
    assert lines == []
    return found[0]


def fingerprint(certificate: Certificate) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.certificate.read_text())).hexdigest()


def test_smarthosts_are_asked_in_their_order_unless_they_have_a_priority() -> None:
    lines: list[str] = []
    entries = ["smtp://a", {"url": "smtps://b", "priority": 1, "weight": 5}, {"url": "smtp://c", "name": "c"}]
    found = smarthosts_of(settings(smarthosts=entries), {}, lines)
    assert [(each.host, each.priority, each.weight) for each in found] == [("a", 1, 1), ("b", 1, 5), ("c", 3, 1)]
    assert lines == []


@pytest.mark.parametrize(
    ("url", "tls", "security"),
    [
        ("smtp://x", "", "plain"),
        ("smtp://x", "none", "plain"),
        ("smtp://x", "opportunistic", "opportunistic"),
        ("smtp://x", "required", "starttls"),
        ("smtp+starttls://x", "", "starttls"),
        ("smtp+starttls://x", "opportunistic", "opportunistic"),
        ("smtps://x", "required", "tls"),
        ("smtps://x", "verified", "tls"),
    ],
)
def test_url_and_policy_say_together_how_the_line_is_protected(url: str, tls: str, security: str) -> None:
    assert one(url, tls=tls).security == security


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"url": "smtps://x", "tls": "none"}, r'outgoing.smarthosts\[1\]: tls: expected "required" or "verified"'),
        ({"url": "smtps://x", "tls": "opportunistic"}, "tls: expected"),
        ({"url": "smtp+starttls://x", "tls": "none"}, "tls: expected"),
        ({"url": "smtps://x", "certificate": "nowhere.pem"}, "certificate: nowhere.pem: expected a PEM file: No such"),
        ({"url": "smtps://x", "user": "u", "oauth": "n"}, r"oauth: no \[oauth.n\] in this file; there is: m"),
        ({"url": "smtps://x", "user": "u", "oauth": "m", "auth": "plain"}, "auth: plain goes with a password"),
        ({"url": "smtps://x", "user": "u", "password": "env:WORD", "auth": "xoauth2"}, "auth: xoauth2 goes with oauth"),
        ({"url": "smtps://x", "user": "u"}, "user and password are given together"),
    ],
)
def test_a_table_that_contradicts_itself_is_a_clear_line(table: dict[str, Any], told: str) -> None:
    lines: list[str] = []
    smarthosts_of(settings(smarthosts=[table]), {}, lines)
    with pytest.raises(AssertionError, match=told):
        raise AssertionError("\n".join(lines))


@pytest.mark.parametrize(
    ("outgoing", "told"),
    [
        ({"smarthosts": [{"url": "smtp://x", "pin": "abc"}]}, "expected a SHA-256 in hex"),
        ({"smarthosts": [{"url": "smtp://x", "tls": "opportunistic", "user": "u", "password": "env:WORD"}]}, "between"),
        ({"smarthosts": [{"url": "smtps://x", "oauth": "m"}]}, "expected user beside it"),
        ({"smarthosts": [{"url": "smtps://x", "named_only": True}]}, "expected a name"),
        ({"rates": {"gmail.com": "many"}}, 'expected a count for a time, such as "100/min"'),
        ({"rates": {"gmail.com": "0/min"}}, "expected a count"),
        ({"timeout": "0 s"}, "longer than nothing"),
    ],
)
def test_a_value_that_cannot_be_is_told(outgoing: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        settings(**outgoing)


def test_names_are_known_and_there_once() -> None:
    lines: list[str] = []
    named = {"url": "smtp://x", "name": "bulk"}
    smarthosts_of(settings({"smarthosts": ["fast"]}, smarthosts=[named, named]), {}, lines)
    assert lines == [
        "outgoing.smarthosts: there are two of the name bulk",
        "route[1].smarthosts: no smarthost of the name fast; there is: bulk, bulk",
    ]


def test_each_phase_has_its_time_and_rates_are_read() -> None:
    manner = manner_of(settings(timeout="10 s", end_timeout="9 min", rates={"Gmail.com": "100 / min"}))
    waits = manner.timeouts
    assert (waits.connect, waits.greeting, waits.command, waits.data, waits.block, waits.end) == (10,) * 5 + (540,)
    assert manner_of(settings(timeout="10 s")).timeouts.end == 50
    assert list(manner_of(settings(rates={"exämple.com": "1/min", "*": "9/h"})).rates) == ["xn--exmple-cua.com", "*"]
    rate = manner.rates["gmail.com"]
    assert (rate.count, rate.seconds, rate.text) == (100, 60, "100/min")


@pytest.mark.parametrize("first", [True, False])
def test_required_takes_any_certificate_and_the_pinned_one_is_the_only_one(
    certificate: Certificate, server_tls: ssl.SSLContext, *, first: bool
) -> None:
    url = "smtps" if first else "smtp+starttls"
    with smarthost(OFFERED, tls=server_tls, tls_first=first) as server:
        address, pin = f"{url}://localhost:{server.port}", fingerprint(certificate)
        assert "TLSv1.3" in try_login(one(address, tls="required"), hostname="gw", timeout=1)
        assert "TLSv1.3" in try_login(one(address, pin=pin), hostname="gw", timeout=1)
        assert "TLSv1.3" in try_login(one(address, ca=str(certificate.certificate)), hostname="gw", timeout=1)
        wrong = one(address, pin="0" * 64, user="u", password="env:WORD")
        with pytest.raises(Temporary, match=f"another certificate than the one that is pinned: its SHA-256 is {pin}"):
            try_login(wrong, hostname="gw", timeout=1)
        with pytest.raises(Temporary, match="CERTIFICATE_VERIFY_FAILED"):
            try_login(one(address), hostname="gw", timeout=1)
    assert server.said("AUTH") == []


def test_opportunistic_uses_tls_where_it_is_offered_and_goes_on_without(server_tls: ssl.SSLContext) -> None:
    with smarthost(OFFERED, tls=server_tls) as offering, smarthost(BARE) as bare:
        said = [
            try_login(one(f"smtp://localhost:{each.port}", tls="opportunistic"), hostname="gw", timeout=1)
            for each in (offering, bare)
        ]
    assert said == ["answers, TLSv1.3, no login", "answers, without TLS, no login"]


# The server asks for ours, and knows it by its authority.
def test_our_own_certificate_is_shown_where_it_is_asked_for(
    certificate: Certificate, server_tls: ssl.SSLContext, tmp_path: Path
) -> None:
    ours = make_certificate(tmp_path)
    server_tls.verify_mode = ssl.CERT_REQUIRED
    server_tls.load_verify_locations(ours.certificate)
    with smarthost(tls=server_tls, tls_first=True) as server:
        url, known = f"smtps://localhost:{server.port}", str(certificate.certificate)
        shown = one(url, ca=known, certificate=str(ours.certificate), key=str(ours.key))
        assert "answers" in try_login(shown, hostname="gw", timeout=1)
        with pytest.raises(Temporary):
            try_login(one(url, ca=known), hostname="gw", timeout=1)


def test_a_certificate_without_its_key_is_told(certificate: Certificate) -> None:
    lines: list[str] = []
    table = {"url": "smtps://x", "certificate": str(certificate.certificate)}
    smarthosts_of(settings(smarthosts=[table]), {}, lines)
    assert "certificate: " in lines[0]
    assert "expected a PEM file" in lines[0]


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_a_token_is_shown_and_one_that_is_refused_is_tried_once_as_another(mechanism: str) -> None:
    challenge = "334 eyJzdGF0dXMiOiI0MDEifQ=="
    replies = PLEASANT | {"EHLO": f"250-x\n250 AUTH PLAIN {mechanism}", f"AUTH {mechanism}": challenge}
    tokens = Tokens("old", "new")
    with smarthost(replies | {"": "535 5.7.8 no", "AQ==": "535 5.7.8 no"}) as server:
        host = one(f"smtp://localhost:{server.port}", tokens, user="u", oauth="m", auth=mechanism.lower())
        with pytest.raises(Temporary, match=r"535 5\.7\.8 no"):
            try_login(host, hostname="gw", timeout=1)
    assert tokens.refused == ["old"]
    assert len(set(server.said("AUTH"))) == 2
    assert "old" not in repr(host)


def test_a_token_that_works_is_all_that_is_shown() -> None:
    with smarthost({"EHLO": "250-x\n250 AUTH PLAIN XOAUTH2"}) as server:
        host = one(f"smtp://localhost:{server.port}", Tokens("abc"), user="u", oauth="m")
        assert try_login(host, hostname="gw", timeout=1).endswith("logged in as u")
    assert server.said("AUTH") == ["AUTH XOAUTH2 dXNlcj11AWF1dGg9QmVhcmVyIGFiYwEB"]


# The lane of the answers is not at fault: it must not be paused for a smarthost's token.
def test_a_token_that_cannot_be_had_is_the_smarthosts_trouble() -> None:
    class Broken(Tokens):
        def __call__(self) -> str:
            raise Temporary("the token server is away")

    with smarthost({"EHLO": "250-x\n250 AUTH XOAUTH2"}) as server, smarthost() as second:
        hosts = [one(f"smtp://localhost:{server.port}", Broken(), user="u", oauth="m")]
        hosts.append(Smarthost("127.0.0.1", second.port, "plain", priority=2))
        with transport(*hosts) as way:
            assert way.deliver("", ["a@example.org"], MAIL).smarthost == f"127.0.0.1:{second.port}"
            assert "nothing to log in with: the token server is away" in way.standings()[0].reason


def test_only_the_mechanism_that_is_set_is_used() -> None:
    with smarthost({"EHLO": "250-x\n250 AUTH PLAIN LOGIN"}) as server:
        host = one(f"smtp://localhost:{server.port}", user="u", password="env:WORD", auth="scram-sha-256")
        with pytest.raises(Temporary, match="we were to use SCRAM-SHA-256"):
            try_login(host, hostname="gw", timeout=1)
    assert server.said("AUTH") == []


# Whoever answers in its place does not know the password, and must not get the mail.
def test_a_server_that_cannot_prove_that_it_knows_the_password_is_left() -> None:
    replies = {"EHLO": "250-x\n250 AUTH SCRAM-SHA-256", "AUTH": "334 cj14LHM9QUFBQSxpPTQwOTY="}
    with smarthost(replies) as server:
        host = one(f"smtp://localhost:{server.port}", user="u", password="env:WORD")
        with pytest.raises(Temporary, match="does not log us in by SCRAM-SHA-256"):
            try_login(host, hostname="gw", timeout=1)
    assert server.said("MAIL") == []


# Such as one with a control character in it: an error of this smarthost, after which the next is asked.
def test_a_password_that_scram_cannot_write_is_an_error_of_the_smarthost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORD", "pass\x07word")
    with smarthost({"EHLO": "250-x\n250 AUTH SCRAM-SHA-256"}) as server:
        host = one(f"smtp://localhost:{server.port}", user="u", password="env:WORD")
        with pytest.raises(Temporary, match="does not log us in by SCRAM-SHA-256"):
            try_login(host, hostname="gw", timeout=1)


def test_openssl_names_the_pin_as_we_read_it(certificate: Certificate) -> None:
    argv = ["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", str(certificate.certificate)]
    said = run(argv, check=True, capture_output=True, text=True).stdout.strip().rpartition("=")[2]
    assert one("smtps://x", pin=said).pin == fingerprint(certificate)
