"""When a lane's other side counts as down, how it is tried then, and how the lane begins again."""

import pytest

from gateway.flow.breaker import SEVERAL, Breaker
from gateway.flow.retry import Retry

MOST = 8


@pytest.fixture
def breaker() -> Breaker:
    return Breaker(Retry(60.0, 3600.0))


def fail(breaker: Breaker, jobs: range, now: float = 0.0, asked: float = 0.0) -> None:
    for job in jobs:
        breaker.fails(job, f"503 for {job}", now, asked)


def test_several_jobs_in_a_row_that_met_trouble_take_a_lane_down(breaker: Breaker) -> None:
    fail(breaker, range(SEVERAL - 1))
    assert (breaker.down, breaker.room(MOST, 0, 0.0)) == (False, MOST)
    fail(breaker, range(SEVERAL - 1, SEVERAL))
    assert (breaker.down, breaker.reason, breaker.room(MOST, 0, 59.0)) == (True, f"503 for {SEVERAL - 1}", 0)


# Cention answers 500 to one mail each time: the others are not held up by it.
def test_one_bad_mail_does_not_take_a_lane_down(breaker: Breaker) -> None:
    for _ in range(100):
        fail(breaker, range(1))
    assert not breaker.down


def test_a_job_that_works_in_between_keeps_a_lane_up(breaker: Breaker) -> None:
    for first in range(0, 100, SEVERAL - 1):
        fail(breaker, range(first, first + SEVERAL - 1))
        breaker.works(MOST)
    assert not breaker.down


def test_a_lane_that_is_down_is_tried_by_one_job_at_a_time(breaker: Breaker) -> None:
    fail(breaker, range(SEVERAL))
    assert breaker.room(MOST, 0, 76.0) == 1
    assert breaker.room(MOST, 1, 76.0) == 0


def test_the_intervals_between_tries_grow(breaker: Breaker) -> None:
    fail(breaker, range(SEVERAL))
    fail(breaker, range(90, 91), now=76.0)
    assert breaker.room(MOST, 0, 76.0 + 119.0) == 0
    assert breaker.room(MOST, 0, 76.0 + 151.0) == 1


# They were called while the lane was up, and come back after it went down.
def test_those_in_hand_when_a_lane_goes_down_do_not_lengthen_its_wait(breaker: Breaker) -> None:
    fail(breaker, range(SEVERAL + 20))
    assert breaker.room(MOST, 0, 76.0) == 1


def test_what_the_other_side_asked_for_is_waited_for(breaker: Breaker) -> None:
    fail(breaker, range(SEVERAL), asked=500.0)
    assert breaker.room(MOST, 0, 499.0) == 0
    assert breaker.room(MOST, 0, 501.0) == 1


def test_a_lane_that_works_again_begins_slowly(breaker: Breaker) -> None:
    fail(breaker, range(SEVERAL))
    rooms = []
    for _ in range(1 + 1 + 2 + 4):
        breaker.works(MOST)
        rooms.append(breaker.room(MOST, 0, 0.0))
    assert not breaker.down
    assert rooms == [1, 2, 2, 4, 4, 4, 4, 8]


def test_trouble_while_it_begins_slowly_halves_what_it_may_do(breaker: Breaker) -> None:
    fail(breaker, range(SEVERAL))
    for _ in range(4):
        breaker.works(MOST)
    assert breaker.room(MOST, 0, 0.0) == 4
    fail(breaker, range(1))
    assert breaker.room(MOST, 0, 0.0) == 2
