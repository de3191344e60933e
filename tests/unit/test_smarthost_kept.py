"""Connections that are kept from mail to mail, and commands that leave together."""

import pytest

from gateway.errors import Permanent, Temporary
from gateway.outgoing.smarthost import Ambiguous, Delivery, Keeping, Smarthost, Transport
from tests.unit.scripted_smarthost import CUT, PLEASANT, Once, smarthost, transport

MAIL = b"Subject: x\r\n\r\nHello\r\n"
PIPELINING = {"EHLO": "250-x\n250-PIPELINING\n250 SIZE 1000000"}


def host(port: int, **more: object) -> Smarthost:
    return Smarthost("127.0.0.1", port, "plain", **more)  # type: ignore[arg-type]


def send(way: Transport, *recipients: str) -> Delivery:
    return way.deliver("s@example.com", recipients or ("ann@example.org",), MAIL)


def test_mails_one_after_the_other_go_on_one_connection() -> None:
    with smarthost() as server, transport(host(server.port)) as way:
        for _ in range(3):
            send(way)
    assert (server.connections, len(server.mails), len(server.said("QUIT"))) == (1, 3, 1)
    assert server.said("RSET") == []


def test_a_connection_carries_so_many_mails_and_no_more() -> None:
    with smarthost() as server, transport(host(server.port), keeping=Keeping(mails=2)) as way:
        for _ in range(5):
            send(way)
    assert server.connections == 3


def test_a_connection_without_mail_is_left_after_a_while() -> None:
    with smarthost() as server, transport(host(server.port), keeping=Keeping(idle=0.0)) as way:
        send(way)
        assert way.standings()[0].kept == 1
        way.reap()
        assert way.standings()[0].open == 0
        assert len(server.said("QUIT")) == 1


# Nothing of a mail that was refused is the next one's; and what is mended at a Postfix, new connections see first.
@pytest.mark.parametrize("replies", [{"RCPT TO:<gone": "550 no"}, {"end": "451 later"}, {"MAIL": "451 later"}])
def test_after_a_refusal_the_next_mail_goes_on_another_connection(replies: dict[str, str]) -> None:
    with smarthost(Once(replies)) as server, transport(host(server.port)) as way:
        with pytest.raises((Permanent, Temporary)):
            send(way, "gone@example.org")
        assert way.standings()[0].open == 0
        send(way)
    assert (server.connections, len(server.said("QUIT"))) == (2, 2)


# The smarthost may end a connection just when the next mail is begun; that says nothing of the smarthost.
@pytest.mark.parametrize("last_word", [CUT, "421 4.4.2 timeout"])
def test_a_kept_connection_that_turns_out_dead_is_no_failure(last_word: str) -> None:
    replies = Once()
    with smarthost(replies) as server, transport(host(server.port)) as way:
        send(way)
        replies["MAIL"] = last_word
        assert send(way).sent
        assert way.standings()[0].failures == 0
    assert (server.connections, len(server.mails)) == (2, 2)


def test_a_new_connection_that_dies_is_a_failure() -> None:
    with smarthost(Once({"MAIL": CUT})) as server, transport(host(server.port)) as way:
        with pytest.raises(Temporary):
            send(way)
        assert way.standings()[0].failures == 1
    assert server.connections == 1


def test_a_kept_connection_that_dies_after_the_sender_is_a_failure() -> None:
    replies = Once()
    with smarthost(replies) as server, transport(host(server.port)) as way:
        send(way)
        replies["DATA"] = CUT
        with pytest.raises(Temporary):
            send(way)
    assert server.connections == 1


# A second copy is made only by a later try, never by the one that does not know.
def test_a_connection_that_dies_after_the_final_dot_is_not_tried_again_at_once() -> None:
    replies = Once()
    with smarthost(replies) as server, transport(host(server.port)) as way:
        send(way)
        replies["end"] = CUT
        with pytest.raises(Ambiguous):
            send(way)
        assert way.standings()[0].failures == 1
    assert (server.connections, len(server.mails)) == (1, 2)


def test_no_more_connections_than_allowed_are_made_at_once() -> None:
    with smarthost() as server, transport(host(server.port, max_connections=1), seconds=0.1) as way:
        pool = way.pools[0]
        with pool.line(), pytest.raises(Temporary, match="1 connections of ours in use"):
            send(way)
        assert way.standings()[0].failures == 0
        assert send(way).sent


def test_after_the_end_connections_are_not_kept_but_mail_still_goes() -> None:
    with smarthost() as server, transport(host(server.port)) as way:
        send(way)
        way.close()
        send(way)
        assert way.standings()[0].open == 0
    assert len(server.said("QUIT")) == 2


def test_what_is_known_outlives_new_settings() -> None:
    with smarthost({"greeting": "421 busy"}) as server, transport(host(server.port)) as old:
        with pytest.raises(Temporary):
            send(old)
        with transport(host(server.port, name="main")) as new:
            new.takes_over(old)
            [standing] = new.standings()
    assert (standing.name, standing.failures) == ("main", 1)


def test_sender_recipients_and_data_leave_together_where_that_is_offered() -> None:
    with smarthost(PIPELINING | {"RCPT TO:<gone": "550 5.1.1 No"}) as server, transport(host(server.port)) as way:
        delivery = send(way, "gone@example.org", "ann@example.org")
        assert (delivery.sent, [one.recipient for one in delivery.refused]) == (
            ("ann@example.org",),
            ["gone@example.org"],
        )
        assert send(way).sent
    assert (server.mails, server.connections) == ([MAIL, MAIL], 2)


# DATA was said already: RFC 2920 3.1 has the client end a mail that is for nobody. It is no mail.
def test_a_pipelined_mail_for_nobody_sends_none_of_it() -> None:
    with (
        smarthost(PIPELINING | {"RCPT": "550 5.1.1 No"}) as server,
        transport(host(server.port)) as way,
        pytest.raises(Permanent, match="All recipients were refused"),
    ):
        send(way)
    assert server.mails == [b""]


def test_a_refused_sender_ends_a_pipelined_conversation() -> None:
    with smarthost(PIPELINING | Once({"MAIL": "451 not now"})) as server, transport(host(server.port)) as way:
        with pytest.raises(Temporary, match="MAIL FROM with 451 not now"):
            send(way)
        assert way.standings()[0].open == 0
    assert server.mails == []


def test_many_recipients_leave_in_parts_that_no_buffer_refuses() -> None:
    many = tuple(f"{number}@example.org" for number in range(1001))
    with smarthost(PIPELINING) as server, transport(host(server.port)) as way:
        assert send(way, *many).sent == many
    assert len(server.said("RCPT")) == 1001


@pytest.mark.parametrize(
    ("reply", "queue_id"),
    [
        ("250 2.0.0 Ok: queued as 4XyZ-1a", "4XyZ-1a"),
        ("250 OK id=1abCDe-0001-Xy", "1abCDe-0001-Xy"),
        ("250 2.0.0 OK  1700000000 a1-20020a170902 - gsmtp", ""),
        ("250 ok 1700 qp 4711", "4711"),
        ("250 2.0.0 Ok", ""),
    ],
)
def test_the_queue_id_is_read_where_the_reply_names_one(reply: str, queue_id: str) -> None:
    with smarthost(PLEASANT | {"end": reply}) as server, transport(host(server.port)) as way:
        assert send(way).queue_id == queue_id
