"""Acting: the forms of a mail's page, the second look before many are moved, what was done and taking it back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway import operate
from gateway.config.console import Role
from gateway.errors import Permanent, Reason
from gateway.operate.acts import MOST, Found
from gateway.spool import acts, query
from gateway.spool.acts import Act, Order
from gateway.spool.wanted import parse
from gateway.web.console import form, mails
from gateway.web.console.desk import Desk
from gateway.web.console.frame import Page, Viewer
from gateway.web.console.guard import guarded

LABELS: Mapping[Act, str] = {
    Act.RETRY: "Retry",
    Act.EDIT: "Edit and post",
    Act.HOLD: "Hold",
    Act.RELEASE: "Release",
    Act.DISCARD: "Discard",
    Act.PARK: "Park",
}
_SHOWN = 10


def routes(desk: Desk) -> list[Route]:
    """Return the addresses by which jobs are acted on."""

    async def look(request: Request) -> Response:
        return await form.shown(request, desk, lambda viewer: second_look(desk, viewer, request.query_params))

    async def act(request: Request) -> Response:
        return await form.done(request, desk, partial(_act, desk))

    async def undo(request: Request) -> Response:
        return await form.done(request, desk, partial(_undo, desk))

    return [
        Route("/act", guarded(Role.ACT, look), methods=["GET"]),
        Route("/act", guarded(Role.ACT, act), methods=["POST"]),
        Route("/undo", guarded(Role.ACT, undo), methods=["POST"]),
    ]


def offered(desk: Desk, viewer: Viewer, trace: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what `acts.html` offers on the page of a mail or answer; None to those who may only look."""
    if not viewer.person.may(Role.ACT):
        return None
    rows = trace["jobs"]
    last = desk.spool.read(partial(acts.last_of, ids=[row["id"] for row in rows]))
    return {
        "jobs": [job for row in rows if (job := _job(row))["acts"]],
        "routes": [route.name for route in desk.plan().settings.route],
        "undo": last,
        "name": (trace.get("mail") or trace["callback"])["id"],
    }


def _job(row: Mapping[str, Any]) -> dict[str, Any]:
    possible = acts.possible(row["state"])
    kept = row["state"] == "done" and row.get("keep")
    mail = row["kind"] == "errand"
    return {
        "id": row["id"],
        "state": row["state"],
        "route": row["route"],
        "acts": [(act.value, LABELS[act]) for act in possible if act is not Act.EDIT]
        + ([(Act.DISCARD.value, "Let go of the kept mail")] if kept else []),
        "edit": mail and Act.EDIT in possible,
        "elsewhere": mail and Act.RETRY in possible,
    }


# -- the second look


@dataclass(frozen=True, slots=True)
class _Choice:
    """What many are chosen by: a search, or a reason that they wait for."""

    query: str = ""
    why: str = ""

    @property
    def fields(self) -> dict[str, str]:
        return {name: value for name, value in (("q", self.query), ("why", self.why)) if value}


def second_look(desk: Desk, viewer: Viewer, given: Mapping[str, str]) -> Page:
    """Return the page that says how many a search (`q`) or a reason (`why`) finds, before they are acted on."""
    choice = _Choice(str(given.get("q", ""))[:500].strip(), str(given.get("why", "")))
    act = _act_of(str(given.get("act", "")))
    return _look(desk, viewer, act, choice, _found(desk, viewer, act, choice))


def _look(desk: Desk, viewer: Viewer, act: Act, choice: _Choice, found: Found, before: int | None = None) -> Page:
    rows = desk.spool.read(partial(query.listed, ids=found.jobs[:_SHOWN]))
    said = str(parse(choice.query, mails.around(desk.plan().settings, viewer.clock))) if choice.query else choice.why
    values = {
        "act": act.value,
        "label": LABELS[act],
        "said": said,
        "fields": choice.fields,
        "count": len(found.jobs),
        "more": found.more,
        "most": MOST,
        "top": found.top,
        "mark": found.mark,
        "before": before,
        "rows": [mails.as_row(row) for row in rows],
        "routes": [route.name for route in desk.plan().settings.route] if act is Act.RETRY else [],
        "back": f"/parked/{choice.why}" if choice.why else f"/mail?{urlencode({'q': choice.query})}",
    }
    return Page("second-look.html", values, "Parked" if choice.why else "Mail", 409 if before is not None else 200)


def _found(desk: Desk, viewer: Viewer, act: Act, choice: _Choice, top: int | None = None) -> Found:
    if choice.why:
        return operate.waiting_for(desk.spool, reason_of(choice.why), act, top)
    wanted = parse(choice.query, mails.around(desk.plan().settings, viewer.clock))
    if wanted.troubles:
        raise Permanent(f"{wanted.troubles[0].word}: {wanted.troubles[0].why}")
    if not wanted.terms:
        raise Permanent("a search without a word would be everything that there is: say what is meant")
    return operate.found_by(desk.spool, wanted, act, top)


def reason_of(said: str) -> Reason:
    """Return the reason that a word is; Permanent for another word."""
    if said not in set(Reason):
        raise Permanent(f"there is no reason {said[:40]}")
    return Reason(said)


def _act_of(said: str) -> Act:
    if said not in set(Act):
        raise Permanent("nobody knows how to do that")
    return Act(said)


# -- doing it


def _act(desk: Desk, viewer: Viewer, given: FormData) -> str | Page:
    """Do what a form asks for: with the job that it names, or with the many of which it has seen the number."""
    act, reason, route = _act_of(form.text(given, "act")), form.text(given, "reason"), form.text(given, "route")
    if act is Act.DISCARD and not reason:
        raise Permanent("say why it is discarded: whoever looks for it later will want to know")
    if route and desk.plan().settings.route_named(route) is None:
        raise Permanent(f"there is no route {route}")
    order = Order(act, viewer.person.who, reason, route)
    if job := form.text(given, "job"):
        moved = operate.act(desk.spool, [job], _targeted(order, job))
        return _after(moved, form.after(given, f"/mail/{job}"))
    return _act_on_many(desk, viewer, order, given)


def _act_on_many(desk: Desk, viewer: Viewer, order: Order, given: FormData) -> str | Page:
    """Act on all that was found, if it still is the same; those that came since are not meant."""
    choice, top = _Choice(form.text(given, "q"), form.text(given, "why")), form.number(form.text(given, "top"))
    found = _found(desk, viewer, order.act, choice, top)
    if found.mark != form.text(given, "mark"):
        return _look(desk, viewer, order.act, choice, found, form.number(form.text(given, "count")) or 0)
    target = choice.query or f"all that waits: {choice.why}"
    moved = operate.act_on(desk.spool, found.jobs, _targeted(order, target))
    return _after(moved, f"/acts/{moved.number}")


def _targeted(order: Order, target: str) -> Order:
    return Order(order.act, order.who, order.reason, order.route, order.fields, target)


def _after(moved: operate.Moved, address: str) -> str:
    if not moved.jobs:
        raise Permanent("; ".join(moved.left[:_SHOWN]) or "there was nothing to do")
    return address


def _undo(desk: Desk, viewer: Viewer, given: FormData) -> str:
    number = form.number(form.text(given, "number"))
    moved = operate.undo(desk.spool, number or 0, viewer.person.who)
    return form.after(given, f"/acts/{moved.number}")


def carried_out(desk: Desk, names: Sequence[str], fields: Mapping[str, str], viewer: Viewer, reason: str) -> None:
    """Have a mail posted with other fields; Permanent where it cannot be."""
    _after(operate.edit(desk.spool, names, fields, viewer.person.who, reason=reason), "")
