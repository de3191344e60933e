"""Where the rooms are wired together: settings in, a running gateway out. Start, reload and stop are here alone."""

import asyncio
import os
import signal
import ssl
import time
from dataclasses import dataclass
from pathlib import Path

import uvloop
from starlette.routing import Route as WebRoute

from gateway import log as logging
from gateway import metrics
from gateway.cention.client import Client, Limits
from gateway.cention.token import claims
from gateway.config.load import load
from gateway.config.settings import Settings, SmarthostTable
from gateway.config.units import Listen
from gateway.errors import GatewayError, SettingsError
from gateway.flow.readers import Readers
from gateway.flow.retry import Retry
from gateway.flow.surroundings import Surroundings
from gateway.flow.worker import Worker
from gateway.log import log
from gateway.outgoing.smarthost import Smarthost, parse_smarthost
from gateway.route.recipient import Recipients, check_pattern, duplicates
from gateway.sources.admission import Admission
from gateway.sources.conversation import Context
from gateway.sources.listener import Listener, tls_context
from gateway.spool import query
from gateway.spool.spool import Spool
from gateway.web.callbacks import endpoint
from gateway.web.health import healthz, metrics_page, readyz
from gateway.web.server import WebServer

_WORKER_SILENCE = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What the settings come to: checked as a whole, nothing started."""

    settings: Settings
    recipients: Recipients
    smtp_tls: ssl.SSLContext | None
    around: Surroundings


def plan(settings: Settings, where: str) -> Plan:
    """Work out what the settings mean; SettingsError with every mistake, each line beginning with `where`."""
    lines: list[str] = []
    recipients = _recipients(settings, lines)
    smarthosts = _smarthosts(settings, lines)
    smtp_tls, smarthost_tls = None, ssl.create_default_context()
    try:
        smtp_tls = tls_context(settings.smtp)
    except SettingsError as error:
        lines += error.lines
    try:
        if settings.outgoing.tls_ca:
            smarthost_tls.load_verify_locations(settings.outgoing.tls_ca)
    except OSError as error:
        lines.append(f"outgoing.tls_ca: {settings.outgoing.tls_ca}: expected a PEM file: {error.strerror or error}")
    if lines:
        raise SettingsError([f"{where}: {line}" for line in lines])
    worker = settings.worker
    around = Surroundings(
        settings=settings,
        clients=_clients(settings),
        smarthosts=smarthosts,
        tls=smarthost_tls,
        retry=Retry(worker.retry_min, worker.retry_max, worker.give_up),
    )
    return Plan(settings, recipients, smtp_tls, around)


def _recipients(settings: Settings, lines: list[str]) -> Recipients:
    claims = [(route.name, route.recipients) for route in settings.route]
    for number, route in enumerate(settings.route, 1):
        for place, pattern in enumerate(route.recipients, 1):
            if wrong := check_pattern(pattern):
                lines.append(f"route[{number}].recipients[{place}]: {wrong}")
    if not lines:
        lines += [f"route: {pattern} is claimed by {' and '.join(names)}" for pattern, names in duplicates(claims)]
    return Recipients.of(claims) if not lines else Recipients.of([])


def _smarthosts(settings: Settings, lines: list[str]) -> tuple[Smarthost, ...]:
    found = []
    for number, entry in enumerate(settings.outgoing.smarthosts, 1):
        table = entry if isinstance(entry, SmarthostTable) else SmarthostTable(url=entry)
        password = table.password.value if table.password is not None else None
        try:
            found.append(parse_smarthost(table.url, table.user, password))
        except ValueError as error:
            lines.append(f"outgoing.smarthosts[{number}]: {error}")
    return tuple(found)


def _clients(settings: Settings) -> dict[str, Client]:
    return {
        name: Client(
            workspace.url,
            Limits(silence=workspace.timeout, total=5 * workspace.timeout, attachment=workspace.max_attachment_size),
            threads=settings.worker.threads,
        )
        for name, workspace in settings.cention.items()
    }


class Gateway:
    """The running program. `smtp` and `http` are the addresses that it listens on, once `start` has returned."""

    def __init__(self, settings_plan: Plan) -> None:
        self.plan = settings_plan
        self.smtp: tuple[Listen, ...] = ()
        self.http = settings_plan.settings.http.listen
        settings = settings_plan.settings
        self.spool = Spool(settings.gateway.spool, settings.gateway.min_free)
        self._readers = Readers(settings.worker.readers, settings.worker.read_timeout, settings.worker.read_memory)
        self._worker = Worker(self.spool, self._readers, settings_plan.around)
        self.spool.on_work = self._worker.wake
        self._admission = Admission(settings.smtp.max_connections, settings.smtp.max_connections_per_address)
        self._listener = Listener(self._context())
        self._web = WebServer(self._web_routes(), settings.http.listen)

    async def start(self) -> None:
        """Open every part; SettingsError when one cannot be had."""
        try:
            if swept := self.spool.own():
                log.swept(swept)
            self.http = await self._web.start()
            self.smtp = await self._listener.start()
            self._worker.start()
        except BaseException:
            self._readers.close()
            self.spool.close()
            raise
        log.started(smtp=[str(one) for one in self.smtp], http=str(self.http), spool=self.plan.settings.gateway.spool)

    async def stop(self) -> int:
        """Finish what is in hand within `stop_timeout`, begin nothing else, close; return how many jobs are left."""
        seconds = self.plan.settings.gateway.stop_timeout
        deadline = time.monotonic() + seconds
        try:
            async with asyncio.timeout(seconds):
                await asyncio.gather(self._listener.stop(), self._web.stop())
        except TimeoutError:
            self._web.force_exit = True
        left = max(0.1, deadline - time.monotonic())
        unfinished = await asyncio.get_running_loop().run_in_executor(None, self._worker.stop, left)
        self._readers.close()
        self.spool.close()
        log.stopped(unfinished)
        return unfinished

    def reload(self, new: Plan) -> list[str]:
        """Put new settings in force for all that begins from now on; return what only a restart can change."""
        old, self.plan = self.plan, new
        self._admission.limit(new.settings.smtp.max_connections, new.settings.smtp.max_connections_per_address)
        self._listener.context = self._context()
        self._worker.around = new.around
        self._worker.wake()
        fixed = ("gateway.spool", "smtp.listen", "http.listen", "worker.threads", "worker.readers")
        return [key for key in fixed if _value(old.settings, key) != _value(new.settings, key)]

    def _context(self) -> Context:
        settings = self.plan.settings
        return Context(
            hostname=settings.gateway.hostname,
            settings=settings.smtp,
            store=self.spool,
            route_of=self.plan.recipients.match,
            admission=self._admission,
            tls=self.plan.smtp_tls,
        )

    def _web_routes(self) -> list[WebRoute]:
        return [
            WebRoute("/callbacks/{workspace}", endpoint(lambda: self.plan.settings, self.spool), methods=["POST"]),
            WebRoute("/healthz", healthz, methods=["GET"]),
            WebRoute("/readyz", readyz(self._parts, self._notes), methods=["GET"]),
            WebRoute("/metrics", metrics_page(self._count), methods=["GET"]),
        ]

    def _parts(self) -> dict[str, str]:
        """What is wrong with each part, "" for nothing."""
        silence = time.monotonic() - self._worker.alive_at
        worker = f"no sign of life for {silence:.0f} s" if silence > _WORKER_SILENCE else ""
        listens = bool(self.smtp) or not self.plan.settings.smtp.listen
        return {"spool": self._spool_trouble(), "smtp": "" if listens else "does not listen", "worker": worker}

    def _spool_trouble(self) -> str:
        try:
            self.spool.check_room()
            self.spool.read(query.counts)
        except GatewayError as error:
            return str(error)
        return ""

    def _notes(self) -> dict[str, str]:
        """What a postmaster should know though everything works: paused lanes, parked jobs, tokens near their end."""
        notes = {pause["lane"]: f"paused: {pause['reason']}" for pause in self.spool.read(query.pauses)}
        parked = sum(count for _, state, count in self.spool.read(query.counts) if state == "parked")
        if parked:
            notes["parked"] = f"{parked} jobs need a person: cention-gateway queue list --state parked"
        return notes | token_notes(self.plan.settings)

    def _count(self) -> None:
        metrics.jobs.clear()
        for kind, state, count in self.spool.read(query.counts):
            metrics.jobs.labels(kind, state).set(count)
        oldest = self.spool.read(query.oldest_unfinished)
        metrics.oldest_waiting.set(max(0.0, time.time() - oldest) if oldest is not None else 0.0)


def _value(settings: Settings, key: str) -> object:
    section, _, name = key.partition(".")
    return getattr(getattr(settings, section), name)


def token_notes(settings: Settings, days: float = 14.0) -> dict[str, str]:
    """Say which tokens have expired or will within so many days; those that are no JWT say nothing of it."""
    tokens = {f"route:{route.name}": route.token for route in settings.route}
    tokens |= {f"workspace:{name}": workspace.attachment_token for name, workspace in settings.cention.items()}
    notes = {}
    for owner, secret in tokens.items():
        try:
            read = claims(secret.value())
        except SettingsError as error:
            notes[f"token of {owner}"] = str(error)
            continue
        left = read.days_left(time.time()) if read is not None else None
        if left is not None and left < days:
            notes[f"token of {owner}"] = "has expired" if left <= 0 else f"expires in {left:.1f} days"
    return notes


def load_plan(path: Path) -> Plan:
    """Read a settings file and work out what it means; SettingsError with every mistake."""
    return plan(load(path), str(path))


def run(path: Path) -> None:
    """Run until SIGTERM or SIGINT; SIGHUP reads the settings again."""
    loaded = load_plan(path)
    logging.configure(loaded.settings.gateway.log, loaded.settings.gateway.log_level)
    if uvloop.run(_run(path, loaded)):
        # Their threads wait for others and would hold the process; the next start takes their jobs up.
        os._exit(0)


async def _run(path: Path, loaded: Plan) -> int:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    gateway = Gateway(loaded)

    def end(number: signal.Signals) -> None:
        log.stopping(number.name)
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number)
    loop.add_signal_handler(signal.SIGHUP, _reload, gateway, path)
    await gateway.start()
    try:
        await ended.wait()
    finally:
        unfinished = await gateway.stop()
    return unfinished


def _reload(gateway: Gateway, path: Path) -> None:
    try:
        needs_restart = gateway.reload(load_plan(path))
    except SettingsError as error:
        log.reload_refused(error.lines)
    else:
        log.reloaded(needs_restart)
