"""How long a poller rests after it failed."""

from gateway.sources.poller import State
from gateway.sources.supervisor import LONGEST_REST, rest_after


# What is switched off after some failures is found out by a customer, weeks later.
def test_a_poller_is_never_given_up_and_rests_at_most_a_quarter_of_an_hour() -> None:
    rests = [rest_after(State.FAILING, failures) for failures in range(1, 2000)]
    assert LONGEST_REST == 900
    assert max(rests) <= LONGEST_REST
    assert min(rests[20:]) > LONGEST_REST / 2
    assert rests[0] <= 1


def test_refused_credentials_are_tried_a_minute_apart_at_first() -> None:
    assert 40 < rest_after(State.REFUSED, 1) <= 60
    assert rest_after(State.REFUSED, 1000) <= LONGEST_REST
