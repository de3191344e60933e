"""From a recipient to its route."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.route.recipient import Recipients, check_pattern, duplicates

RECIPIENTS = Recipients.of(
    [
        ("support", ["support@example.com", "*@support.example.com"]),
        ("vip", ["support+vip@example.com", "boss@support.example.com"]),
        ("german", ["info@bücher.example", "*@xn--mller-kva.example"]),
        ("quoted", ['"john smith"@example.com', "plain@example.com", '"a@b"@example.com']),
        ("literal", ["root@[192.0.2.1]", "root@[IPv6:2001:db8::1]"]),
    ]
)


@pytest.mark.parametrize(
    ("recipient", "route"),
    [
        ("support@example.com", "support"),
        ("Support@EXAMPLE.com", "support"),
        ("support@example.com.", "support"),
        ("support@example.com..", None),
        ("supporter@example.com", None),
        ("support@example.org", None),
        ("support@sub.example.com", None),
        # Plus-addressing, unless a route names the address exactly.
        ("support+x@example.com", "support"),
        ("Support+a+b@example.com", "support"),
        ("support+@example.com", "support"),
        ("support+vip@example.com", "vip"),
        ("SUPPORT+VIP@example.com", "vip"),
        ("+support@example.com", None),
        ("other+support@example.com", None),
        # A domain's own route takes what nobody names.
        ("anyone@support.example.com", "support"),
        ("any+one@Support.Example.Com.", "support"),
        ("boss@support.example.com", "vip"),
        ("boss+x@support.example.com", "vip"),
        ("*@support.example.com", "support"),
        ("anyone@sub.support.example.com", None),
        # Domains in their own letters and in IDNA's.
        ("info@bücher.example", "german"),
        ("info@BÜCHER.example", "german"),
        ("info@xn--bcher-kva.example", "german"),
        ("info@XN--BCHER-KVA.example", "german"),
        ("info@bu\u0308cher.example", "german"),
        ("info@bücher\u3002example", "german"),
        ("info@bucher.example", None),
        ("anyone@müller.example", "german"),
        ("anyone@xn--mller-kva.example", "german"),
        # Quotes that a local part needs, and those that it does not (RFC 5321 4.1.2).
        ('"john smith"@example.com', "quoted"),
        ('"John\\ Smith"@example.com', "quoted"),
        ('"plain"@example.com', "quoted"),
        ('"plain+x"@example.com', "quoted"),
        ('"a@b"@example.com', "quoted"),
        ("root@[192.0.2.1]", "literal"),
        ("root@[ipv6:2001:DB8::1]", "literal"),
        # What is no address has no route.
        ("", None),
        ("@", None),
        ("support", None),
        ("@example.com", None),
        ("support@", None),
        ("@support.example.com", None),
        ('""@support.example.com', None),
    ],
)
def test_a_recipient_finds_its_route(recipient: str, route: str | None) -> None:
    assert RECIPIENTS.match(recipient) == route


# A domain label that only a decoder makes equal to ours is another domain.
def test_a_domain_is_not_matched_by_a_look_alike() -> None:
    recipients = Recipients.of([("a", ["*@example.com"]), ("b", ["*@straße.example"])])
    wide = "\uff45xample".encode("punycode").decode()
    assert recipients.match(f"x@xn--{wide}.com") is None
    assert recipients.match("x@strasse.example") is None


def test_the_first_of_two_routes_that_claim_a_recipient_has_it() -> None:
    claims = [("one", ["A@example.com", "a@example.com."]), ("two", ["a@EXAMPLE.com", "b@example.com"])]
    assert Recipients.of(claims).match("a@example.com") == "one"


def test_a_pattern_that_two_routes_claim_is_reported() -> None:
    claims = [
        ("one", ["A@example.com", "a@example.com.", "*@bücher.example"]),
        ("two", ["a@EXAMPLE.com", "b@example.com"]),
        ("three", ["*@xn--bcher-kva.example", '"a"@example.com']),
    ]
    assert duplicates(claims) == (
        ("a@example.com", ("one", "two", "three")),
        ("*@bücher.example", ("one", "three")),
    )


def test_a_pattern_that_one_route_names_twice_is_no_conflict() -> None:
    assert duplicates([("one", ["a@example.com", "A@example.com"])]) == ()


@pytest.mark.parametrize(
    "pattern",
    [
        "support@example.com",
        "Support+x@Example.Com.",
        "*@example.com",
        "*@bücher.example",
        "info@xn--bcher-kva.example",
        "müller@example.com",
        '"john smith"@example.com',
        "root@localhost",
        "root@[192.0.2.1]",
        "root@[IPv6:2001:db8::1]",
        "o'neill/x=y@host_name.example",
    ],
)
def test_a_right_pattern_has_nothing_wrong(pattern: str) -> None:
    assert check_pattern(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("", "expected an address"),
        ("*", "expected an address"),
        ("support", "expected an address"),
        ("@example.com", "expected an address"),
        ('""@example.com', "expected an address"),
        ("support@", "is not a domain"),
        ("support@.", "is not a domain"),
        ("support@a..b", "is not a domain"),
        ("support@-a.example", "is not a domain"),
        ("support@exa mple.com", "is not a domain"),
        ("support@example.com>", "is not a domain"),
        ("support@[192.0.2.1", "is not a domain"),
        ("<support@example.com", "need quotes"),
        ("john smith@example.com", "need quotes"),
        ('"john@example.com', "need quotes"),
        ("a@b@example.com", "need quotes"),
        ("sup*@example.com", "stands for every address"),
        ('"*"@example.com', "stands for every address"),
        ("*@*", "stands for every address"),
        ("*@*.example.com", "stands for every address"),
        ("support@*", "stands for every address"),
    ],
)
def test_what_is_wrong_with_a_pattern_is_said(pattern: str, said: str) -> None:
    assert said in (check_pattern(pattern) or "")


@given(st.text() | st.tuples(st.text(), st.text("xn--az09.é。")).map("@".join))
def test_any_text_at_all_can_be_asked_for_and_what_is_right_finds_itself(recipient: str) -> None:
    assert RECIPIENTS.match(recipient) in {None, "support", "vip", "german", "quoted", "literal"}
    own = Recipients.of([("own", [recipient])]).match(recipient.replace("*", "x"))
    assert own == "own" or check_pattern(recipient) is not None


# Vowel signs are no letters for Python, but Hindi, Tamil and Thai domains are written with them.
@pytest.mark.parametrize("domain", ["a.xn--i1b6b1a6a2e", "xn--xkc2dl3a5ee0h.example", "ไทย.example", "संगठन.example"])
def test_a_domain_in_a_script_with_vowel_signs_is_one(domain: str) -> None:
    assert check_pattern(f"support@{domain}") is None
    assert Recipients.of([("route", [f"support@{domain}"])]).match(f"SUPPORT@{domain.upper()}") == "route"


# However a right address is written, the pattern that names it finds it.
@given(st.emails().filter(lambda email: "*" not in email))
def test_a_pattern_finds_its_own_address_in_any_letter_case(email: str) -> None:
    assert Recipients.of([("route", [email])]).match(email.upper()) == "route"
    assert check_pattern(email) is None
