"""SMTP clients that break off, dawdle, never end or talk nonsense: others are served meanwhile, memory is bounded.

Each attack is made on the accepting processes, as many as by default, and on a main process that takes mail itself.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Generic, TypeVar

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.acceptance.conftest import SUPPORT, House, house_settings, message
from tests.fault import clients
from tests.fault.census import Census, census
from tests.fault.clients import Cut, End
from tests.fault.table import Table
from tests.servers.certificate import make_certificate
from tests.servers.gateway import Gateway
from tests.servers.load import Load, Outcome, send
from tests.servers.program import wait_until
from tests.servers.simulator import ATTACHMENT_TOKEN, SECRET, WORKSPACE, Simulator

T = TypeVar("T")
MEGABYTE = 1_000_000
# Short enough for a test, and long enough for a machine that has other things to do. The other limits are as by
# default, but that 600 clients may come from one address.
LIMITS = {
    "command_timeout": "2 s",
    "data_timeout": "2 s",
    "max_size": "2 MB",
    "max_connections_per_address": 600,
}
MOST_MORE = 150 * MEGABYTE
SERVED_SECONDS = 15.0
PAUSE_SECONDS = 0.03
AT_ONCE = 60
# Connections that the worker keeps to Cention come and go.
FEW = 32


@dataclass(frozen=True, slots=True)
class Place:
    """A house that is attacked, and what it used before."""

    name: str
    house: House
    before: Census


@pytest.fixture(scope="module", params=["processes", "one process"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A house with short limits and a certificate, warm."""
    folder = tmp_path_factory.mktemp("house")
    made = make_certificate(folder)
    tls = {"tls_certificate": str(made.certificate), "tls_key": str(made.key)}
    own = {"processes": 0} if request.param == "one process" else {}
    gateway = Gateway(folder, {"smtp": LIMITS | tls | own}, {"ATTACHMENT_TOKEN": ATTACHMENT_TOKEN, "SECRET": SECRET})
    simulator = Simulator(folder, f"{gateway.url}/callbacks/{WORKSPACE}")
    gateway.change(house_settings(simulator.url, folder))
    with ExitStack() as stops:
        for server in (simulator, gateway):
            stops.callback(server.stop)
            stops.callback(lambda said: print(said()), server.said)  # pytest shows it where the test failed
            server.start()
        asyncio.run(send(Load(gateway.smtp_port, 100, 10, 3000, "warm@example.net", SUPPORT), Outcome()))
        gateway.wait_until_idle()
        yield Place(request.param, House(gateway, simulator), census(gateway.pid))


def errands(place: Place) -> Counter[str]:
    """How many errands there are of each sender."""
    return Counter(message(errand)["from"] for errand in place.house.simulator.errands())


def connections(gateway: Gateway) -> int:
    """How many SMTP connections are open, by /metrics."""
    page = requests.get(f"{gateway.url}/metrics", timeout=10).text
    samples = (sample for family in text_string_to_metric_families(page) for sample in family.samples)
    return int(sum(sample.value for sample in samples if sample.name == "cention_gateway_smtp_connections"))


async def others_send(port: int, name: str, over: asyncio.Event) -> set[str]:
    """Send mail after mail, each over a new connection, until it is over. All are taken; return the senders."""
    outcome = Outcome()
    senders: set[str] = set()
    while not (over.is_set() and senders):
        sender = f"{'-'.join(re.findall('[a-z0-9]+', name))}-{len(senders)}@others.example.net"
        async with asyncio.timeout(SERVED_SECONDS):
            await send(Load(port, 1, 1, 3000, sender, SUPPORT), outcome)
        senders.add(sender)
        assert not outcome.refusals
        assert not outcome.broken
        await asyncio.sleep(PAUSE_SECONDS)
    return senders


async def most_memory(pid: int, over: asyncio.Event) -> int:
    """The most bytes that the processes use at once until it is over."""
    most = 0
    while not over.is_set():
        most = max(most, (await asyncio.to_thread(census, pid)).pss)
        await asyncio.sleep(10 * PAUSE_SECONDS)
    return most


@dataclass(frozen=True, slots=True)
class Attacked(Generic[T]):
    """What an attack returned, who sent the other mails meanwhile, and whose mails became errands, and how many."""

    name: str
    heard: T
    others: set[str]
    errands: Counter[str]

    def counted(self, faults: Table, accepted: Collection[str] = (), whole: Collection[str] = ()) -> None:
        """Nothing is lost, and of what attackers sent only `whole` became errands, and all that they had a 250 for."""
        owed = self.others | set(accepted)
        lost, made = owed - self.errands.keys(), sum(self.errands.values())
        repeats = made - len(self.errands)
        faults.row(self.name, accepted=len(owed), errands=made, repeats=repeats, left=0, lost=len(lost))
        assert not lost
        assert not repeats
        assert self.errands.keys() <= owed | set(whole)


def attacked(place: Place, name: str, attack: Callable[[int], Awaitable[T]]) -> Attacked[T]:
    """Attack, while others send mail and memory is watched; nothing is left of the attack when this returns."""
    gateway = place.house.gateway
    gateway.wait_until_idle()
    before = errands(place)

    async def attack_and_watch() -> tuple[T, set[str], int]:
        over = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            served = tasks.create_task(others_send(gateway.smtp_port, name, over))
            memory = tasks.create_task(most_memory(gateway.pid, over))
            heard = await attack(gateway.smtp_port)
            over.set()
        return heard, served.result(), memory.result()

    heard, others, memory = asyncio.run(attack_and_watch())
    more = memory - place.before.pss
    print(f"{name}: {len(others)} mails of others, {more / MEGABYTE:.0f} MB more, heard {heard!s:.300}")
    assert more < MOST_MORE
    wait_until(lambda: connections(gateway) == 0, "no connection is left")
    most = place.before.descriptors + FEW
    wait_until(lambda: census(gateway.pid).descriptors <= most, "no descriptor of a connection is left")
    gateway.wait_until_idle()
    return Attacked(f"{name}, {place.name}", heard, others, errands(place) - before)


def cut_sender(length: int, end: End, *, pipelined: bool) -> str:
    """Who sends the mail of a dialogue that is cut; all are of one length."""
    return f"cut-{length:04}-{end}-{pipelined:d}@hostile.example.net"


# Whole is what ended with the line of the dot. A 250 that was heard is owed; a mail whose connection was reset may have
# come whole or not.
def test_a_dialogue_cut_at_any_byte_makes_an_errand_only_of_a_whole_mail(place: Place, faults: Table) -> None:
    *_, quitting = steps = clients.dialogue(cut_sender(0, End.FIN, pipelined=False))
    length = sum(map(len, steps))
    ways = [(n, end, pipelined) for n in range(length + 1) for end in End for pipelined in (False, True)]
    cuts = [Cut(n, end, pipelined, cut_sender(n, end, pipelined=pipelined)) for n, end, pipelined in ways]
    whole = [cut for cut in cuts if cut.length >= length - len(quitting)]

    async def attack(port: int) -> set[Cut]:
        room = asyncio.Semaphore(AT_ONCE)

        async def one(cut: Cut) -> bool:
            async with room, asyncio.timeout(SERVED_SECONDS):
                return await clients.cut_off(port, cut)

        heard = await asyncio.gather(*map(one, cuts))
        return {cut for cut, taken in zip(cuts, heard, strict=True) if taken}

    seen = attacked(place, f"cut at each of {length} bytes", attack)
    seen.counted(faults, {cut.sender for cut in seen.heard}, {cut.sender for cut in whole})
    assert seen.heard >= {cut for cut in whole if cut.end is End.FIN}


def test_mails_at_a_byte_a_second_are_ended_by_the_least_rate(place: Place, faults: Table) -> None:
    seen = attacked(place, "500 mails, a byte a second", clients.slow_data)
    seen.counted(faults)
    assert seen.heard == {"421 4.4.2": 500}


def test_no_more_than_a_thousand_of_ten_thousand_recipients_are_taken(place: Place, faults: Table) -> None:
    seen = attacked(place, "10,000 recipients", clients.recipients)
    seen.counted(faults)
    assert seen.heard["250 2.1.5"] == 1000
    assert seen.heard["452 4.5.3"] > 0


# RFC 5321 4.5.3.1.10: who is told 452 for some recipients sends to the others now, and to these in another transaction.
def test_a_mail_to_too_many_goes_to_those_that_were_taken(place: Place) -> None:
    with place.house.gateway.smtp() as client:
        refused = client.sendmail(
            "list@others.example.net", [f"support+{n}@example.com" for n in range(1030)], b"hello"
        )
    assert {code for code, _ in refused.values()} == {452}
    assert len(refused) == 30


@pytest.mark.parametrize("place", ["processes"], indirect=True)
def test_who_takes_no_reply_is_ended(place: Place, faults: Table) -> None:
    attacked(place, "replies that nobody reads", clients.never_reading).counted(
        faults, whole=["deaf@hostile.example.net"]
    )


# What they hear, if it is not lost with the connection: the size limit's words, or the command line's.
@pytest.mark.parametrize(
    ("name", "attack", "heard"),
    [
        ("endless headers", clients.endless_headers, "421 4.3.0"),
        ("an endless line", clients.endless_line, "421 4.3.0"),
        ("an endless command line", clients.endless_command, "500 5.5.6"),
        ("garbage", clients.garbage, "421 4.7.0"),
        ("garbage for a TLS handshake", clients.tls_garbage, ""),
        ("a broken TLS handshake", clients.tls_broken_handshake, ""),
        ("half a TLS handshake", clients.tls_half_a_handshake, ""),
        ("commands in clear after STARTTLS", clients.tls_in_clear, ""),
    ],
)
def test_what_has_no_end_or_no_sense_is_ended(
    place: Place, faults: Table, name: str, attack: clients.Attack, heard: str
) -> None:
    seen = attacked(place, name, attack)
    seen.counted(faults)
    assert seen.heard.keys() <= {heard, ""}


# As many as show whether the buffers of each, a third of a megabyte, are given back at its end.
@pytest.mark.parametrize("place", ["processes"], indirect=True)
def test_what_a_thousand_tls_sessions_needed_is_given_back(place: Place, faults: Table) -> None:
    seen = attacked(place, "1,000 sessions under TLS", clients.tls_sessions)
    seen.counted(faults)
    assert seen.heard == {"221 2.0.0": 1000}


# The last of all: what the attacks before it left would be missing from the address's share.
def test_one_address_has_its_share_of_connections_and_a_command_its_time(place: Place, faults: Table) -> None:
    seen = attacked(place, "800 commands, a byte a second", clients.slow_commands)
    seen.counted(faults)
    assert seen.heard == {"421 4.4.2": 600, "421 4.7.0": 200}
