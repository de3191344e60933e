"""Marks in our addresses: written, carried by the mail of others, and read again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.route.recipient import Recipients
from gateway.route.tag import Returned, answer_of, errand_of, tagged, verp

SUPPORT, ANSWER = "support@example.com", "01JDN3K4R5ABCDEFGHJKMNPQRS"
ROUTES = Recipients.of(
    [
        ("support", [SUPPORT, "support+eu@example.com", '"a b"@example.com']),
        ("vip", ["support+e7@example.com"]),
    ]
)


def test_an_address_carries_an_errand_there_and_back() -> None:
    assert tagged(SUPPORT, "2256") == "support+e2256@example.com"
    assert errand_of("Support+E2256@Example.com") == "2256"
    assert tagged('"a b"@example.com', "2256") == '"a b+e2256"@example.com'
    assert errand_of('"a b+e2256"@example.com') == "2256"


@pytest.mark.parametrize("errand", ["", "12a", "1" * 19, "٣", "1\n"])
def test_what_is_no_number_is_not_put_into_an_address(errand: str) -> None:
    assert tagged(SUPPORT, errand) == SUPPORT


@pytest.mark.parametrize(
    "recipient", [SUPPORT, "support+expenses@example.com", "support+e22x@example.com", "e22@example.com", "+e22", ""]
)
def test_an_address_without_a_mark_names_no_errand(recipient: str) -> None:
    assert errand_of(recipient) is None
    assert answer_of(recipient) is None


def test_a_long_name_goes_without_the_mark() -> None:
    long = f"{'x' * 62}@example.com"
    assert tagged(long, "2256") == long
    assert verp(long, ANSWER, "ann@example.net") == long
    without = verp(f"{'x' * 30}@example.com", ANSWER, "ann@example.net")
    assert answer_of(without) == Returned(ANSWER)


def test_an_envelope_sender_tells_the_answer_and_its_recipient() -> None:
    sender = verp(SUPPORT, ANSWER, "Ann@Example.net")
    returned = answer_of(sender.upper())
    assert returned is not None
    assert returned.answer == ANSWER
    assert returned.is_of("ann@example.net")
    assert not returned.is_of("bob@example.net")
    for_all = answer_of(verp(SUPPORT, ANSWER))
    assert for_all == Returned(ANSWER)
    assert for_all.is_of("bob@example.net")


# Also where the address has a plus of its own; and a route that names the marked address itself goes first.
@pytest.mark.parametrize(
    ("recipient", "route"),
    [
        ("support+e2256@example.com", "support"),
        ("support+eu+e2256@example.com", "support"),
        ('"a b+e2256"@example.com', "support"),
        ("support+e7@example.com", "vip"),
        ("other+e2256@example.com", None),
        (verp("support+eu@example.com", ANSWER, "ann@example.net"), "support"),
    ],
)
def test_a_marked_address_finds_the_route_of_the_plain_one(recipient: str, route: str | None) -> None:
    assert ROUTES.match(recipient) == route


@given(st.emails(), st.integers(0, 10**18 - 1))
def test_any_address_comes_back_as_it_was_marked(address: str, number: int) -> None:
    marked = tagged(address, str(number))
    assert marked == address or errand_of(marked) == str(number)


@given(st.text())
def test_any_text_is_read(recipient: str) -> None:
    errand, answer = errand_of(recipient), answer_of(recipient)
    assert errand is None or f"+e{errand}" in recipient.lower()
    assert answer is None or f"+a{answer.answer.lower()}" in recipient.lower()
