"""The structured log: one method for each fact, with the trace id; no body and no secret ever gets in.

Other rooms call these methods, so that a fact has one name and one set of fields wherever it happens.
"""

import json
import logging
import sys
from contextlib import suppress
from typing import Any

import orjson
import structlog
from structlog.tracebacks import ExceptionDictTransformer

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(form: str, level: str) -> None:
    """Choose the log's form ("auto", "human", "json") and its least level; everything goes to standard error.

    Tracebacks come without local variables: mails and secrets are among those.
    """
    human = form == "human" or (form == "auto" and sys.stderr.isatty())
    renderer: Any = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if human
        else structlog.processors.JSONRenderer(serializer=_json)
    )
    steps: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.UnicodeDecoder(),
    ]
    if not human:
        steps.append(structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)))
    structlog.configure(
        processors=[*steps, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    for name in ("aiosmtpd", "mail.log", "uvicorn", "alembic", "asyncio", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL if name in {"mail.log", "uvicorn"} else logging.WARNING)


def _json(fields: Any, **_: object) -> str:
    try:
        return orjson.dumps(fields, default=repr).decode()
    except TypeError:  # a lone surrogate, or a number too large
        return json.dumps(fields, default=repr)


class Log:
    """What can be said. Each method is one fact; `trace` is the id of the mail or callback it is about."""

    def _say(self, level: str, fact: str, **fields: object) -> None:
        # A log that cannot be written (a closed pipe, a full disk) must not cost a mail.
        with suppress(OSError, ValueError):
            getattr(structlog.get_logger(), level)(fact, **fields)

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

    def poller(self, name: str, state: str, reason: str = "") -> None:
        """A poller went into another state, or fails for another reason than before."""
        self._say("warning" if reason else "info", f"poller {state}", poller=name, reason=reason)

    def pollers_left(self) -> None:
        """Not every poller ended in time; what they had in hand is found again at the next start."""
        self._say("warning", "pollers did not end in time")

    def skipped(self, poller: str, what: str, reason: str) -> None:
        """A message could not be taken and is left where it is; it is tried again later."""
        self._say("warning", "message skipped", poller=poller, message=what, reason=reason)

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
