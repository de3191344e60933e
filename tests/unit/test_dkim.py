"""DKIM signatures: what is signed and by which key; keys in the settings; keys in DNS. OpenDKIM has the last word."""

import base64
import hashlib
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, rsa
from dns.rdatatype import TXT
from pydantic import ValidationError

from gateway.config.dkim import Dkim
from gateway.errors import Temporary
from gateway.outgoing.dkim import Signer, relaxed_body, sign, signers
from gateway.outgoing.dkim_dns import published, txt_of
from gateway.outgoing.dkim_key import Key, new_key, read_key, zone_line

MAIL = b"From: A <a@example.com>\r\nTo: b@example.net\r\nSubject: one\r\n\tline\r\n\r\nHello.\r\n"
DATE = 1_764_000_000.75
ED25519 = new_key("ed25519")


@pytest.fixture(scope="module")
def rsa_key() -> Key:
    return new_key("rsa")


def signer(domain: str = "example.com", selector: str = "gw", key: Key = ED25519, **more: Any) -> Signer:
    settings = {"headers": ("from", "subject", "cc"), "oversign": frozenset({"from", "cc"})} | more
    return Signer(domain, selector, key, **settings)


def tags(signed: bytes) -> list[dict[str, str]]:
    """The tags of each signature of a mail."""
    headers = re.findall(rb"^DKIM-Signature:((?:.*\r\n)(?:[ \t].*\r\n)*)", signed, re.MULTILINE)
    return [dict(re.findall(r"(\w+)=([^;]*)", re.sub(r"\s+", "", one.decode()))) for one in headers]


# RFC 6376 3.4.5 and 3.4.4, RFC 8463 A.3 (its body and what it hashes to).
@pytest.mark.parametrize(
    ("body", "relaxed"),
    [
        (b" C \r\nD \t E\r\n\r\n\r\n", b" C\r\nD E\r\n"),
        (b"", b""),
        (b"\r\n \r\n\t\r\n", b""),
        (b"no end", b"no end\r\n"),
    ],
)
def test_a_body_is_canonicalized_as_the_standard_shows(body: bytes, relaxed: bytes) -> None:
    assert relaxed_body(body) == relaxed


def test_a_body_hashes_to_what_the_standard_shows() -> None:
    body = b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"
    digest = base64.b64encode(hashlib.sha256(relaxed_body(body)).digest())
    assert digest == b"2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8="


def test_a_signature_says_what_is_signed_when_and_by_whom() -> None:
    signed = sign(MAIL, "a@example.com", DATE, [signer()])
    [found] = tags(signed)
    assert signed.endswith(MAIL)
    assert (found["a"], found["c"], found["d"], found["s"], found["t"]) == (
        *("ed25519-sha256", "relaxed/relaxed", "example.com", "gw"),
        "1764000000",
    )
    assert found["h"] == "from:from:subject:cc"


# So that a mail that is tried again is the same mail.
def test_the_same_mail_gives_the_same_bytes(rsa_key: Key) -> None:
    both = [signer(), signer(selector="r", key=rsa_key)]
    assert len({sign(MAIL, "a@example.com", DATE, both) for _ in range(3)}) == 1
    assert [one["s"] for one in tags(sign(MAIL, "a@example.com", DATE, both))] == ["gw", "r"]


@pytest.mark.parametrize(
    ("sender", "selectors"),
    [
        ("a@example.com", ["all"]),
        ("a@EXAMPLE.com", ["all"]),
        ("a@mail.example.com", ["mail"]),
        ("a@x.mail.example.com", ["mail"]),
        ("a@other.example.com", ["all"]),
        ("a@notexample.com", []),
        ("a@example.org", []),
        ("nobody", []),
    ],
)
def test_the_nearest_domains_keys_sign(sender: str, selectors: list[str]) -> None:
    keys = [signer(selector="all"), signer("mail.example.com", "mail")]
    assert [one["s"] for one in tags(sign(MAIL, sender, DATE, keys))] == selectors


def test_a_mail_without_a_key_is_as_it_was() -> None:
    assert sign(MAIL, "a@example.com", DATE, []) == MAIL


def test_no_line_of_a_signature_is_long(rsa_key: Key) -> None:
    names = tuple(f"x-{'long' * 14}-{number}" for number in range(60))
    signed = sign(MAIL, "a@example.com", DATE, [signer(key=rsa_key, headers=names, oversign=frozenset(names))])
    assert max(map(len, signed.split(b"\r\n"))) <= 80
    [found] = tags(signed)
    assert found["h"].split(":") == list(names)


# -- the settings


def table(path: Path, **more: Any) -> Dkim:
    return Dkim.model_validate({"domain": "example.com", "selector": "gw", "key": f"file:{path}"} | more)


def pem(private: Any, password: bytes = b"") -> bytes:
    locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    found: bytes = private.private_bytes(serialization.Encoding.PEM, form, locked)
    return found


def test_keys_are_read_from_their_files(tmp_path: Path, rsa_key: Key) -> None:
    for name, key in (("r", rsa_key), ("e", ED25519)):
        (tmp_path / name).write_bytes(key.pem)
    lines: list[str] = []
    found = signers([table(tmp_path / "r", selector="r"), table(tmp_path / "e", selector="e")], lines)
    assert ([one.key.kind for one in found], lines) == (["rsa", "ed25519"], [])


def test_a_key_that_is_none_is_told_with_its_place_and_nothing_of_it(tmp_path: Path) -> None:
    ours = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    wrong = {
        b"secret nonsense": "expected a private key in PEM",
        pem(ours, b"word"): "without a password",
        pem(dsa.generate_private_key(1024)): "DKIM knows no other",
    }
    for content, said in wrong.items():
        (tmp_path / "key").write_bytes(content)
        lines: list[str] = []
        assert signers([table(tmp_path / "key")], lines) == ()
        [line] = lines
        assert line.startswith(f"dkim[1].key: file:{tmp_path / 'key'}: ")
        assert said in line
        assert "nonsense" not in line


def test_a_key_file_that_is_not_there_is_a_mistake_of_the_settings(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="cannot be read"):
        table(tmp_path / "none")


def test_two_keys_cannot_have_one_name(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(ED25519.pem)
    lines: list[str] = []
    signers([table(tmp_path / "key"), table(tmp_path / "key")], lines)
    assert lines == ['dkim[2].selector: "gw" of example.com is that of an earlier [[dkim]]']


@pytest.mark.parametrize(
    "more",
    [
        {"headers": ["Subject"]},
        {"headers": ["From", "DKIM-Signature"]},
        {"headers": ["From", "Sub ject"]},
        {"domain": "exa mple.com"},
        {"selector": "-x"},
    ],
)
def test_settings_that_could_not_work_are_refused(tmp_path: Path, more: dict[str, Any]) -> None:
    (tmp_path / "key").write_bytes(ED25519.pem)
    with pytest.raises(ValidationError, match=r"expected|sign|match"):
        table(tmp_path / "key", **more)


def test_a_domain_is_known_by_its_letters_in_dns(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(ED25519.pem)
    assert table(tmp_path / "key", domain="Exämple.com.").domain == "xn--exmple-cua.com"


# -- DNS


def said(record: str | list[str], key: Key = ED25519) -> tuple[str, str]:
    records = [record] if isinstance(record, str) else record
    found = published(signer(key=key), lambda name: records if name == "gw._domainkey.example.com" else [])
    return found.state, found.said


def test_a_record_in_a_zone_file_has_short_strings_that_say_it_again(rsa_key: Key) -> None:
    line = zone_line("example.com", "gw", rsa_key.record)
    strings = re.findall(r'"([^"]*)"', line)
    assert line.startswith("gw._domainkey.example.com. IN TXT ( ")
    assert max(map(len, strings)) == 255
    assert "".join(strings) == rsa_key.record


def test_a_record_that_has_our_key_is_well(rsa_key: Key) -> None:
    assert said(ED25519.record)[0] == said(rsa_key.record, rsa_key)[0] == "ok"
    assert said(ED25519.record.replace("p=", "h=sha1:sha256; s=email; t=s; p= "))[0] == "ok"


# Some write an RSA key without what says that it is one (RFC 6376 3.6.1), and leave out what is the default.
def test_other_ways_to_write_a_record_are_understood(rsa_key: Key) -> None:
    assert isinstance(rsa_key.private, rsa.RSAPrivateKey)
    bare = rsa_key.private.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    assert said(f"p={base64.b64encode(bare).decode()}", rsa_key)[0] == "ok"


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ([], "is not in DNS"),
        (["v=DKIM1; p=x", "v=DKIM1; p=y"], "has 2 records"),
        ("v=DKIM1; k=ed25519; p=", "revoked"),
        ("v=DKIM1; k=ed25519", "no key"),
        ("v=DKIM1; p=AAAA", "of kind 'rsa'"),
        ("v=DKIM2; k=ed25519; p=AAAA", "version"),
        ("v=DKIM1; k=ed25519; h=sha1; p=AAAA", "SHA-256"),
        ("v=DKIM1; k=ed25519; s=tlsrpt; p=AAAA", "not for mail"),
        ("v=DKIM1; k=ed25519; p=AAAA", "another key"),
        ("v=DKIM1; k=ed25519; p=*", "another key"),
    ],
)
def test_a_record_that_would_make_signatures_fail_is_told_with_what_belongs_there(
    record: str | list[str], why: str
) -> None:
    state, what = said(record)
    assert state == "wrong"
    assert why in what
    assert ED25519.record in what


def test_what_may_surprise_is_a_warning() -> None:
    weak = Key(rsa.generate_private_key(public_exponent=65537, key_size=1024))
    assert said(weak.record, weak)[0] == "warning"
    assert said(ED25519.record.replace("k=", "t=y; k="))[0] == "warning"


@pytest.fixture
def resolver(rsa_key: Key) -> Iterator[dns.resolver.Resolver]:
    """A resolver that asks a DNS server of the test's own, which knows one key; what is "silent" it never answers."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def answer() -> None:
        while True:
            data, peer = server.recvfrom(65535)
            if data == b"end":
                return
            query = dns.message.from_wire(data)
            reply, name = dns.message.make_response(query), query.question[0].name
            if name.to_text().startswith("silent"):
                continue
            if name.to_text() == "gw._domainkey.example.com.":
                strings = re.findall(r'"[^"]*"', zone_line("example.com", "gw", rsa_key.record))
                reply.answer.append(dns.rrset.from_text(name, 60, "IN", TXT, " ".join(strings)))
            else:
                reply.set_rcode(dns.rcode.NXDOMAIN)
            server.sendto(reply.to_wire(), peer)

    thread = threading.Thread(target=answer)
    thread.start()
    asking = dns.resolver.Resolver(configure=False)
    asking.nameservers, asking.port = ["127.0.0.1"], server.getsockname()[1]
    asking.timeout = asking.lifetime = 0.3
    yield asking
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ending:
        ending.sendto(b"end", server.getsockname())
    thread.join()
    server.close()


# Over real DNS: a long record comes in pieces.
def test_a_key_is_looked_up_in_dns(resolver: dns.resolver.Resolver, rsa_key: Key) -> None:
    look_up = txt_of(resolver)
    assert look_up("gw._domainkey.example.com") == [rsa_key.record]
    assert published(signer(key=rsa_key), look_up).state == "ok"
    assert look_up("none._domainkey.example.com") == []


def test_dns_that_does_not_answer_is_no_verdict_on_the_key(resolver: dns.resolver.Resolver) -> None:
    look_up = txt_of(resolver)
    with pytest.raises(Temporary, match="DNS does not answer"):
        look_up("silent.example.com")
    assert published(signer(selector="silent"), look_up).state == "warning"


def test_a_key_reads_back_as_it_was_written() -> None:
    assert read_key(ED25519.pem.decode()).public == ED25519.public
    assert "PRIVATE" not in repr(ED25519)
