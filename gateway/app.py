"""Where the rooms are wired together: settings in, a running gateway out. Start, reload and stop are here alone."""

import asyncio
import time
from enum import StrEnum

from starlette.routing import BaseRoute
from starlette.routing import Route as WebRoute
from ulid import ULID

from gateway import metrics
from gateway.alerting.alerts import Alerts
from gateway.alerting.channels import channels_of
from gateway.alerting.sight import Sight
from gateway.config.settings import Settings
from gateway.config.units import Listen
from gateway.errors import GatewayError
from gateway.flow.readers import Readers
from gateway.flow.tokens import TokenWatch
from gateway.flow.worker import Worker
from gateway.front import Front, OwnFront, ProcessFront, process_context
from gateway.log import log
from gateway.plan import Plan
from gateway.pollers import fetching, pollers_of
from gateway.readiness import Readiness
from gateway.sources.admission import Admission
from gateway.sources.conversation import Context
from gateway.sources.openings import Openings
from gateway.sources.sockets import inherited
from gateway.sources.supervisor import Supervisor
from gateway.spool import halts, limits
from gateway.spool.fetching import Places
from gateway.spool.heartbeat import Heartbeat
from gateway.spool.hub import Hub
from gateway.spool.spool import Spool
from gateway.web.callbacks import routes as callback_routes
from gateway.web.console.door import behind
from gateway.web.console.people import People
from gateway.web.console.room import Console
from gateway.web.health import healthz, metrics_page, readyz
from gateway.web.server import WebServer

_WATCH_SECONDS = 1.0
_ALERTS_SECONDS = 2.0


class Role(StrEnum):
    """What a node does. Health and metrics are there in any case."""

    SMTP = "smtp"
    HTTP = "http"
    FETCH = "fetch"
    WORKER = "worker"


ALL_ROLES = frozenset(Role)


def open_spool(settings: Settings) -> Spool:
    """Open the spool that the settings name."""
    spool = settings.gateway
    return Spool(spool.store, spool.min_free, bodies=spool.bodies)


class Gateway:
    """The running program. `smtp` and `http` are the addresses that it listens on, once `start` has returned.

    `broken` is set when a part has ended without which nothing works.
    """

    def __init__(self, settings_plan: Plan, roles: frozenset[Role] = ALL_ROLES) -> None:
        self.plan = settings_plan
        self.roles = roles
        self.smtp: tuple[Listen, ...] = ()
        self.http = settings_plan.settings.http.listen
        self.broken = asyncio.Event()
        self._said = ""
        self._token_watch = TokenWatch()
        settings = settings_plan.settings
        self.spool = open_spool(settings)
        self._hub = Hub(self.spool.writer, self._work)
        self._processes = process_context()
        worker = settings.worker
        # A folder for temporary files may be memory; where the spool is, there is disk.
        scratch = self.spool.door.parent if self.spool.door is not None else None
        self._readers = Readers(worker.readers, worker.read_timeout, worker.read_memory, folder=scratch)
        self._worker = Worker(self.spool, self._readers, settings_plan.around)
        self.spool.on_work = self._work
        self._others = metrics.Others()
        self._passed = inherited()
        self._openings: Openings | None = None
        self._front = self._made_front()
        smtp = settings.smtp
        node = str(ULID())
        self._heartbeat = Heartbeat(self.spool, node, roles)
        self._places = Places(self.spool, node)
        self._supervisor = Supervisor(self.spool, self._places.hold, smtp.max_size, smtp.max_header_size)
        self.ready = self._readiness()
        self._alerts = self._made_alerts()
        self._console = Console(lambda: self.plan, self.spool, self.ready.document)
        self._web = WebServer(self._web_routes(), settings.http.listen)
        self._watching: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._restarting = asyncio.Lock()
        self._stopping = False

    def _made_front(self) -> Front:
        settings = self.plan.settings
        if settings.smtp.processes and (settings.smtp.listen or settings.lmtp.listen) and Role.SMTP in self.roles:
            return ProcessFront(self._hub, self._others, self._processes, settings)
        smtp = settings.smtp
        self._admission = Admission(smtp.max_connections, smtp.max_connections_per_address)
        return OwnFront(self._admission, self._context)

    def _made_alerts(self) -> Alerts:
        sight = Sight(lambda: self.plan.settings, self.spool, self.ready.parts, lambda: self._supervisor.statuses)
        return Alerts(sight, self._places, lambda: channels_of(self.plan.settings, self.plan.around.transport))

    def _work(self) -> None:
        if Role.WORKER in self.roles:
            self._worker.wake()

    async def start(self) -> None:
        """Open every part; SettingsError when one cannot be had."""
        try:
            if swept := self.spool.own():
                log.swept(swept)
            for line in self.spool.doubts():
                log.doubt(line)
            if door := self.spool.door:
                self._hub.open(door)
            self.http = await self._web.start()
            await self._start_front()
            self._look_at_halts()
            if Role.WORKER in self.roles:
                self._worker.start()
            self._start_pollers()
            self._alerts.start()
        except BaseException:
            await self._front.stop()
            if self._openings is not None:
                self._openings.close()
            self._readers.close()
            self._hub.close()
            self.spool.close()
            raise
        self._watching = asyncio.create_task(self._watch())
        places = [str(one) for one in self.plan.settings.lmtp.listen]
        log.started(smtp=[str(one) for one in self.smtp], lmtp=places, http=str(self.http), spool=self.spool.name)

    async def _start_front(self) -> None:
        smtp, lmtp = self.plan.settings.smtp, self.plan.settings.lmtp
        if Role.SMTP not in self.roles or not (smtp.listen or lmtp.listen):
            return
        self._openings = Openings(smtp, lmtp, self._passed)
        rows = self._openings.rows
        await self._front.start(rows)
        self.smtp = tuple(Listen(*one.getsockname()[:2]) for one in rows[0].smtp)

    def _start_pollers(self) -> None:
        if Role.FETCH in self.roles:
            self._supervisor.start(pollers_of(self.plan, self._places))

    async def _restart_pollers(self) -> None:
        """End the pollers and start those of the settings as they are then: one restart at a time, none at a stop."""
        async with self._restarting:
            await self._stop_pollers()
            if not self._stopping:
                self._start_pollers()

    async def _stop_pollers(self) -> None:
        seconds = self.plan.settings.gateway.stop_timeout
        if await asyncio.get_running_loop().run_in_executor(None, self._supervisor.stop, seconds):
            log.pollers_left()

    async def _stop_fetching(self) -> None:
        """End the pollers, and let other nodes have them at once."""
        async with self._restarting:
            await self._stop_pollers()
        if self.spool.door is None and self._supervisor.statuses:
            await asyncio.get_running_loop().run_in_executor(None, self._release_pollers)

    def _release_pollers(self) -> None:
        try:
            self._places.release()
        except (GatewayError, TimeoutError) as error:
            log.trouble("release of pollers", error)

    async def _watch(self) -> None:
        """Look, once a second, at what must live, and at the limits of the spool."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            dead = [name for name, thread in self._threads().items() if not thread]
            if dead:
                log.ended_unasked(", ".join(dead))
                self.broken.set()
                return
            await loop.run_in_executor(None, self._look_at_limits)
            await loop.run_in_executor(None, self._look_at_halts)
            await loop.run_in_executor(None, self._heartbeat.beat)
            await loop.run_in_executor(None, self._token_watch.look, self.plan.settings)
            await loop.run_in_executor(None, self.plan.around.transport.reap)
            self._front.full(self.spool.acceptor.room.full)

    def lives(self, silence: float) -> bool:
        """Whether what nothing works without lives, and the worker went round within so many seconds.

        At a stop, which has a time limit of its own, they may end.
        """
        quiet = time.monotonic() - self._worker.alive_at if Role.WORKER in self.roles else 0.0
        return self._stopping or (all(self._threads().values()) and quiet <= silence)

    def _threads(self) -> dict[str, bool]:
        return {"writer": self.spool.writer.alive, "worker": Role.WORKER not in self.roles or self._worker.alive}

    def _look_at_limits(self) -> None:
        settings = self.plan.settings.gateway
        try:
            limits.look_again(self.spool)
            full = limits.reached(self.spool, settings.max_spool, settings.max_waiting)
        except GatewayError as error:
            self._say_once(error)
        else:
            self._said = ""
            self.spool.acceptor.room.full = full

    def _look_at_halts(self) -> None:
        """Have what a person has paused rest here, whichever node he told; what cannot be asked stays as it is."""
        try:
            names = self.spool.read(halts.halted)
        except GatewayError as error:
            self._say_once(error)
            return
        self._worker.halted = names.keys()
        self.plan.around.transport.halted = halts.of_kind(names, "smarthost")
        self._supervisor.halt(halts.of_kind(names, "source"))

    async def stop(self) -> int:
        """Finish what is in hand within `stop_timeout`, begin nothing else, close; return how many jobs are left."""
        seconds = self.plan.settings.gateway.stop_timeout
        deadline = time.monotonic() + seconds
        self._stopping = True
        self._console.close()
        if self._watching is not None:
            self._watching.cancel()
        if self._openings is not None:
            self._openings.close()
        loop = asyncio.get_running_loop()
        ending = loop.run_in_executor(None, self._alerts.stop, min(seconds, _ALERTS_SECONDS))
        fetching = asyncio.create_task(self._stop_fetching())
        try:
            async with asyncio.timeout(seconds):
                await asyncio.gather(self._front.stop(), self._web.stop())
        except TimeoutError:
            self._web.force_exit = True
        await fetching
        await ending
        left = max(0.1, deadline - time.monotonic())
        unfinished = await loop.run_in_executor(None, self._worker.stop, left)
        await loop.run_in_executor(None, self.plan.around.transport.close)
        await loop.run_in_executor(None, self._heartbeat.stop)
        self._readers.close()
        self._hub.close()
        self.spool.close()
        log.stopped(unfinished)
        return unfinished

    def reload(self, new: Plan) -> list[str]:
        """Put new settings in force for all that begins from now on; return what only a restart can change."""
        old, self.plan = self.plan, new
        new.around.transport.takes_over(old.around.transport)
        # Its goodbyes wait for smarthosts, and the event loop for nobody.
        asyncio.get_running_loop().run_in_executor(None, old.around.transport.close)
        self._front.reload(new.settings)
        self._worker.around = new.around
        self._worker.wake()
        if fetching(old.settings) != fetching(new.settings):
            self._tasks.add(task := asyncio.get_running_loop().create_task(self._restart_pollers()))
            task.add_done_callback(self._tasks.discard)
        fixed = (
            *("gateway.spool", "gateway.bodies", "gateway.min_free", "smtp.listen", "smtp.processes", "http.listen"),
            *("lmtp.listen", "lmtp.mode", "lmtp.owner", "lmtp.group"),
            *("worker.threads", "worker.readers", "telemetry.endpoint", "telemetry.service"),
        )
        return [key for key in fixed if _value(old.settings, key) != _value(new.settings, key)]

    def _say_once(self, error: GatewayError) -> None:
        """Log what is wrong with the spool when it begins or changes, not each second."""
        if str(error) != self._said:
            self._said = str(error)
            log.trouble("spool", error)

    def _smtp_trouble(self) -> str:
        listens = bool(self.smtp) or not self.plan.settings.smtp.listen
        return self._front.trouble() if listens else "does not listen"

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

    def _readiness(self) -> Readiness:
        return Readiness(
            settings=lambda: self.plan.settings,
            spool=self.spool,
            smtp=self._smtp_trouble if Role.SMTP in self.roles else None,
            worker=self._worker if Role.WORKER in self.roles else None,
            supervisor=self._supervisor,
            others=self._others,
            roles=tuple(sorted(self.roles)),
        )

    def _web_routes(self) -> list[BaseRoute]:
        ready = self.ready
        people = People(lambda: self.plan.settings.console, self.spool)
        answer = readyz(ready.parts, ready.notes, **ready.more())
        return [
            *(callback_routes(lambda: self.plan.settings, self.spool) if Role.HTTP in self.roles else []),
            WebRoute("/healthz", healthz, methods=["GET"]),
            WebRoute("/readyz", answer, methods=["GET"]),
            WebRoute("/metrics", metrics_page(ready.count, self._others), methods=["GET"]),
            *(behind(self._console.routes(), people) if Role.HTTP in self.roles else []),
        ]


def _value(settings: Settings, key: str) -> object:
    section, _, name = key.partition(".")
    return getattr(getattr(settings, section), name)
