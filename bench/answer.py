"""How fast callbacks become mails at the smarthost, against a script that does it one by one: `scripts/bench answer`.

The same Cention and the same smarthost (`bench/farside.py`) for both, each of whose answers comes after some latency.
The gateway stores each callback before its 200 and is asked by 8 connections; the script stores nothing, sends each
mail before its 200, and is asked by one, since it does one at a time. Then: what a thousand answers whose attachment
takes two seconds cost the others of the same workspace.
"""

import argparse
import http.client
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import farside, ours, table
from bench.peer import own_folder
from bench.processes import cpu_of_tree
from bench.program import BenchError, Command, free_port, listens, running, wait_until

_FASTER, _DELAY = 3.0, 0.1
# What is still recorded and told after the last mail has left costs CPU as well.
_SETTLES = 1.5
_TOKEN = {"BENCH_TOKEN": "token-of-the-bench"}
_LAST_SECONDS = 300.0
_SLOW, _OTHERS, _EVERY = 1000, 200, 0.02
_OUTGOING = '\n[outgoing]\nsmarthosts = ["smtp://127.0.0.1:{port}"]\n'


@dataclass(frozen=True, slots=True)
class Kind:
    """So many answers of a kind, with so many pictures each."""

    name: str
    answers: int
    pictures: int


KINDS = {"4k": Kind("4 KB", 1000, 0), "2m": Kind("2 MB, 2 pictures", 100, 2)}


@dataclass(frozen=True, slots=True)
class FarSide:
    """Where Cention and the smarthost listen."""

    http: int
    smtp: int

    @property
    def url(self) -> str:
        """The base of Cention's API."""
        return f"http://127.0.0.1:{self.http}/s/demo"


def document(number: int, pictures: Sequence[int]) -> bytes:
    """Return the callback of an answer with these attachments."""
    shown = "".join(f'<img src="cid:attachment_{one}">' for one in pictures)
    response = {
        "c3_id": number,
        "subject": f"answer {number}",
        "body": "It is on its way.\n" * 110,
        "html_body": f"<p>{'It is on its way.<br>' * 90}</p>{shown}",
        "to": [{"c3_id": 1, "name": "Ann", "email_address": "ann@example.net"}],
    }
    named = [{"type": "c3_response_attachments", "id": str(one)} for one in pictures]
    answer = {
        "type": "c3_answer_errands",
        "id": str(number),
        "attributes": {"answer": {"c3_id": number, "response": response}, "service": {"name": "Mail", "type": 1}},
        "relationships": {"attachments": {"data": named}},
    }
    data = {"type": "c3_callback_answer_errands", "id": "1", "attributes": {"event": 1}}
    return json.dumps({"data": data, "included": [answer, *named]}).encode()


def post(port: int, documents: Sequence[bytes], connections: int, wait: float = 0.0) -> list[float]:
    """Post callbacks on so many kept connections; return when each was begun (monotonic), in their order."""
    begun, numbers, wrong = [0.0] * len(documents), iter(range(len(documents))), []
    headers = {"Content-Type": "application/vnd.api+json"}
    turn = threading.Lock()

    def poster() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while True:
            with turn:
                number = next(numbers, None)
            if number is None:
                return
            begun[number] = time.monotonic()
            connection.request("POST", "/callbacks/demo", documents[number], headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != http.HTTPStatus.OK:
                wrong.append(answer.status)
            time.sleep(wait)

    threads = [threading.Thread(target=poster) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise BenchError(f"{len(wrong)} callbacks were not answered 200, the first {wrong[0]}")
    return begun


@contextmanager
def far_side(latency: float) -> Iterator[FarSide]:
    """Run Cention and the smarthost."""
    side = FarSide(free_port(), free_port())
    command = Command([sys.executable, "-m", "bench.farside", str(side.http), str(side.smtp), str(latency)])
    with (
        own_folder("farside") as folder,
        running("the far side", command, folder / "log", lambda: listens(side.http) and listens(side.smtp)),
    ):
        yield side


def _gateway(folder: Path, port: int, side: FarSide) -> Command:
    command = ours.command(folder, free_port(), side.url, http=port)
    with (folder / "config.toml").open("a") as settings:
        settings.write(_OUTGOING.format(port=side.smtp))
    return command


def _script(_folder: Path, port: int, side: FarSide) -> Command:
    return Command([sys.executable, "-m", "bench.peers.answer", str(port), side.url, str(side.smtp)], _TOKEN)


WAYS: dict[str, tuple[Callable[[Path, int, FarSide], Command], int]] = {
    "gateway": (_gateway, 8),
    "script": (_script, 1),
}


@dataclass(frozen=True, slots=True)
class Speed:
    """Answers that are handed over in a second, and the milliseconds of CPU that each costs."""

    rate: float
    cpu: float


@contextmanager
def way(name: str, side: FarSide) -> Iterator[tuple[int, int]]:
    """Run the gateway or the script; yield the port that takes callbacks, and its process."""
    port = free_port()
    with own_folder(name) as folder:
        command = WAYS[name][0](folder, port, side)
        with running(name, command, folder / "log", lambda: listens(port)) as pid:
            yield port, pid


def speed(name: str, kind: Kind, latency: float) -> Speed:
    """Measure how fast a way is, once it is warm."""
    with far_side(latency) as side, way(name, side) as (port, pid):
        warm = max(10, kind.answers // 10)
        documents = [document(number, _pictures(number, kind)) for number in range(warm + kind.answers)]
        post(port, documents[:warm], WAYS[name][1])
        _wait_for(side, warm)
        time.sleep(_SETTLES)
        used, began = cpu_of_tree(pid), time.monotonic()
        post(port, documents[warm:], WAYS[name][1])
        ended = max(_wait_for(side, len(documents)).values())
        time.sleep(_SETTLES)
        return Speed(kind.answers / (ended - began), (cpu_of_tree(pid) - used) * 1000 / kind.answers)


def _pictures(number: int, kind: Kind) -> list[int]:
    return [number * kind.pictures + one for one in range(kind.pictures)]


def _wait_for(side: FarSide, mails: int) -> dict[str, float]:
    wait_until(lambda: len(farside.times(side.http)) >= mails, f"{mails} mails at the smarthost", _LAST_SECONDS)
    return farside.times(side.http)


def delays(slow: int, others: int, latency: float) -> tuple[list[float], list[float]]:
    """Return how long answers take from callback to smarthost, by themselves and with slow ones before them."""
    found = []
    for before in (0, slow):
        with far_side(latency) as side, way("gateway", side) as (port, _):
            post(port, [document(number, [farside.SLOW_FROM + number]) for number in range(before)], 8)
            quick = [document(1_000_000 + number, [farside.SMALL_FROM + number]) for number in range(others)]
            begun = post(port, quick, 1, _EVERY)
            times = _wait_for(side, before + others)
            found.append([times[str(1_000_000 + number)] - one for number, one in enumerate(begun)])
    return found[0], found[1]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench answer", description=__doc__)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--latencies", default="0,10", help="milliseconds that Cention and the smarthost take")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one round of a tenth: does it work at all?")
    parser.add_argument("--only", choices=["delays", "speed"], help="measure one of the two")
    return parser.parse_args()


def _compared(kind: Kind, latency: float, rounds: int) -> list[str]:
    found: dict[str, list[Speed]] = {name: [] for name in WAYS}
    for number in range(rounds):
        for name in WAYS if number % 2 else reversed(WAYS):
            one = speed(name, kind, latency)
            found[name].append(one)
            said = f"{kind.name}, {latency * 1000:.0f} ms: {name} {one.rate:.1f} a second, {one.cpu:.2f} ms of CPU"
            print(said, file=sys.stderr)
    rates = {name: [one.rate for one in some] for name, some in found.items()}
    used = [f"{statistics.median(one.cpu for one in some):.2f} ms" for some in found.values()]
    judged = table.judged(table.ratios(rates["gateway"], rates["script"]), _FASTER)
    return [kind.name, f"{latency * 1000:.0f} ms", *(table.spread(one, 1) for one in rates.values()), judged, *used]


def _delayed(share: float) -> str:
    alone, beside = delays(round(_SLOW * share), round(_OTHERS * share), 0.0)
    more = statistics.median(beside) - statistics.median(alone)
    said = (
        f"{table.spread(alone, 3)} s by themselves, {table.spread(beside, 3)} s beside {round(_SLOW * share)} slow ones"
    )
    return f"callback to smarthost {said}: {more * 1000:.0f} ms more{'' if more <= _DELAY else ' **missed**'}"


def main() -> None:
    """Print the table."""
    options = _options()
    share, rounds = (0.1, 1) if options.quick else (1.0, options.rounds)
    kinds = [
        Kind(one.name, round(one.answers * share), one.pictures)
        for one in map(KINDS.get, options.kinds.split(","))
        if one
    ]
    try:
        if options.only != "speed":
            print(_delayed(share))
        if options.only != "delays":
            latencies = [float(one) / 1000 for one in options.latencies.split(",")]
            rows = [_compared(kind, latency, rounds) for kind in kinds for latency in latencies]
            print(
                table.markdown(
                    ["answer", "latency", *WAYS, "gateway / script", *(f"CPU, {name}" for name in WAYS)], rows
                )
            )
    except BenchError as error:
        raise SystemExit(str(error)) from error
    print(table.machine())


if __name__ == "__main__":
    main()
