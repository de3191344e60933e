"""Which smarthost gets a mail: by order, by weight, by name, by how it was lately; and how fast a domain is sent to."""

from collections import Counter

import pytest

from gateway.errors import Permanent, Temporary, TooLarge
from gateway.outgoing.health import Health
from gateway.outgoing.pace import Pace, Rate
from gateway.outgoing.smarthost import Smarthost, Transport
from tests.unit.scripted_smarthost import smarthost, transport

MAIL = b"Subject: x\r\n\r\nHello\r\n"
FIRST, SECOND, THIRD = (Smarthost(name, 25, "plain", priority=1 + (name == "c")) for name in ("a", "b", "c"))


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def send(way: Transport, *recipients: str, names: tuple[str, ...] = ()) -> str:
    return way.deliver("s@example.com", recipients or ("ann@example.org",), MAIL, names).smarthost


def plain(port: int, **more: object) -> Smarthost:
    return Smarthost("127.0.0.1", port, "plain", **more)  # type: ignore[arg-type]


def test_mail_is_shared_by_weight_among_those_of_one_priority() -> None:
    health = Health()
    heavy = Smarthost("heavy", 25, "plain", priority=1, weight=9)
    light = Smarthost("light", 25, "plain", priority=1, weight=1)
    first = Counter(health.ordered([light, heavy])[0].host for _ in range(2000))
    assert 1700 < first["heavy"] < 1890
    assert {one[-1].host for one in (health.ordered([THIRD, light, heavy]) for _ in range(50))} == {"c"}


# The rest grows with each failure in a row, up to a quarter of an hour, and ends with the first success.
def test_one_that_failed_is_asked_last_for_a_growing_while() -> None:
    clock = Clock()
    health = Health(clock)
    rests = []
    for _ in range(12):
        health.fails(FIRST, "down")
        began = clock.now
        while health.ordered([FIRST, THIRD])[0] is THIRD:
            clock.now += 1
        rests.append(clock.now - began)
        clock.now += 1000
    assert rests[:4] == [5, 10, 20, 40]
    assert rests[-1] == 900
    health.works(FIRST)
    assert health.ordered([FIRST, THIRD])[0] is FIRST
    assert (health.of(FIRST).state, health.of(FIRST).failures) == ("ok", 0)


# A smarthost that is silent costs its time limit: one mail finds out whether it is back, not all at once.
def test_when_a_rest_is_over_one_mail_tries() -> None:
    clock = Clock()
    health = Health(clock)
    health.fails(FIRST, "down")
    clock.now += 6
    assert health.ordered([FIRST, THIRD])[0] is FIRST
    assert health.ordered([FIRST, THIRD])[0] is THIRD


def test_the_only_smarthost_is_asked_though_it_rests() -> None:
    health = Health()
    health.fails(FIRST, "down")
    assert health.ordered([FIRST]) == [FIRST]


def test_a_second_one_takes_over_and_the_first_comes_back() -> None:
    clock = Clock()
    replies = {"greeting": "421 closing"}
    with (
        smarthost(replies) as first,
        smarthost() as second,
        transport(plain(first.port, name="first"), plain(second.port, name="second")) as way,
    ):
        way.health = Health(clock)
        assert send(way) == send(way) == f"127.0.0.1:{second.port}"
        assert first.connections == 1
        down, up = way.standings()
        assert (down.name, down.state, down.failures, up.state, up.mails) == ("first", "failing", 1, "ok", 2)
        assert "421 closing" in down.reason
        replies.clear()
        clock.now += 6
        assert send(way) == f"127.0.0.1:{first.port}"
        assert [one.state for one in way.standings()] == ["ok", "ok"]


def test_a_no_to_a_mail_says_nothing_against_the_smarthost() -> None:
    with smarthost({"RCPT": "550 5.1.1 No"}) as server, transport(plain(server.port)) as way:
        with pytest.raises(Permanent):
            send(way)
        assert way.standings()[0].state == "ok"


# Its size, or what it cannot carry: another one may.
@pytest.mark.parametrize("offer", ["250-x\n250 SIZE 20", "250 x"])
def test_what_one_cannot_carry_the_next_is_asked_for(offer: str) -> None:
    with (
        smarthost({"EHLO": offer}) as small,
        smarthost() as large,
        transport(plain(small.port), plain(large.port)) as way,
    ):
        assert send(way, "jürgen@example.org") == f"127.0.0.1:{large.port}"
        assert way.standings()[0].failures == 0
    assert small.said("MAIL") == []


def test_a_mail_that_none_can_carry_is_told_with_its_size_and_the_limit() -> None:
    with (
        smarthost({"EHLO": "250-x\n250 SIZE 20"}) as small,
        transport(plain(small.port)) as way,
        pytest.raises(TooLarge, match=rf"takes mails of 20 bytes at most, this one has {len(MAIL)}"),
    ):
        send(way)


# The other one may be able to, once it is back.
def test_a_mail_that_one_cannot_carry_waits_for_another() -> None:
    with (
        smarthost({"EHLO": "250-x\n250 SIZE 20"}) as small,
        smarthost({"greeting": "421 no"}) as away,
        transport(plain(small.port), plain(away.port)) as way,
        pytest.raises(Temporary, match="421"),
    ):
        send(way)


def test_a_route_uses_the_smarthosts_that_it_names() -> None:
    with (
        smarthost() as usual,
        smarthost() as special,
        transport(plain(usual.port), plain(special.port, name="special", named_only=True)) as way,
    ):
        assert send(way) == f"127.0.0.1:{usual.port}"
        assert send(way, names=("special",)) == f"127.0.0.1:{special.port}"
        assert special.connections == 1


def test_a_domain_is_sent_to_at_its_rate_and_saves_up_no_more_than_that() -> None:
    clock = Clock()
    pace = Pace({"slow.example": Rate(2, 60.0), "*": Rate(1, 1.0)}, clock)
    assert [pace.take("slow.example") for _ in range(3)] == [0.0, 0.0, 30.0]
    assert (pace.take("b.example"), pace.take("c.example"), pace.take("b.example")) == (0.0, 0.0, 1.0)
    clock.now += 30
    assert [pace.take("slow.example") for _ in range(2)] == [0.0, 30.0]
    clock.now += 10_000
    assert [pace.take("slow.example") for _ in range(3)] == [0.0, 0.0, 30.0]


def test_without_a_rate_nothing_waits() -> None:
    pace = Pace({"slow.example": Rate(1, 60.0)})
    assert [pace.take("other.example") for _ in range(100)] == [0.0] * 100


def test_domains_that_were_not_sent_to_lately_are_forgotten() -> None:
    clock = Clock()
    pace = Pace({"*": Rate(1, 1.0)}, clock)
    for number in range(10_001):
        pace.take(f"{number}.example")
    clock.now += 2
    pace.take("last.example")
    assert len(pace.left) < 10


def test_recipients_over_their_domains_rate_wait_and_the_others_get_the_mail() -> None:
    rates = {"slow.example": Rate(1, 60.0, "1/min")}
    with smarthost() as server, transport(plain(server.port), rates=rates) as way:
        delivery = way.deliver("s@example.com", ["a@Slow.example", "b@slow.example", "c@example.org"], MAIL)
        assert delivery.sent == ("a@Slow.example", "c@example.org")
        [late] = delivery.refused
        assert (late.recipient, late.permanent) == ("b@slow.example", False)
        assert "slow.example is sent 1/min (outgoing.rates), next in 60 s" in late.text
        with pytest.raises(Temporary) as told:
            send(way, "b@slow.example")
        assert told.value.delay is not None
        assert 55 < told.value.delay.total_seconds() <= 60
    assert len(server.mails) == 1
