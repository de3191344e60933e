"""A mail handed to a smarthost: what is said on the line, and what comes back."""

import pytest

from gateway.errors import Permanent, Temporary, TooLarge
from gateway.outgoing.smarthost import Delivery, Refusal, Smarthost
from tests.unit.scripted_smarthost import deliver, smarthost

MAIL = b"From: a@example.com\r\nSubject: x\r\n\r\nHello\r\n"


def send(
    port: int,
    recipients: tuple[str, ...] = ("ann@example.org",),
    message: bytes = MAIL,
    sender: str = "support@example.com",
) -> Delivery:
    return deliver([Smarthost("localhost", port, "plain")], sender, recipients, message, seconds=0.5)


def test_a_mail_is_handed_over_with_its_envelope() -> None:
    with smarthost() as server:
        delivery = send(server.port, recipients=("ann@example.org", "bob@example.org", "ann@example.org"))
    assert delivery == Delivery(
        ("ann@example.org", "bob@example.org"), (), f"localhost:{server.port}", "250 2.0.0 Ok: queued as ABC123"
    )
    assert server.mails == [MAIL]
    assert server.commands == [
        "ehlo gw.example.com",
        f"MAIL FROM:<support@example.com> SIZE={len(MAIL)}",
        "RCPT TO:<ann@example.org>",
        "RCPT TO:<bob@example.org>",
        "DATA",
        "quit",
    ]


def test_the_null_sender_is_written_as_such() -> None:
    with smarthost() as server:
        send(server.port, sender="")
    assert server.said("MAIL")[0].startswith("MAIL FROM:<> ")


# Lines over 998 are not for us to refuse here, and a dot at a line's beginning must not end the mail.
@pytest.mark.parametrize(
    "body", [b"x" * 5000, b".", b"..\r\n.\r\n...x", b"\r\n.\r\n", b"", b"a\r\n" * 400_000, b"." + b"y" * 300_000]
)
def test_a_mail_arrives_byte_for_byte(body: bytes) -> None:
    message = b"Subject: x\r\n\r\n" + body + b"\r\n"
    with smarthost() as server:
        send(server.port, message=message)
    assert server.mails == [message]


def test_a_last_line_without_its_end_gets_one() -> None:
    with smarthost() as server:
        send(server.port, message=b".Subject: x\r\n\r\nend")
    assert server.mails == [b".Subject: x\r\n\r\nend\r\n"]


# SMTP smuggling: what some server takes for the end of data must not leave here, whoever composed it.
@pytest.mark.parametrize("end", [b"\n.\n", b"\r.\r", b"\r\n.\n", b"\n.\r\n", b"\r.\r\n", b"\r\n.\r", b"\r\r\n.\r\r\n"])
def test_a_bare_line_end_never_leaves(end: bytes) -> None:
    with smarthost() as server, pytest.raises(Permanent, match="bare CR or LF"):
        send(server.port, message=MAIL + b"x" + end + b"MAIL FROM:<evil@example.com>\r\n")
    assert server.commands == []


def test_an_old_server_is_spoken_to_without_extensions() -> None:
    with smarthost({"EHLO": "502 what?"}) as server:
        send(server.port)
    assert server.said("MAIL") == ["MAIL FROM:<support@example.com>"]


def test_extensions_are_used_only_where_the_mail_needs_them() -> None:
    with smarthost() as server:
        send(server.port)
        send(server.port, message=MAIL + "ü\r\n".encode())
        send(server.port, recipients=("jürgen@bücher.example",))
        send(server.port, message=b"To: " + "jürgen@x.example\r\n\r\n".encode())
    options = [command.split("> ")[1].split(" ", 1)[1:] for command in server.said("MAIL")]
    assert options == [[], ["BODY=8BITMIME"], ["SMTPUTF8"], ["BODY=8BITMIME SMTPUTF8"]]
    assert server.said("RCPT")[2] == "RCPT TO:<jürgen@xn--bcher-kva.example>"


def test_a_domain_outside_ascii_needs_no_extension() -> None:
    with smarthost({"EHLO": "250 smarthost.example"}) as server:
        delivery = send(server.port, recipients=("ann@bücher.example",))
    assert server.said("RCPT") == ["RCPT TO:<ann@xn--bcher-kva.example>"]
    assert delivery.sent == ("ann@bücher.example",)


@pytest.mark.parametrize(
    ("arguments", "extension"),
    [({"message": MAIL + b"\xc3\xbc\r\n"}, "8BITMIME"), ({"recipients": ("ü@b.example",)}, "SMTPUTF8")],
)
def test_what_the_smarthost_cannot_carry_is_refused_for_good(arguments: dict[str, bytes], extension: str) -> None:
    with smarthost({"EHLO": "250 smarthost.example"}) as server, pytest.raises(Permanent, match=extension):
        send(server.port, **arguments)  # type: ignore[arg-type]
    assert server.said("MAIL") == []


def test_a_mail_over_the_smarthosts_size_is_not_even_begun() -> None:
    with smarthost({"EHLO": "250-x\n250 SIZE 20"}) as server, pytest.raises(TooLarge, match="20 bytes"):
        send(server.port)
    assert server.said("MAIL") == []


def test_a_refused_recipient_is_told_and_the_others_get_the_mail() -> None:
    replies = {"RCPT TO:<gone": "550 5.1.1 No such user", "RCPT TO:<full": "452 4.2.2 Mailbox full"}
    with smarthost(replies) as server:
        delivery = send(
            server.port, recipients=("gone@x.example", "ann@x.example", "full@x.example", "no address", "no address")
        )
    assert delivery.sent == ("ann@x.example",)
    assert len(delivery.refused) == 3
    assert delivery.refused[1:] == (
        Refusal("gone@x.example", 550, "5.1.1 No such user", permanent=True),
        Refusal("full@x.example", 452, "4.2.2 Mailbox full", permanent=False),
    )
    assert (delivery.refused[0].recipient, delivery.refused[0].permanent) == ("no address", True)
    assert len(server.mails) == 1


def test_all_refused_for_good_is_permanent_with_every_reason() -> None:
    with smarthost({"RCPT": "550 5.1.1 No such user"}) as server, pytest.raises(Permanent) as told:
        send(server.port, recipients=("a@x.example", "b@x.example"))
    assert "a@x.example: 550 5.1.1 No such user; b@x.example: 550" in str(told.value)
    assert server.said("DATA") == []


def test_all_refused_for_now_is_temporary() -> None:
    with smarthost({"RCPT": "450 4.7.1 Greylisted"}) as server, pytest.raises(Temporary, match="Greylisted"):
        send(server.port)


# Neither error would do: one would bother the refused ones again, the other give up the rest.
def test_all_refused_some_for_good_tells_each() -> None:
    with smarthost({"RCPT TO:<gone": "550 No", "RCPT": "450 Later"}) as server:
        delivery = send(server.port, recipients=("gone@x.example", "ann@x.example"))
    assert delivery.sent == ()
    assert [refusal.permanent for refusal in delivery.refused] == [True, False]
    assert server.said("DATA") == []


@pytest.mark.parametrize("recipients", [(), ("nobody",), ("a@b>\r\nRCPT TO:<evil@x",)])
def test_a_mail_for_nobody_is_refused_for_good(recipients: tuple[str, ...]) -> None:
    with smarthost() as server, pytest.raises(Permanent):
        send(server.port, recipients=recipients)
    assert server.commands == []


def test_a_sender_that_is_no_address_is_refused_for_good() -> None:
    with smarthost() as server, pytest.raises(Permanent, match="this address"):
        send(server.port, sender="a@b>\r\nRCPT TO:<evil@x>")
    assert server.commands == []
