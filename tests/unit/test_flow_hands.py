"""A lane's threads: how many tasks run at once, who goes first, and that threads end when there is nothing to do."""

import threading
from collections.abc import Callable, Iterator

import pytest

from gateway.flow.hands import Hands
from tests.roads import until

WAIT = 10.0


class Tasks:
    """Tasks that run until they are let go."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.over = threading.Event()

    def task(self, name: str, work: Callable[[], None] = lambda: None) -> Callable[[], None]:
        def run() -> None:
            self.begun.append(name)
            work()

        return run

    def stays(self, name: str) -> Callable[[], None]:
        def wait() -> None:
            assert self.over.wait(WAIT)

        return self.task(name, wait)

    def have_begun(self, *names: str) -> None:
        until(lambda: len(self.begun) >= len(names), f"{names} to be begun")
        assert self.begun == list(names)


@pytest.fixture
def tasks() -> Iterator[Tasks]:
    found = Tasks()
    yield found
    found.over.set()


def threads_of(name: str) -> int:
    return sum(thread.name == name for thread in threading.enumerate())


def test_so_many_tasks_run_at_once_and_the_others_in_their_order(tasks: Tasks) -> None:
    hands = Hands("two", 2)
    for name in "abcd":
        hands.take(tasks.stays(name))
    tasks.have_begun("a", "b")
    tasks.over.set()
    until(lambda: len(tasks.begun) == 4, "all to be done")
    assert tasks.begun == list("abcd")


def test_one_thread_does_what_comes_one_after_another(tasks: Tasks) -> None:
    hands = Hands("one after another", 8)
    for number in range(20):
        hands.take(tasks.task(str(number)))
        until(lambda number=number: len(tasks.begun) > number, "the task to be done")  # type: ignore[misc]
    assert threads_of("one after another") <= 2


def test_what_stands_aside_lets_others_go_by(tasks: Tasks) -> None:
    hands = Hands("aside", 1)

    def waits() -> None:
        with hands.aside():
            assert tasks.over.wait(WAIT)
        tasks.begun.append("a again")

    hands.take(tasks.task("a", waits))
    hands.take(tasks.task("b"))
    tasks.have_begun("a", "b")
    tasks.over.set()
    tasks.have_begun("a", "b", "a again")


# It has what it waited for in memory, and was there first.
def test_what_stood_aside_comes_before_what_is_not_begun(tasks: Tasks) -> None:
    hands, fetched, back = Hands("back", 1), threading.Event(), threading.Event()

    def waits() -> None:
        with hands.aside():
            assert fetched.wait(WAIT)
            back.set()
        tasks.begun.append("a again")

    hands.take(tasks.task("a", waits))
    hands.take(tasks.stays("b"))
    hands.take(tasks.task("c"))
    tasks.have_begun("a", "b")
    fetched.set()
    assert back.wait(WAIT)
    until(lambda: hands.returning == 1, "the first to want its place back")
    tasks.over.set()
    tasks.have_begun("a", "b", "a again", "c")


def test_threads_end_when_there_was_nothing_to_do_for_a_while(tasks: Tasks) -> None:
    hands = Hands("idle", 50, idle=0.05)
    for _ in range(50):
        hands.take(tasks.stays("a"))
    until(lambda: len(tasks.begun) == 50, "all to be begun")
    assert threads_of("idle") == 50
    tasks.over.set()
    until(lambda: threads_of("idle") == 0, "the threads to end")
    hands.take(tasks.task("later"))
    until(lambda: "later" in tasks.begun, "a new one to begin")


def test_a_task_that_fails_costs_no_place(tasks: Tasks, capsys: pytest.CaptureFixture[str]) -> None:
    hands = Hands("fails", 1)

    def fails() -> None:
        raise ZeroDivisionError

    hands.take(tasks.task("a", fails))
    hands.take(tasks.task("b"))
    tasks.have_begun("a", "b")
    assert "ZeroDivisionError" in "".join(capsys.readouterr())


def test_what_was_not_begun_when_all_stops_is_not_begun(tasks: Tasks) -> None:
    hands = Hands("stopped", 1)
    hands.take(tasks.stays("a"))
    hands.take(tasks.task("b"))
    tasks.have_begun("a")
    hands.stop()
    assert not hands.take(tasks.task("c"))
    tasks.over.set()
    until(lambda: threads_of("stopped") == 0, "the threads to end")
    assert tasks.begun == ["a"]
