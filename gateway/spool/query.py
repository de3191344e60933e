"""Looking into the spool: listings, one job, a trace. Reads only; rows come out as plain dictionaries."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, bindparam, func, or_, select

from gateway.model import JobState
from gateway.spool import delivery
from gateway.spool.tables import callback, event, job, mail, mail_there, pause, sent

_UNFINISHED = (JobState.QUEUED, JobState.WORKING, JobState.HELD)
_SEEN_TO = (*_UNFINISHED, JobState.PARKED)
_LONGEST_NUMBER = 18


def _jobs() -> Select[Any]:
    columns = [column for column in job.c if column.name not in {"identity", "leased_until"}]
    facts = [
        mail.c.subject,
        mail.c.from_address,
        mail.c.sender,
        mail.c.size,
        mail.c.message_id,
        callback.c.errand,
        callback.c.workspace,
    ]
    return (
        select(*columns, *facts)
        .outerjoin(mail, job.c.mail_id == mail.c.id)
        .outerjoin(callback, job.c.callback_id == callback.c.id)
    )


def jobs(connection: Connection, states: Sequence[str], route: str, most: int) -> list[dict[str, Any]]:
    """List jobs, newest first; empty `states` means all."""
    wanted = _jobs().order_by(job.c.id.desc()).limit(most)
    if JobState.DONE in states:
        # Most are, so the newest are found soon by going back; by their state all would be sorted.
        wanted = wanted.where(job.c.state.not_in(set(JobState).difference(states)))
    elif states:
        wanted = wanted.where(job.c.state.in_(states))
    if route:
        wanted = wanted.where(job.c.route == route)
    return [_plain(row) for row in connection.execute(wanted).mappings()]


def listed(connection: Connection, ids: Sequence[int]) -> list[dict[str, Any]]:
    """List these jobs, newest first."""
    wanted = _jobs().where(job.c.id.in_(ids)).order_by(job.c.id.desc())
    return [_plain(row) for row in connection.execute(wanted).mappings()]


def jobs_of(connection: Connection, name: str) -> list[dict[str, Any]]:
    """Find the jobs that `name` means: a job's number, or the id of a mail or callback."""
    which = or_(job.c.mail_id == name.upper(), job.c.callback_id == name.upper())
    if name.isdecimal() and len(name) <= _LONGEST_NUMBER:
        which = or_(which, job.c.id == int(name))
    return [_plain(row) for row in connection.execute(_jobs().where(which).order_by(job.c.id)).mappings()]


def _plain(row: RowMapping) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def subjects(connection: Connection, name: str) -> list[str]:
    """Find mails and callbacks by their id, a job's number, a Message-ID, or `#` and an errand's id."""
    if name.startswith("#"):
        made = select(job.c.mail_id).where(job.c.kind == "errand", job.c.result == name[1:])
        answered = select(callback.c.id).where(callback.c.errand == name[1:])
        return [*connection.scalars(made), *connection.scalars(answered)]
    found = [one for row in jobs_of(connection, name) for one in (row.get("mail_id"), row.get("callback_id")) if one]
    bare = name.strip("<>")
    found += connection.scalars(select(mail.c.id).where(mail.c.message_id.in_((name, f"<{bare}>"))))
    found += connection.scalars(select(sent.c.callback_id).where(sent.c.message_id.in_((name, f"<{bare}>"))))
    found += connection.scalars(select(callback.c.id).where(callback.c.id == name.upper()))
    return list(dict.fromkeys(found))


def trace(connection: Connection, subject: str) -> dict[str, Any] | None:
    """Return everything known of a mail or callback but its content: its row, its jobs, its steps."""
    for table, hidden in ((mail, {"raw"}), (callback, {"document"})):
        columns = [column for column in table.c if column.name not in hidden]
        row = connection.execute(select(*columns).where(table.c.id == subject)).mappings().first()
        if row is not None:
            steps = (
                select(event.c.at, event.c.step, event.c.detail).where(event.c.subject == subject).order_by(event.c.id)
            )
            return {
                table.name: _plain(row),
                "jobs": jobs_of(connection, subject),
                "events": [dict(step) for step in connection.execute(steps).mappings()],
            } | ({"deliveries": delivery.of_answer(connection, subject)} if table is callback else {})
    return None


def counts(connection: Connection) -> list[tuple[str, str, int]]:
    """Count jobs by kind and state, but not those that are done or discarded: there may be millions of them."""
    counted = select(job.c.kind, job.c.state, func.count()).where(job.c.state.in_(_SEEN_TO))
    return [
        (kind, state, count) for kind, state, count in connection.execute(counted.group_by(job.c.kind, job.c.state))
    ]


def lane_counts(connection: Connection, lanes: Sequence[str]) -> list[tuple[str, str, int]]:
    """Count the jobs of some lanes by lane and state, but not those that are done or discarded."""
    counted = select(job.c.lane, job.c.state, func.count()).where(job.c.lane.in_(lanes), job.c.state.in_(_SEEN_TO))
    return [
        (lane, state, count) for lane, state, count in connection.execute(counted.group_by(job.c.lane, job.c.state))
    ]


def oldest_unfinished(connection: Connection) -> float | None:
    """Return when the oldest job that is not at its end was made."""
    oldest: float | None = connection.scalar(select(func.min(job.c.created_at)).where(job.c.state.in_(_UNFINISHED)))
    return oldest


def unfinished(connection: Connection) -> int:
    """Count the jobs that are not at their end."""
    return connection.scalar(select(func.count()).select_from(job).where(job.c.state.in_(_UNFINISHED))) or 0


def content_size(connection: Connection) -> int:
    """Add up the bytes of the mails whose content is still there."""
    return connection.scalar(select(func.sum(mail.c.size)).where(mail_there)) or 0


def pauses(connection: Connection) -> list[dict[str, Any]]:
    """List the lanes that wait for credentials."""
    return [dict(row) for row in connection.execute(select(pause).order_by(pause.c.lane)).mappings()]


def sender(connection: Connection, mail_id: str) -> str:
    """Return a mail's envelope sender, "" for the null one."""
    return connection.scalar(select(mail.c.sender).where(mail.c.id == mail_id)) or ""


def in_hand(connection: Connection, lane: str) -> int:
    """Count the jobs of a lane that are being worked on."""
    working = select(func.count()).select_from(job).where(job.c.lane == lane, job.c.state == JobState.WORKING)
    return connection.scalar(working) or 0


def mail_of_errand(connection: Connection, errand: str, routes: Sequence[str]) -> dict[str, Any] | None:
    """Find the mail that made an errand, as `mails_of_errands` does."""
    return mails_of_errands(connection, [errand], routes).get(errand)


def mails_of_errands(
    connection: Connection, errands: Sequence[str], routes: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Find the mails that made errands, by those: route, writer, kind, envelope sender, Message-ID and thread."""
    rows = connection.execute(_MAKERS, {"errands": errands, "routes": routes}).mappings()
    return {row["errand"]: dict(row) for row in rows}


# Of several with one number, which two servers may give, the newest.
_MAKERS = (
    select(
        *(mail.c.id, job.c.route, mail.c.from_address, mail.c.message_id, mail.c.thread, mail.c.subject),
        *(mail.c.kind, mail.c.sender, job.c.result.label("errand")),
    )
    .join(job, job.c.mail_id == mail.c.id)
    .where(
        job.c.id.in_(
            select(func.max(job.c.id))
            .where(
                job.c.kind == "errand",
                job.c.result.in_(bindparam("errands", expanding=True)),
                job.c.route.in_(bindparam("routes", expanding=True)),
            )
            .group_by(job.c.result)
        )
    )
)
