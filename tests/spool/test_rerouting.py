"""Jobs that rules send elsewhere, and earlier mails' errands found again: the same on each store."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.model import JobState, Receipt
from gateway.spool import earlier, jobs, query
from gateway.spool.spool import Spool
from tests.spool.test_jobs import FAR, conclude, lease, mail

Accept = Callable[..., Receipt]
SAME = b"Subject: no id and no date\r\n\r\nhello\r\n"


def of(spool: Spool, name: str) -> dict[str, dict[str, Any]]:
    """A mail's jobs by route."""
    return {row["route"]: row for row in spool.read(lambda connection: query.jobs_of(connection, name))}


def move(spool: Spool, to: str) -> None:
    (job,) = lease(spool, most=1)
    assert conclude(spool, job, JobState.QUEUED, route=to, detail={"came_to": job.route})


def done(spool: Spool, **values: Any) -> None:
    (job,) = lease(spool, most=1)
    assert conclude(spool, job, JobState.DONE, **values)


def test_a_moved_job_waits_in_the_lane_of_its_new_route(spool: Spool, accept: Accept) -> None:
    name = accept(mail(1)).id
    move(spool, "sales")
    (job,) = lease(spool)
    assert (job.route, job.lane, job.detail) == ("sales", "route:sales", {"came_to": "support"})
    assert set(of(spool, name)) == {"sales"}


# The mail came to both by its recipients, or the one it is moved to has a copy that came otherwise.
@pytest.mark.parametrize("routes", [(("support", "sales"),), (("sales",), ("support",))])
def test_a_mail_is_not_twice_in_the_route_that_it_is_moved_to(
    spool: Spool, accept: Accept, routes: tuple[tuple[str, ...], ...]
) -> None:
    for some in routes:
        accept(mail(1), *some)
    (job,) = [job for job in lease(spool) if job.route == "support"]
    assert conclude(spool, job, JobState.QUEUED, route="sales")
    every = spool.read(lambda connection: query.jobs(connection, [], "", 10))
    assert sorted(row["state"] for row in every) == ["discarded", "working"]
    assert 'the mail is in route "sales" already' in [row.get("error") for row in every]


def test_a_mail_moved_into_a_paused_lane_waits_with_it(spool: Spool, accept: Accept) -> None:
    spool.change(lambda connection: jobs.pause_lane(connection, "route:sales", "no", FAR, FAR)).result()
    name = accept(mail(1)).id
    move(spool, "sales")
    row = of(spool, name)["sales"]
    assert (row["state"], row["hold"]) == ("held", "token")


def test_a_mail_gets_a_job_in_each_further_route_where_it_is_not_yet(spool: Spool, accept: Accept) -> None:
    name = accept(mail(1), "support", "sales").id
    done(spool, also=("sales", "archive"), result="7")
    found = of(spool, name)
    assert {route: row["state"] for route, row in found.items()} == {
        "support": "done",
        "sales": "queued",
        "archive": "queued",
    }
    assert (found["archive"]["detail"], found["archive"]["lane"]) == ({"further": True}, "route:archive")


# As when they came: two mails that do not say which ones they are may well be two.
def test_two_equal_mails_without_an_id_are_two_in_another_route_too(spool: Spool, accept: Accept) -> None:
    names = [accept(SAME).id, accept(SAME).id]
    done(spool, also=("archive",))
    move(spool, "archive")
    assert [list(of(spool, name)) for name in names] == [["support", "archive"], ["archive"]]
    assert [of(spool, name)["archive"]["state"] for name in names] == ["queued", "queued"]


def test_an_errand_is_found_by_its_reference_in_the_routes_asked_newest_first(spool: Spool, accept: Accept) -> None:
    for number, reference in enumerate(["a", "b", "a"], 1):
        accept(mail(number))
        done(spool, result=str(number), detail={"reference": reference})

    def found(reference: str, *routes: str, now: float = FAR) -> str | None:
        return spool.read(lambda connection: earlier.errand_of_reference(connection, reference, routes, now))

    assert found("a", "support") == "3"
    assert found("b", "sales", "support") == "2"
    assert found("a", "sales") is None
    assert found("c", "support") is None
    assert found("a", "support", now=FAR + earlier.REMEMBERED_SECONDS + 1) is None


def test_an_errand_is_found_by_the_latest_mail_of_its_thread_that_made_one(spool: Spool, accept: Accept) -> None:
    for number in (1, 2, 3):
        accept(mail(number))
        done(spool, result=str(number) if number < 3 else None, mail={"message_id": f"<{number}@x>"})

    def found(*references: str, route: str = "support") -> str | None:
        return spool.read(lambda connection: earlier.errand_of_thread(connection, references, [route]))

    assert found("<1@x>", "<2@x>", "<3@x>", "<4@x>") == "2"
    assert found("<2@x>", "<1@x>") == "1"
    assert found("<1@x>", route="sales") is None
    assert found() is None
