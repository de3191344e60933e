"""Rules as the operator meets them: the examples of docs/rules.md as written there, and mails on their road."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gateway import operate
from gateway.flow.rehearsal import Came, Rehearsal, rehearse
from gateway.route.source import mistakes
from tests.roads import Road, road, until
from tests.rulings import MAIL, settings

PAGE = (Path(__file__).parent.parent.parent / "docs" / "rules.md").read_text(encoding="utf-8")
EXAMPLES = {
    section.partition("\n")[0]: dict(re.findall(r"^```(toml|mail|json)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL))
    for section in PAGE.split("\n## Example: ")[1:]
}


def part_of(wanted: Any, found: Any) -> bool:
    """Say if everything that is wanted is there; tables may have more."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(part_of(one, found.get(name)) for name, one in wanted.items())
    return bool(wanted == found)


def rehearsed(rules: str, mail: bytes, route: str = "support") -> Rehearsal:
    given = settings(rules)
    assert mistakes(given) == []
    chosen = given.route_named(route)
    assert chosen is not None
    return rehearse(mail, given, Came(chosen))


def test_the_page_has_three_complete_examples() -> None:
    assert [set(example) for example in EXAMPLES.values()] == [{"toml", "mail", "json"}] * 3


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_does_what_the_page_says(name: str) -> None:
    example = EXAMPLES[name]
    found = rehearsed(example["toml"], example["mail"].encode())
    assert found.after is not None
    assert part_of(json.loads(example["json"]), found.after["data"]["attributes"]), found.after
    assert [trial.rule for trial in found.outcome.matched] == [re.search(r'name = "(.+)"', example["toml"])[1]]  # type: ignore[index]


# What the rules are for is exactly what they take: everything else is an errand as ever.
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_leaves_other_mails_alone(name: str) -> None:
    found = rehearsed(EXAMPLES[name]["toml"], MAIL)
    assert found.after == found.before
    assert not found.outcome.matched


def test_the_telephone_example_ends_the_call_that_it_began() -> None:
    mail = b"From: pbx@example.com\nSubject: Call ended: C-2026-17\n\nDevice: 3007\nExtension: 214\n"
    found = rehearsed(EXAMPLES["a telephone system's mail"]["toml"], mail)
    assert found.after is None
    assert found.ending is not None
    data = found.ending["data"]
    assert data["type"] == "c3_end_errands"
    assert data["attributes"]["integrationData"]["referenceId"] == "C-2026-17"
    assert found.said() == 'ends an errand, by "call ended"'


def ruled(folder: Path, every: str, **of_routes: str) -> Any:
    """A road with rules, for every mail and for those of routes."""
    rules = {name: tomllib.loads(text).get("rule", []) for name, text in {"every": every, **of_routes}.items()}
    return road(folder, rules=rules)


def mail(number: int, subject: str = "hello", extra: str = "", body: str = "hello") -> str:
    return f"From: Ann <ann@a.example>\nMessage-ID: <{number}@a.example>\nSubject: {subject}\n{extra}\n{body}\n"


def attributes(running: Road) -> list[dict[str, Any]]:
    return [errand["attributes"] for errand in running.errands()]


def told(running: Road, name: str, step: str) -> list[dict[str, Any]]:
    """What the trace of a mail says at each such step."""
    (trace,) = operate.traces(running.gateway.spool, name)
    return [event["detail"] for event in trace["events"] if event["step"] == step]


def test_the_examples_arrive_at_cention_as_they_are_written(tmp_path: Path) -> None:
    with ruled(tmp_path, "\n".join(example["toml"] for example in EXAMPLES.values())) as running:
        for example in EXAMPLES.values():
            running.reaches(running.sends(example["mail"]), "done")
        for example, found in zip(EXAMPLES.values(), attributes(running), strict=True):
            assert part_of(json.loads(example["json"]), found), found
        ending = "From: pbx@example.com\nSubject: Call ended: C-2026-17\n\nDevice: 3007\nExtension: 214\n"
        ended = running.sends(ending)
        running.reaches(ended, "done")
        call = running.errands()[-1]
        assert (call["state"], len(running.errands())) == ("closed", 3)
        assert told(running, ended, "ended") == [{"errand": call["id"]}]


def test_the_trace_tells_which_rules_matched_why_and_what_they_did(tmp_path: Path) -> None:
    other = '[[rule]]\nname = "other"\nwhen.subject = "x"\n'
    with ruled(tmp_path, f'{other}[[rule]]\nname = "one"\nwhen.body = "*secret*"\nset.cuid = "1"') as running:
        name = running.sends(mail(1, body="my secret"))
        running.reaches(name, "done")
        assert told(running, name, "rule") == [{"rule": "one", "why": ['body fits "*secret*"'], "did": ["set cuid"]}]


def test_a_held_mail_waits_until_a_person_releases_it(tmp_path: Path) -> None:
    with ruled(tmp_path, '[[rule]]\nname = "one"\nhold = "look at {subject}"') as running:
        name = running.sends(mail(1))
        job = running.reaches(name, "held")
        assert (job["error"], job["hold"]) == ('rule "one": look at hello', "rule")
        assert job["subject"] == "hello"
        assert running.errands() == []
        assert operate.release(running.gateway.spool, [name]).left == []
        running.reaches(name, "done")
        assert len(running.errands()) == 1


# A lane whose token works again lets its own mails go on, not those that a person is to look at.
def test_a_mail_held_by_rule_is_not_let_go_with_its_lane(tmp_path: Path) -> None:
    with ruled(tmp_path, '[[rule]]\nname = "one"\nwhen.subject = "hold"\nhold = "x"') as running:
        held = running.sends(mail(1, "hold"))
        running.reaches(held, "held")
        (tmp_path / "create").write_text("wrong")
        waiting = running.sends(mail(2))
        until(lambda: running.job(waiting).get("hold") == "token", "the lane to be paused")
        (tmp_path / "create").write_text(running.simulator.create_token)
        running.reaches(waiting, "done")
        assert running.job(held)["hold"] == "rule"


# The lane's oldest mail tries the token; one that is discarded tries nothing, and there may be many of these.
def test_mails_that_rules_set_aside_do_not_keep_a_lane_paused(tmp_path: Path) -> None:
    with ruled(tmp_path, '[[rule]]\nname = "one"\nwhen.subject = "spam"\ndiscard = "x"') as running:
        (tmp_path / "create").write_text("wrong")
        first = running.sends(mail(1))
        running.reaches(first, "held")
        for number in (2, 3):
            running.reaches(running.sends(mail(number, "spam")), "held")
        last = running.sends(mail(4))
        operate.discard(running.gateway.spool, [first], "only spam is before the last one now")
        (tmp_path / "create").write_text(running.simulator.create_token)
        running.reaches(last, "done")


def test_a_discarded_mail_makes_no_errand_unless_a_person_wants_it(tmp_path: Path) -> None:
    with ruled(tmp_path, '[[rule]]\nname = "one"\ndiscard = "not for us"') as running:
        name = running.sends(mail(1))
        running.reaches(name, "discarded")
        assert told(running, name, "discarded") == [{"rule": "one", "reason": "not for us"}]
        assert running.errands() == []
        operate.retry(running.gateway.spool, [name])
        running.reaches(name, "done")


def test_a_mail_that_is_moved_becomes_an_errand_of_the_other_route(tmp_path: Path) -> None:
    move = '[[rule]]\nname = "move"\nwhen.subject = "order*"\nroute = "sales"\nset.extradata.by = "move"'
    with ruled(tmp_path, move, sales='[[rule]]\nname = "of sales"\nset.cuid = "sales"') as running:
        name = running.sends(mail(1, "order 7"))
        job = running.reaches(name, "done")
        assert (job["route"], job["lane"]) == ("sales", "route:sales")
        (found,) = attributes(running)
        assert (found["cuid"], found["extradata"]) == ("sales", {"by": "move"})
        assert told(running, name, "moved") == [{"from": "support", "to": "sales"}]


def test_a_mail_is_not_twice_in_the_route_that_it_is_moved_to(tmp_path: Path) -> None:
    with ruled(tmp_path, "", support='[[rule]]\nname = "move"\nroute = "sales"') as running:
        name = running.sends(mail(1), "support@example.com", "sales@example.com")
        jobs = until(lambda: ended_jobs(running, name, 2), "both jobs to end")
        assert sorted(job["state"] for job in jobs) == ["discarded", "done"]
        assert len(running.errands()) == 1


def ended_jobs(running: Road, name: str, number: int) -> list[dict[str, Any]]:
    """The jobs of a mail, once there are so many and all are at their end."""
    jobs = operate.show(running.gateway.spool, name)
    done = len(jobs) == number and all(job["state"] in {"done", "discarded"} for job in jobs)
    return jobs if done else []


def test_a_mail_becomes_an_errand_in_further_routes_as_well(tmp_path: Path) -> None:
    every = '[[rule]]\nname = "both"\nalso = ["sales"]\nset.subject = "copy"'
    with ruled(tmp_path, every, sales='[[rule]]\nname = "of sales"\nset.cuid = "sales"') as running:
        name = running.sends(mail(1))
        jobs = until(lambda: ended_jobs(running, name, 2), "both errands")
        assert {job["route"] for job in jobs} == {"support", "sales"}
        found = sorted((one.get("cuid", ""), one["msg"]["subject"]) for one in attributes(running))
        assert found == [("", "copy"), ("sales", "hello")]
        assert told(running, name, "further routes") == [{"routes": ["sales"]}]


def test_a_mail_discarded_in_one_route_may_be_wanted_in_another(tmp_path: Path) -> None:
    with ruled(tmp_path, '[[rule]]\nname = "one"\nalso = ["sales"]\ndiscard = "for sales only"') as running:
        name = running.sends(mail(1))
        jobs = until(lambda: ended_jobs(running, name, 2), "both jobs to end")
        assert {job["route"]: job["state"] for job in jobs} == {"support": "discarded", "sales": "done"}


END = """
[[rule]]
name = "end"
when = { header = { X-Over = "/(?P<by>.*)/" } }
end = { errand = "{header:X-Errand}", reference = "{by}", thread = true, deviceId = 1, extensionId = 2 }
[[rule]]
name = "begin"
set.extradata.reference = "{header:X-Call}"
"""


@pytest.mark.parametrize("found_by", ["X-Over: 17", "X-Over: x\nReferences: <1@a.example>", "X-Over: x\nX-Errand: {}"])
def test_an_errand_is_ended_by_the_mail_that_says_so(tmp_path: Path, found_by: str) -> None:
    with ruled(tmp_path, END) as running:
        running.reaches(running.sends(mail(1, extra="X-Call: 17\n")), "done")
        running.reaches(running.sends(mail(2, extra="X-Call: 18\n")), "done")
        first = running.errands()[0]["id"]
        name = running.sends(mail(3, extra=f"{found_by.format(first)}\n"))
        running.reaches(name, "done")
        assert [errand["state"] for errand in running.errands()] == ["closed", "open"]
        assert told(running, name, "ended") == [{"errand": first}]


def test_a_mail_that_ends_no_errand_that_is_known_is_for_a_person(tmp_path: Path) -> None:
    with ruled(tmp_path, END) as running:
        name = running.sends(mail(1, extra="X-Over: 17\n"))
        job = running.reaches(name, "parked")
        assert job["error"] == 'rule "end": there is no errand with reference "17", nor in the thread'


def test_a_reload_puts_new_rules_in_force(tmp_path: Path) -> None:
    with ruled(tmp_path, '[[rule]]\nname = "one"\nset.cuid = "before"') as running:
        running.reaches(running.sends(mail(1)), "done")
        running.sections["rules"]["every"] = [{"name": "two", "set": {"cuid": "after"}}]
        assert running.reload() == []
        running.reaches(running.sends(mail(2)), "done")
        assert [one["cuid"] for one in attributes(running)] == ["before", "after"]
