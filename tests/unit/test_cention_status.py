"""From HTTP status to error: the one table, walked from end to end."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cention.status import error_for
from gateway.errors import GatewayError, Permanent, Refused, Temporary, TooLarge

NOW = datetime(2024, 5, 1, 12, 0, 0, tzinfo=UTC)
TOKEN = "eyJhbGciOiJIUzI1NiJ9.e30.c2VjcmV0"


def error(status: int, body: bytes = b"", **headers: str) -> GatewayError:
    return error_for(status, {key.replace("_", "-"): value for key, value in headers.items()}, body, NOW, TOKEN)


def expected_kind(status: int) -> type[GatewayError]:
    if status in {401, 403}:
        return Refused
    if status == 413:
        return TooLarge
    if 400 <= status < 500 and status not in {407, 408, 421, 425, 429}:
        return Permanent
    return Temporary


@pytest.mark.parametrize("status", range(100, 600))
def test_every_status_has_its_error(status: int) -> None:
    found = error(status, f"your token {TOKEN} is {TOKEN[:12]}".encode())
    assert type(found) is expected_kind(status)
    assert str(status) in str(found)
    assert TOKEN not in str(found)
    assert "eyJ" not in str(found)


# Not every token is a JWT; the one that was sent is hidden whatever it looks like.
@pytest.mark.parametrize("body", [b"bad token s3cr3t/tok3n", b'{"errors":[{"detail":"s3cr3t\\/tok3n is bad"}]}'])
def test_a_token_that_the_server_repeats_is_hidden(body: bytes) -> None:
    found = str(error_for(401, {}, body, NOW, "s3cr3t/tok3n"))
    assert "***" in found
    assert "tok3n" not in found


def test_the_errors_of_json_api_are_told_with_their_places() -> None:
    errors = [
        {
            "status": "422",
            "title": "Invalid",
            "detail": "from is empty",
            "source": {"pointer": "/data/attributes/msg/from"},
        },
        {"title": "Second"},
        {"detail": "Third"},
        {"title": "Same", "detail": "Same"},
        {},
        5,
    ]
    assert str(error(422, json.dumps({"errors": errors}).encode())) == (
        "Cention answered 422 Unprocessable Entity: "
        "Invalid: from is empty (at /data/attributes/msg/from); Second; Third; Same"
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"no such area", "no such area"),
        (b"<html><head><title>Bad</title></head>\r\n<body>page</body></html>", "Bad page"),
        (b"a\x00\x1b[31m\nb", "a [31m b"),
        ("fel på tjänsten".encode("latin-1"), "fel p\ufffd tj\ufffdnsten"),
        (b'{"message":"no"}', '{"message":"no"}'),
        (b'{"errors":"no"}', '{"errors":"no"}'),
        (b'{"errors":[{"title":["x"]}]}', ""),
        (b'"words"', '"words"'),
    ],
)
def test_any_other_text_is_told_from_its_beginning(body: bytes, said: str) -> None:
    assert str(error(400, body)) == "Cention answered 400 Bad Request" + (f": {said}" if said else "")


def test_a_long_text_is_cut() -> None:
    assert len(str(error(500, b"word " * 100_000))) < 600


@pytest.mark.parametrize(
    "body", [b"size limit", b"Attachment too large", b"too big", b"max_size is 10", b'{"errors":[{"title":"Size"}]}']
)
def test_a_400_that_names_size_is_too_large(body: bytes) -> None:
    assert type(error(400, body)) is TooLarge
    assert type(error(422, body)) is Permanent


def test_a_redirect_names_the_other_host() -> None:
    found = error(302, Location="https://sso.example.com/login?token=x")
    assert type(found) is Temporary
    assert "sso.example.com" in str(found)
    assert "token=x" not in str(found)
    for location in ("/elsewhere", "", "http://[::1"):
        assert "to another address" in str(error(302, location=location))


@pytest.mark.parametrize(
    ("value", "delay"),
    [
        ("120", timedelta(seconds=120)),
        (" 00120 ", timedelta(seconds=120)),
        ("0", None),
        ("86400", timedelta(days=1)),
        ("99999", timedelta(days=1)),
        ("9" * 10_000, timedelta(days=1)),
        ("Wed, 01 May 2024 12:05:00 GMT", timedelta(minutes=5)),
        ("Wed, 01 May 2024 14:05:00 +0200", timedelta(minutes=5)),
        ("Wed, 01 May 2024 12:05:00 -0000", timedelta(minutes=5)),
        ("Wednesday, 01-May-24 12:05:00 GMT", timedelta(minutes=5)),
        ("Wed May  1 12:05:00 2024", timedelta(minutes=5)),
        ("Thu, 01 May 2034 12:00:00 GMT", timedelta(days=1)),
        ("Wed, 01 May 2024 11:00:00 GMT", None),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("\u0665", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_read_as_seconds_or_date_and_bounded_to_a_day(
    status: int, value: str, delay: timedelta | None
) -> None:
    found = error(status, Retry_After=value)
    assert isinstance(found, Temporary)
    assert found.delay == delay


@given(st.integers(100, 599), st.binary(), st.text(), st.text())
def test_no_answer_at_all_is_unexpected(status: int, body: bytes, location: str, retry: str) -> None:
    found = error(status, body, location=location, retry_after=retry)
    assert str(found).isprintable()


# Dates in Retry-After that the calendar does not have.
@given(
    st.from_regex(r"(Mon, )?\d{1,3} (Jan|Feb|Foo) \d{1,5} \d{1,3}:\d{1,3}(:\d\d)? ([+-]\d{1,6}|GMT|)", fullmatch=True)
)
def test_no_date_at_all_is_unexpected(value: str) -> None:
    found: Any = error(503, retry_after=value)
    assert found.delay is None or timedelta() < found.delay <= timedelta(days=1)
