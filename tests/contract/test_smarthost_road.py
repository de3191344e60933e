"""The road out's last step, within the whole: what the trace says, which smarthost a route uses, who waits for whom."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.flow.door import Door
from tests.contract.test_road_out import PNG, errand_of, file
from tests.roads import Road, road, until
from tests.unit.scripted_smarthost import CUT, Once, smarthost


def leaves_by(roads: Road, *smarthosts: Any) -> None:
    roads.sections["outgoing"] = {"smarthosts": list(smarthosts)}
    roads.reload()


# Nobody knows whether the mail was taken: the trace says so, and the second copy is the first in every byte.
def test_an_end_that_nobody_knows_is_in_the_trace_and_tried_again_with_the_same_bytes(tmp_path: Path) -> None:
    with road(tmp_path) as roads, smarthost(Once({"end": CUT})) as server:
        errand = errand_of(roads)
        leaves_by(roads, f"smtp://127.0.0.1:{server.port}")
        name = roads.answers(errand)
        roads.reaches(name, "done")
        steps = roads.steps(name)
        assert steps.index("ambiguous") < steps.index("again later") < steps.index("sent")
        first, second = server.mails
        assert first == second
        roads.gateway.plan.around.transport.close()


def test_a_smarthost_that_fails_is_noted_and_the_gateway_stays_ready(tmp_path: Path) -> None:
    with road(tmp_path) as roads:
        errand = errand_of(roads)
        working = roads.settings().outgoing.smarthosts[0]
        leaves_by(roads, {"url": "smtp://127.0.0.1:1", "name": "away"}, working)
        roads.reaches(roads.answers(errand), "done")
        status, said = roads.post(b"", "/readyz", "GET")
        notes = json.loads(said)["notes"]
        assert status == 200
        assert notes["smarthost away"].startswith("failing since ")
        assert "Connection refused" in notes["smarthost away"]
        _, page = roads.post(b"", "/metrics", "GET")
        assert b'cention_gateway_smarthost_failing{smarthost="127.0.0.1:1"} 1.0' in page


# One answer at a time, and it waits for a picture: the next one, which needs none, does not wait for that.
def test_an_answer_that_waits_for_its_attachment_holds_up_no_other(tmp_path: Path) -> None:
    with road(tmp_path, workspace={"concurrency": 1, "timeout": "30 s"}) as roads:
        errand = errand_of(roads)
        roads.faults({"target": "attachment", "delay": 3.0})
        slow = roads.answers(errand, attachments=[file("a.png", "image/png", PNG)])
        until(lambda: roads.job(slow)["state"] == "working", "the slow one to be begun")
        quick = roads.answers(errand)
        roads.reaches(quick, "done", 2.5)
        assert roads.job(slow)["state"] == "working"
        roads.reaches(slow, "done")


def test_a_door_lets_one_more_in_when_those_inside_take_long() -> None:
    door = Door(1)
    with door.entered(), door.entered(), door.entered():
        pass
    with door.entered():
        pass


@pytest.mark.parametrize("name", ["support", "sales"])
def test_a_routes_answers_leave_by_the_smarthosts_that_it_names(tmp_path: Path, name: str) -> None:
    with road(tmp_path) as roads, smarthost() as special:
        errand = errand_of(roads, f"{name}@example.com")
        usual = roads.settings().outgoing.smarthosts[0]
        url = f"smtp://127.0.0.1:{special.port}"
        roads.sections["outgoing"] = {"smarthosts": [usual, {"url": url, "name": "special", "named_only": True}]}
        roads.sections["routes"] = {"sales": {"smarthosts": ["special"]}}
        roads.reload()
        roads.reaches(roads.answers(errand), "done")
        assert (len(roads.smarthost.mails), len(special.mails)) == ((1, 0) if name == "support" else (0, 1))
        del roads.sections["routes"]
        leaves_by(roads, usual)
