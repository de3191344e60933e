"""Whose turn it is to call: so many at once, the others in order, and none is forgotten."""

from functools import partial

from gateway.flow.turns import Turns


def begins(log: list[int], number: int) -> bool:
    log.append(number)
    return True


def passes(log: list[int], number: int) -> bool:
    log.append(number)
    return False


def test_so_many_calls_are_begun_at_once_and_the_others_in_the_order_they_came() -> None:
    turns, begun = Turns(2, 100), list[int]()
    for number in range(5):
        turns.take(partial(begins, begun, number))
    assert begun == [0, 1]
    turns.give_back()
    assert begun == [0, 1, 2]
    turns.give_back()
    turns.give_back()
    assert begun == [0, 1, 2, 3, 4]


# More than Python may call one in another: a lane that goes down lets go of all that waited, at once.
def test_calls_that_are_not_made_any_more_take_no_turn() -> None:
    turns, begun, passed = Turns(1, 10_000), list[int](), list[int]()
    turns.take(partial(begins, begun, 0))
    for number in range(5000):
        turns.take(partial(passes, passed, number))
    turns.take(partial(begins, begun, 1))
    assert not passed
    turns.give_back()
    assert (begun, passed) == ([0, 1], list(range(5000)))


def test_a_turn_that_nobody_waits_for_is_there_for_the_next() -> None:
    turns, begun = Turns(1, 10_000), list[int]()
    turns.take(partial(passes, [], 0))
    turns.take(partial(begins, begun, 0))
    turns.give_back()
    turns.take(partial(begins, begun, 1))
    assert begun == [0, 1]


# Each of them would be made again after a crash.
def test_no_call_is_begun_while_too_many_are_not_recorded() -> None:
    turns, begun = Turns(2, 3), list[int]()
    for number in range(5):
        turns.take(partial(begins, begun, number))
    turns.give_back()
    turns.give_back()
    assert begun == [0, 1, 2]
    turns.recorded()
    assert begun == [0, 1, 2, 3]


# A call that fails before it has begun is over at once; a whole lane's must not be made one within another.
def test_calls_that_are_over_at_once_are_not_made_within_one_another() -> None:
    turns, over = Turns(1, 10_000), list[int]()

    def fails(number: int) -> bool:
        over.append(number)
        turns.give_back()
        return True

    busy = list[int]()
    turns.take(partial(begins, busy, 0))
    for number in range(5000):
        turns.take(partial(fails, number))
    turns.give_back()
    assert over == list(range(5000))
