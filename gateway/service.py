"""The program as its supervisor sees it: signals in, systemd's notifications out, an exit code at the end."""

import asyncio
import os
import resource
import signal
import sys
from pathlib import Path

import uvloop

from gateway import log as logging
from gateway import telemetry
from gateway.app import ALL_ROLES, Gateway, Role
from gateway.config.settings import Settings
from gateway.errors import SettingsError
from gateway.log import log
from gateway.notify import Notifier
from gateway.plan import Plan, load_plan

_STATUS_SECONDS = 10.0
# systemd asks for twice the pace of its limit; more often costs nothing and forgives a late turn.
_SIGNS = 4
_SILENCE = 120.0


def run(path: Path, roles: frozenset[Role] = ALL_ROLES) -> None:
    """Run until SIGTERM or SIGINT; SIGHUP reads the settings again. Exit 70 when a part ended unasked."""
    loaded = load_plan(path)
    _configure_log(loaded.settings)
    _take_descriptors()
    telemetry.begin(loaded.settings.telemetry)
    unfinished, broken = uvloop.run(_run(path, loaded, roles))
    telemetry.end()
    if unfinished or broken:
        # Threads that wait for others would hold the process; the next start takes their jobs up.
        sys.stderr.flush()
        os._exit(os.EX_SOFTWARE if broken else 0)


def _configure_log(settings: Settings) -> None:
    """Have the log as the settings want it; SettingsError where it cannot be written."""
    try:
        logging.configure(settings.gateway.log, settings.gateway.log_level, settings.log.to, settings.log.levels)
    except OSError as error:
        raise SettingsError([f"log.to: {settings.log.to} cannot be written: {error.strerror or error}"]) from error


def _take_descriptors() -> None:
    """Have as many descriptors as we may: what is usual, 1,024, is for programs that use select."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _run(path: Path, loaded: Plan, roles: frozenset[Role]) -> tuple[int, bool]:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    gateway, notifier = Gateway(loaded, roles), Notifier()

    def end(number: signal.Signals) -> None:
        log.stopping(number.name)
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number)
    loop.add_signal_handler(signal.SIGHUP, _reload, gateway, path, notifier)
    ends = [loop.create_task(ended.wait()), loop.create_task(gateway.broken.wait())]
    starting = loop.create_task(gateway.start())
    await asyncio.wait([starting, *ends], return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        await asyncio.wait([starting])
        return 0, False
    starting.result()
    notifier.ready(_places(gateway))
    telling = [loop.create_task(_signs(gateway, notifier)), loop.create_task(_tell(gateway, notifier))]
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        notifier.stopping(gateway.plan.settings.gateway.stop_timeout)
        for task in telling[1:]:
            task.cancel()
        unfinished = await gateway.stop()
        telling[0].cancel()
    return unfinished, gateway.broken.is_set()


def _reload(gateway: Gateway, path: Path, notifier: Notifier) -> None:
    notifier.reloading()
    try:
        plan = load_plan(path)
        _configure_log(plan.settings)
        needs_restart = gateway.reload(plan)
    except SettingsError as error:
        log.reload_refused(error.lines)
        notifier.ready("settings not reloaded, the old ones stay: see the log")
    else:
        log.reloaded(needs_restart)
        notifier.ready(_places(gateway))


def _places(gateway: Gateway) -> str:
    return f"ready: SMTP at {', '.join(map(str, gateway.smtp)) or 'no port'}, HTTP at {gateway.http}"


async def _signs(gateway: Gateway, notifier: Notifier) -> None:
    """Give the watchdog its signs while all lives: this loop, the writer, the worker."""
    while notifier.watchdog:
        if gateway.lives(max(_SILENCE, notifier.watchdog)):
            notifier.lives()
        await asyncio.sleep(notifier.watchdog / _SIGNS)


async def _tell(gateway: Gateway, notifier: Notifier) -> None:
    """Tell now and then what is wrong, or that nothing is."""
    loop = asyncio.get_running_loop()
    while notifier.wanted:
        await asyncio.sleep(_STATUS_SECONDS)
        parts = await loop.run_in_executor(None, gateway.ready.parts)
        wrong = "; ".join(f"{name}: {said}" for name, said in parts.items() if said)
        notifier.status(wrong or _places(gateway))
