"""All that Cention may do wrong, each for a while under load, and then it is well again.

What becomes of each mail is what docs/operations.md promises in its table: the test reads it there. All troubles are
met at once, each by a route and workspace of its own, while a route that has none goes on.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
import requests
from sqlalchemy import select

from gateway.flow.breaker import SEVERAL
from gateway.model import JobState
from gateway.spool.spool import Spool
from gateway.spool.tables import job
from tests.fault import cention
from tests.fault.cention import Cention, Door, Trouble, date_in, refusal, reply
from tests.fault.houses import started, workspaces
from tests.fault.spools import url_in
from tests.fault.table import Table
from tests.servers.certificate import make_certificate
from tests.servers.gateway import Gateway
from tests.servers.load import Load, Outcome, send
from tests.servers.program import wait_until

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
# As many as take a lane down, and some that wait then.
MAILS = SEVERAL + 2
RETRY_AFTER = 3.0
WELL = "well"
NOT_JSON = b"<!DOCTYPE html><title>Service</title>"
NO_ID = b'{"data":{"type":"c3_new_errands"}}'
LONG = b'{"data":{"type":"c3_new_errands","id":"1"}}'.ljust(200)
SILENT_END = Trouble()
LATER, PAUSED, PARKED, SMALLER = "again later", "the lane pauses", "parked", "once more without the largest attachments"


@dataclass(frozen=True, slots=True)
class Case:
    """A trouble by its name, which is that of its route and workspace too.

    `row` are words of the page's table by which its row is found, `says` is what the operator reads. A workspace behind
    a `door` that cannot get well, or without one (None), is well when its address is put right.
    """

    name: str
    row: str
    says: str
    trouble: Trouble = SILENT_END
    door: Door | None = Door.PLAIN
    wait: float = 0.0


def answering(status: int, row: str = "", says: str = "") -> Case:
    """A case in which each call has this status for an answer."""
    trouble = Trouble(partial(refusal, status, "no errand today"))
    return Case(str(status), row or str(status), says or f"Cention answered {status}", trouble)


def with_retry_after(status: int, form: str) -> Case:
    """A case in which the answer asks to wait, in seconds or until a date."""

    def answer() -> bytes:
        value = f"{RETRY_AFTER:.0f}" if form == "seconds" else date_in(RETRY_AFTER)
        return reply(status, b"", f"Retry-After: {value}")

    return Case(f"{status}-{form}", str(status), f"Cention answered {status}", Trouble(answer), wait=RETRY_AFTER)


CASES = (
    Case("refused", "no connection", "refuses connections", door=Door.REFUSING),
    Case("black-hole", "no connection", "did not take the connection in time", door=Door.BLACK_HOLE),
    Case("no-such-name", "no connection", "cannot be resolved", door=None),
    Case("self-signed", "no connection", "no TLS connection", door=Door.SELF_SIGNED),
    Case("silence", "a timeout", "did not answer", Trouble(hangs=True)),
    Case("silence-after-the-errand", "a timeout", "did not answer", Trouble(made=True, hangs=True)),
    Case(
        "half-then-silence",
        "a timeout",
        "did not answer",
        Trouble(lambda: reply(200, LONG)[:-150], made=True, hangs=True),
    ),
    Case("half-a-head", "a timeout", "did not answer", Trouble(lambda: reply(200, LONG)[:12], made=True, hangs=True)),
    Case("half-a-body", "a cut connection", "was cut", Trouble(lambda: reply(200, LONG)[:-150], made=True)),
    Case("cut", "a cut connection", "was cut", Trouble(made=True)),
    Case("not-json", "not JSON", "", Trouble(partial(reply, 200, NOT_JSON), made=True)),
    Case("no-id", "200 without id", "", Trouble(partial(reply, 200, NO_ID), made=True)),
    Case("301", "a redirect", "Cention answered 301"),
    answering(400),
    Case("400-size", "a 400 that names the size", "Cention answered 400", Trouble(partial(refusal, 400, "too large"))),
    *(answering(status) for status in (401, 403, 404, 408, 409, 413)),
    answering(410, "other 4xx"),
    answering(422),
    answering(425),
    *(with_retry_after(status, form) for status in (429, 503) for form in ("seconds", "date")),
    *(answering(status, "5xx") for status in (500, 502, 504)),
    answering(503),
)


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What there is when all is over: errands when nothing was left to do, and at the end.

    `accepted` mails had each case; `parked` are reasons of what was left, by route.
    """

    accepted: int
    errands: list[tuple[str, str]]
    parked: dict[str, list[str]]
    errands_at_last: list[tuple[str, str]]
    cention: Cention


def promises() -> dict[str, str]:
    """What we do, by answers, as the page has it; an answer in a row is set off by a comma, a semicolon or `or`."""
    rows = re.findall(r"^\| (?!smarthost)(.+?) \| (.+?) \|$", PAGE.read_text(), re.MULTILINE)
    return {name: does for names, does in rows for name in re.split(r"; or |, or |; |, | and | \(", names)}


def address(hospital: Cention, case: Case) -> str:
    """Where a case's workspace is called first."""
    if case.door is None:
        return f"http://nowhere.invalid:8000/s/{case.name}"
    return hospital.url(case.name, case.door)


async def load(port: int, names: Sequence[str], mails: int, sender: str) -> None:
    """Send so many mails to each route, all at once; all are accepted."""
    async with asyncio.TaskGroup() as loads:
        for name in names:
            one = Load(port, mails, 1, 1000, sender, f"{name}@example.com")
            loads.create_task(send(one, Outcome()))


def is_ill(case: Case, gateway: Gateway, spool: Spool) -> bool:
    """Whether the operator can read of it what the page says."""
    does = promises()[case.row]
    if does.startswith((PARKED, SMALLER)):
        return len(reasons(spool, JobState.PARKED).get(case.name, ())) >= MAILS
    if case.door is Door.BLACK_HOLE:  # its lane is not down yet: each call there takes ten seconds
        return any(case.says in reason for reason in reasons(spool, JobState.QUEUED).get(case.name, ()))
    notes: dict[str, str] = requests.get(f"{gateway.url}/readyz", timeout=10).json()["notes"]
    said = notes.get(f"route:{case.name}", "")
    return case.says in said and ("paused" if does.startswith(PAUSED) else "tried one at a time") in said


def reasons(spool: Spool, state: JobState) -> dict[str, list[str]]:
    """What the last tries of jobs in that state met, by route."""
    met = select(job.c.route, job.c.error).where(job.c.state == state, job.c.error.is_not(None))
    found: dict[str, list[str]] = {}
    for name, reason in spool.read(lambda connection: connection.execute(met).all()):
        found.setdefault(name, []).append(reason)
    return found


def to_do(gateway: Gateway) -> int:
    """How many jobs go on by themselves."""
    return sum(count for state, count in gateway.jobs().items() if state in {"queued", "working", "held"})


def fall_ill_and_get_well(gateway: Gateway, hospital: Cention, spool: Spool, mails: int) -> Aftermath:
    """The whole course, from the first mail to what an operator does in the end."""
    port, names = gateway.smtp_port, [case.name for case in CASES]
    asyncio.run(load(port, [*names, WELL], mails, "first@example.net"))
    for case in CASES:
        wait_until(partial(is_ill, case, gateway, spool), f"the operator reads of {case.name}", 60)
    # Others go on meanwhile.
    asyncio.run(load(port, [WELL], mails, "second@example.net"))
    wait_until(lambda: of(hospital.errands, WELL).total() == 2 * mails, "the errands of the route that is well")
    hospital.get_well()
    gateway.change(
        {f"cention.{case.name}": {"url": hospital.url(case.name)} for case in CASES if not can_get_well(case)}
    )
    gateway.reload()
    wait_until(lambda: not to_do(gateway), "there is nothing left to do", 2.0 * mails)
    left, errands = reasons(spool, JobState.PARKED), list(hospital.errands)
    gateway.command("queue", "retry", "--all-parked")
    gateway.wait_until_idle(2.0 * mails)
    return Aftermath(mails, errands, left, list(hospital.errands), hospital)


def can_get_well(case: Case) -> bool:
    """Whether it does so without a change of the settings."""
    return case.door not in {None, Door.SELF_SIGNED}


def of(errands: Sequence[tuple[str, str]], name: str) -> Counter[str]:
    """How many errands a workspace has for each Message-ID."""
    return Counter(mail for workspace, mail in errands if workspace == name)


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory, scale: int) -> Iterator[Aftermath]:
    """All cases, gone through at once."""
    folder = tmp_path_factory.mktemp("ward")
    hospital = Cention({case.name: case.trouble for case in CASES}, make_certificate(folder))
    hospital.troubles["301"] = Trouble(partial(reply, 301, b"", f"Location: {hospital.elsewhere}"))
    urls = {case.name: address(hospital, case) for case in CASES} | {WELL: hospital.url(WELL)}
    gateway = Gateway(folder, workspaces(urls, folder))
    with cention.running(hospital), started(gateway), closing(Spool(url_in(folder))) as spool:
        yield fall_ill_and_get_well(gateway, hospital, spool, MAILS * scale)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_becomes_of_mails_is_what_the_page_says(case: Case, aftermath: Aftermath, faults: Table) -> None:
    made, at_last = of(aftermath.errands, case.name), of(aftermath.errands_at_last, case.name)
    left = aftermath.parked.get(case.name, [])
    repeats, lost = made.total() - len(made), aftermath.accepted - len(made) - len(left)
    faults.row(
        f"Cention: {case.name}",
        accepted=aftermath.accepted,
        errands=made.total(),
        repeats=repeats,
        left=len(left),
        lost=lost,
    )
    assert lost == 0
    promise = promises()[case.row]
    assert len(left) == (aftermath.accepted if promise.startswith((PARKED, SMALLER)) else 0)
    assert all(reason.startswith(case.says) for reason in left)
    # None is made twice but where Cention made it and did not say so.
    assert bool(repeats) == case.trouble.made
    # When a person has acted, all are delivered.
    assert len(at_last) == aftermath.accepted


def test_a_token_goes_to_its_own_workspace_and_to_no_host_that_a_redirection_names(aftermath: Aftermath) -> None:
    assert all(call.token == f"Bearer token-of-{call.workspace}" for call in aftermath.cention.calls)
    assert aftermath.cention.strangers == []


@pytest.mark.parametrize("case", [case for case in CASES if case.wait], ids=lambda case: case.name)
def test_nobody_calls_again_before_the_time_that_cention_asked_for(case: Case, aftermath: Aftermath) -> None:
    calls: dict[str, list[float]] = {}
    for call in aftermath.cention.calls:
        if call.workspace == case.name:
            calls.setdefault(call.mail, []).append(call.at)
    assert any(len(times) > 1 for times in calls.values())
    assert all(later - earlier >= case.wait for times in calls.values() for earlier, later in pairwise(times))
