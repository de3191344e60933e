"""The structured log: one method for each fact, with the trace id; no body and no secret ever gets in.

Other rooms call these methods, so that a fact has one name and one set of fields wherever it happens.
"""

import inspect
import json
import logging
import sys
from collections.abc import Mapping
from contextlib import suppress
from types import FrameType
from typing import Any

import orjson
import structlog
from structlog.tracebacks import ExceptionDictTransformer

from gateway.sink import File, Journal, Sink, Terminal

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_ROOM_DEPTH = 2


def configure(form: str, level: str, to: str = "stderr", levels: Mapping[Any, str] | None = None) -> None:
    """Choose the log's form ("auto", "human", "json"), least level (and those of rooms), and where it goes.

    That is "stderr", "journald" or "file:PATH"; OSError where it cannot be had. Tracebacks come without local
    variables: mails and secrets are among those.
    """
    usual, own = _LEVELS[level], {room: _LEVELS[one] for room, one in (levels or {}).items()}
    human = to != "journald" and (form == "human" or (form == "auto" and to == "stderr" and sys.stderr.isatty()))
    lines = _Lines(_sink(to)) if to != "journald" else _Entries(Journal())
    structlog.configure(
        processors=[*([_by_room(usual, own)] if own else []), *_steps(human=human), lines.render(human=human)],
        wrapper_class=structlog.make_filtering_bound_logger(min([usual, *own.values()])),
        logger_factory=lambda: lines,
        cache_logger_on_first_use=False,
    )
    for name in ("aiosmtpd", "mail.log", "uvicorn", "alembic", "asyncio", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL if name in {"mail.log", "uvicorn"} else logging.WARNING)


def _sink(to: str) -> Sink:
    return File(to.removeprefix("file:")) if to.startswith("file:") else Terminal()


def _by_room(usual: int, own: Mapping[str, int]) -> Any:
    """Return the step that leaves out what is below its room's level."""

    def step(_logger: object, level: str, fields: dict[str, Any]) -> dict[str, Any]:
        if _LEVELS[level] < own.get(fields.get("room", ""), usual):
            raise structlog.DropEvent
        return fields

    return step


def _steps(*, human: bool) -> list[Any]:
    steps: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.UnicodeDecoder(),
    ]
    if not human:
        steps.append(structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)))
    return steps


class _Lines:
    """Takes rendered lines to a sink."""

    def __init__(self, sink: Sink) -> None:
        self.debug = self.info = self.warning = self.error = sink.write

    @staticmethod
    def render(*, human: bool) -> Any:
        if not human:
            return structlog.processors.JSONRenderer(serializer=_json)
        colours = sys.stderr.isatty()
        return structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)


class _Entries:
    """Takes facts to the journal, field by field; the time is the journal's own."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    @staticmethod
    def render(*, human: bool) -> Any:
        del human
        return lambda _logger, _name, fields: ((), fields)

    def _take(self, *, event: str, level: str, timestamp: str, **fields: Any) -> None:
        del timestamp
        said = " ".join(f"{name}={value if isinstance(value, str) else _json(value)}" for name, value in fields.items())
        self._journal.send(level, f"{event} {said}".strip(), fields)

    debug = info = warning = error = _take


def _json(fields: Any, **_: object) -> str:
    try:
        return orjson.dumps(fields, default=repr).decode()
    except TypeError:  # a lone surrogate, or a number too large
        return json.dumps(fields, default=repr)


def _room(frame: FrameType | None) -> str:
    """Return the room that a frame's code belongs to: its package, or "main" for what stands in none."""
    name = frame.f_globals.get("__name__", "") if frame is not None else ""
    parts = name.split(".")
    return parts[1] if parts[0] == "gateway" and len(parts) > _ROOM_DEPTH else "main"


class Log:
    """What can be said. Each method is one fact; `trace` is the id of the mail or callback it is about."""

    def _say(self, level: str, fact: str, **fields: object) -> None:
        frame = inspect.currentframe()
        room = _room(frame.f_back.f_back if frame is not None and frame.f_back is not None else None)
        # A log that cannot be written (a closed pipe, a full disk) must not cost a mail.
        with suppress(OSError, ValueError):
            getattr(structlog.get_logger(), level)(fact, room=room, **fields)

    def started(self, **where: object) -> None:
        """Every part listens and works."""
        self._say("info", "started", **where)

    def accepting_ended(self, process: int, exit_code: int | None) -> None:
        """An accepting process ended unasked, and is started again."""
        self._say("error", "accepting process ended, started again", process=process, exit_code=exit_code)

    def ended_unasked(self, part: str) -> None:
        """A part without which nothing works is gone: the program ends, for its supervisor to start it again."""
        self._say("error", "a part ended unasked, so the program ends", part=part)

    def stopping(self, signal: str) -> None:
        """No new work is begun."""
        self._say("info", "stopping", signal=signal)

    def stopped(self, unfinished: int) -> None:
        """The program ends; `unfinished` jobs go on at the next start."""
        self._say("info", "stopped", unfinished=unfinished)

    def reloaded(self, needs_restart: list[str]) -> None:
        """New settings are in force, but for those keys that only a restart can change."""
        self._say("warning" if needs_restart else "info", "settings reloaded", needs_restart=needs_restart)

    def reload_refused(self, lines: list[str]) -> None:
        """The settings file is wrong; the ones from before stay in force."""
        self._say("error", "settings not reloaded, the old ones stay", mistakes=lines)

    def accepted(self, trace: str, source: str, sender: str, routes: list[str], size: int, peer: str) -> None:
        """A mail is durable and its sender was told so."""
        self._say(
            "info", "mail accepted", trace=trace, source=source, sender=sender, routes=routes, size=size, peer=peer
        )

    def copied(self, trace: str, source: str, sender: str, peer: str) -> None:
        """A mail that we already have came again."""
        self._say("info", "mail is a copy", trace=trace, source=source, sender=sender, peer=peer)

    def refused(self, peer: str, reply: str, **fields: object) -> None:
        """A client was answered with an error."""
        self._say("info", "smtp refused", peer=peer, reply=reply, **fields)

    def receiving_failed(self, trace: str, error: BaseException, *, expected: bool) -> None:
        """A mail was not taken for a reason of ours; the client was told so, with this trace id."""
        self._say("error", "receiving failed", trace=trace, error=repr(error), exc_info=None if expected else error)

    def callback(self, trace: str, workspace: str, errand: str, *, repeat: bool) -> None:
        """A callback is durable (or was already)."""
        self._say("info", "callback accepted", trace=trace, workspace=workspace, errand=errand, repeat=repeat)

    def callback_unknown(self, trace: str, workspace: str, kind: str, event: str) -> None:
        """A callback is durable, but nothing is known to be done for its event."""
        self._say("warning", "callback unknown", trace=trace, workspace=workspace, type=kind, number=event)

    def callback_refused(self, workspace: str, status: int, reason: str, peer: str) -> None:
        """A callback was answered with an error."""
        self._say("warning", "callback refused", workspace=workspace, status=status, reason=reason, peer=peer)

    def step(self, trace: str, step: str, job: int, **fields: object) -> None:
        """A job took a step; the same is in its trace. What needs a person, or did not work, is a warning."""
        level = "warning" if step in {"parked", "again later", "refused", "held", "too large"} else "info"
        self._say(level, step, trace=trace, job=job, **fields)

    def looping(self, writer: str, subject: str, reason: str) -> None:
        """Too many mails of one sender and subject came; this one and those after it are held."""
        self._say("error", "mails held, perhaps a loop", sender=writer, subject=subject, reason=reason)

    def stale(self, trace: str, job: int) -> None:
        """A result came after the job's lease had gone to another; it was not recorded."""
        self._say("warning", "late result ignored", trace=trace, job=job)

    def paused(self, lane: str, reason: str) -> None:
        """Credentials were refused; the lane's jobs wait for new ones."""
        self._say("error", "paused", lane=lane, reason=reason)

    def token_ends(self, owner: str, source: str, last_day: str, days: float) -> None:
        """A token expires soon, or has: what it is for will be refused from then on."""
        fact = "token expires soon" if days > 0 else "token has expired"
        self._say("warning", fact, owner=owner, source=source, last_day=last_day, days_left=round(days, 1))

    def resumed(self, lane: str) -> None:
        """A paused lane works again."""
        self._say("info", "resumed", lane=lane)

    def person(self, name: str, what: str, address: str, **more: object) -> None:
        """Somebody signed in to the console, or out, or was refused; `name` is "" where nobody is called so."""
        self._say("warning" if "refused" in what else "info", what, person=name, address=address, **more)

    def poller(self, name: str, state: str, reason: str = "") -> None:
        """A poller went into another state, or fails for another reason than before."""
        self._say("warning" if reason else "info", f"poller {state}", poller=name, reason=reason)

    def pollers_left(self) -> None:
        """Not every poller ended in time; what they had in hand is found again at the next start."""
        self._say("warning", "pollers did not end in time")

    def skipped(self, poller: str, what: str, reason: str) -> None:
        """A message could not be taken and is left where it is; it is tried again later."""
        self._say("warning", "message skipped", poller=poller, message=what, reason=reason)

    def alerted(self, channel: str, what: str, said: str, *, wrong: bool) -> None:
        """Somebody was told by a channel that something is wrong, or right again."""
        self._say("warning" if wrong else "info", "alert sent", channel=channel, about=what, wrong=wrong, said=said)

    def alert_not_sent(self, channel: str, reason: str) -> None:
        """A channel of the alerts failed; it is tried again."""
        self._say("error", "alert not sent", channel=channel, reason=reason)

    def telemetry(self, *, failing: bool) -> None:
        """The collector of traces takes none, or takes them again."""
        self._say("warning" if failing else "info", "traces are not sent" if failing else "traces are sent")

    def swept(self, orphans: int) -> None:
        """Bodies that no mail refers to were removed."""
        self._say("info", "orphaned bodies swept", count=orphans)

    def doubt(self, line: str) -> None:
        """What was accepted may not outlive a power cut."""
        self._say("warning", "not durable", reason=line)

    def trouble(self, where: str, error: BaseException) -> None:
        """A part of the program met an error that it survives."""
        self._say("error", "trouble", where=where, error=repr(error), exc_info=error)


log = Log()
