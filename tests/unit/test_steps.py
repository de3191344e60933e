"""A trace as steps: how each went, what belongs to it as text, and where the whole stands."""

from typing import Any

import pytest

from gateway.status.standing import Level
from gateway.status.steps import step, ways

MAIL = {"id": "01A", "sender": "bounce@a.example", "recipients": ["support@example.com"], "subject": "Hej"}
JOB = {"id": 7, "kind": "errand", "route": "support", "state": "done", "result": "2257"}


def trace(*states: str, **more: Any) -> dict[str, Any]:
    return {"mail": MAIL, "jobs": [JOB | {"state": state, "error": "no"} for state in states], "events": []} | more


@pytest.mark.parametrize(
    ("what", "detail", "level"),
    [
        ("accepted", {}, Level.OK),
        ("a step of a later version", {}, Level.OK),
        ("again later", {}, Level.WARNING),
        ("held", {}, Level.WARNING),
        ("parked", {}, Level.WRONG),
        ("bounced", {}, Level.WRONG),
        ("refused", {"meaning": "for now"}, Level.WARNING),
        ("refused", {"meaning": "for good"}, Level.WRONG),
    ],
)
def test_each_step_says_how_it_went(what: str, detail: dict[str, str], level: Level) -> None:
    assert step({"at": 1.0, "step": what, "detail": detail}).level is level


# A reason speaks for itself; what is empty says nothing.
def test_what_belongs_to_a_step_is_text_with_its_name() -> None:
    detail = {
        "reason": "503",
        "whole_mail": "kept",
        "to": ["a@x", "b@x"],
        "size": 12,
        "of": {"a": 1},
        "tls": "",
        "n": [],
    }
    assert step({"at": 1.0, "step": "read", "detail": detail}).details == (
        ("", "503"),
        ("whole mail", "kept"),
        ("to", "a@x, b@x"),
        ("size", "12"),
        ("of", '{"a": 1}'),
    )


@pytest.mark.parametrize(
    ("states", "level"),
    [(["done"], Level.OK), (["done", "queued"], Level.WARNING), (["queued", "parked", "done"], Level.WRONG)],
)
def test_a_mail_stands_as_the_worst_of_its_jobs(states: list[str], level: Level) -> None:
    (way,) = ways([trace(*states)])
    assert (way.kind, way.id, way.title, way.level) == ("mail", "01A", "Hej", level)
    assert way.people == "bounce@a.example → support@example.com"


def test_a_job_that_is_done_names_its_errand_and_any_other_why_it_is_not() -> None:
    (way,) = ways([trace("done", "parked")])
    assert [one.why for one in way.jobs] == ["errand #2257", "no"]


# A recipient whose mail came back is wrong, though the answer's job was done long before.
def test_an_answer_stands_as_the_worst_of_its_recipients() -> None:
    fates = [
        {"recipient": "a@x", "state": "sent", "since": 1.0, "smarthost": "relay", "reply": "250 ok"},
        {"recipient": "b@x", "state": "bounced", "since": 2.0, "reply": "550 no such user"},
    ]
    answer = {"id": "01B", "errand": "2257", "workspace": "demo"}
    (way,) = ways([{"callback": answer, "jobs": [JOB | {"kind": "answer"}], "events": [], "deliveries": fates}])
    assert (way.kind, way.level) == ("answer", Level.WRONG)
    assert [(one.address, one.level, one.said) for one in way.recipients] == [
        ("a@x", Level.OK, "by relay, 250 ok"),
        ("b@x", Level.WRONG, "550 no such user"),
    ]
