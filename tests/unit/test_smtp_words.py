"""Addresses in commands, hops in headers, errors as replies."""

import pytest

from gateway import errors
from gateway.errors import Full, GatewayError, Paused, Permanent, Refused, SettingsError, Temporary, TooLarge
from gateway.sources.hops import hops
from gateway.sources.path import read_path
from gateway.sources.reply import reply_for


@pytest.mark.parametrize(
    ("argument", "address"),
    [
        ("FROM:<a@b.example>", "a@b.example"),
        ("from: <a@b.example>", "a@b.example"),
        ("FROM:<>", ""),
        ("FROM:a@b.example", "a@b.example"),
        ('FROM:<"odd one"@b.example>', '"odd one"@b.example'),
        ("FROM:<@relay.example,@other.example:a@b.example>", "a@b.example"),
        ("FROM:<åsa@ö.example>", "åsa@ö.example"),
        ("FROM:<a@[192.0.2.1]>", "a@[192.0.2.1]"),
        (f"FROM:<{'x' * 200}@b.example>", "x" * 200 + "@b.example"),
    ],
)
def test_an_address_that_can_be_delivered_is_read(argument: str, address: str) -> None:
    path = read_path(argument, "FROM")
    assert path is not None
    assert path.address == address


@pytest.mark.parametrize("argument", ["", "FROM", "FROM:", "FROM:<a b@c>", "FROM:<a@b", "TO:<a@b>", "FROM:<a\x00@b>"])
def test_what_is_no_address_is_refused(argument: str) -> None:
    assert read_path(argument, "FROM") is None


def test_parameters_have_upper_case_names() -> None:
    path = read_path("FROM:<a@b> size=10 BODY=8BITMIME SMTPUTF8", "FROM")
    assert path is not None
    assert path.parameters == {"SIZE": "10", "BODY": "8BITMIME", "SMTPUTF8": ""}


def test_a_recipient_is_never_the_null_path() -> None:
    assert read_path("TO:<>", "TO") is None


def test_hops_count_every_received_and_those_of_ours() -> None:
    head = (
        b"Received: from a by gw.example.com with ESMTP;\r\n Tue\r\nreceived: from b\r\n\tby gw.example.com\r\n"
        b"Received: from c by other.example\r\nX-Cention-Errand: gw.example.com; errand=7\r\n"
        b"X-Cention-Errand: else.example; errand=8\r\nReceived: from d by gw.example.com.evil\r\nSubject: x\r\n\r\n"
    )
    assert hops(head, "GW.example.com") == (4, 3)


# Every class of the family has its reply, and the reply says temporary or permanent as the class does (rule 6).
@pytest.mark.parametrize(
    ("error", "start"),
    [
        (Full("x"), "452 4.3.1 "),
        (TooLarge("x"), "552 5.3.4 "),
        (Permanent("x"), "554 5.6.0 "),
        (Refused("x"), "451 4.3.0 "),
        (Temporary("x"), "451 4.3.0 "),
        (Paused("x"), "451 4.3.0 "),
        (SettingsError(["x"]), "451 4.3.0 "),
        (ValueError("secret inside"), "451 4.3.0 "),
        (MemoryError(), "451 4.3.0 "),
    ],
)
def test_errors_become_replies_that_say_whether_to_try_again(error: Exception, start: str) -> None:
    reply = reply_for(error, "TRACE")
    assert reply.startswith(start)
    assert "TRACE" in reply
    assert "secret inside" not in reply


def test_the_table_of_replies_knows_the_whole_family() -> None:
    family = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, GatewayError)}
    assert family == {GatewayError, Temporary, Permanent, TooLarge, Refused, Full, Paused, SettingsError}
