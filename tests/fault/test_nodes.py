"""Three nodes on one PostgreSQL: one is killed, restarted or stopped, or the server itself, while mail comes in.

What had its 250 becomes an errand. One is made twice only where a node ended, or stood still past its leases, between
Cention's answer and our record of it.
"""

import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.fault.door import knocking
from tests.fault.houses import stopped
from tests.fault.nodes import ALL, BACK, FRONT, LEASE, Cluster, Node, Traffic, cluster
from tests.fault.siege import made_at, made_twice_unasked
from tests.fault.table import Table
from tests.servers.program import wait_until

SLOWLY = {"target": "create", "delay": 0.2}
# With so many that wait, each node that works has its hands full.
PLENTY = 10
# Leases are renewed, and those that ran out looked for, each third of their time. A node that stands still in the
# middle of a change keeps its rows for ten seconds, by PostgreSQL's own limit. And some seconds for a busy machine.
TAKEN_WITHIN = LEASE * 4 / 3 + 10 + 5


@dataclass(slots=True)
class Kills:
    """When nodes were killed (Unix time), the leases that there were then, and how long the dead one's lasted."""

    at: list[float] = field(default_factory=list)
    leases: list[dict[int, int]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def kill(self, nodes: Cluster, node: Node, traffic: Traffic) -> None:
        """Kill a node while mail comes in and all are at work; wait until others have its leases, and start it."""
        wait_until(lambda: nodes.waiting() > PLENTY and traffic.is_in_the_middle(), "all are at work")
        node.kill()
        killed, held = time.time(), nodes.leases()
        wait_until(partial(are_over, nodes, held), "others take its leases", TAKEN_WITHIN)
        self.at.append(killed)
        self.leases.append(held)
        self.seconds.append(time.time() - killed)
        node.start()


def are_over(nodes: Cluster, leases: dict[int, int]) -> bool:
    """Whether none of these leases is in force any more."""
    return not leases.items() & nodes.leases().items()


def test_others_take_the_leases_of_a_node_that_was_killed(tmp_path: Path, faults: Table, scale: int) -> None:
    counted, taken_over, seconds = Counter[str](), 0, 0.0
    for turn in range(scale):
        kills = Kills()
        with cluster(tmp_path / str(turn), ALL, FRONT, BACK) as nodes:
            nodes.simulator.faults(SLOWLY)
            traffic = Traffic(nodes)
            with traffic.coming_in():
                for node in nodes.nodes:
                    kills.kill(nodes, node, traffic)
            nodes.wait_until_done()
            counted.update(nodes.count(traffic.accepted()))
            taken = [nodes.taken_over(leases) for leases in kills.leases]
            made = made_at(nodes.simulator)
        assert [bool(leases) for leases in taken] == [node.works for node in nodes.nodes]
        # A call of the dead may still reach Cention; the next errand of that mail comes when the lease has run out.
        assert not made_twice_unasked(made, [killed + LEASE / 3 for killed in kills.at])
        taken_over += sum(taken)
        seconds = max(seconds, *kills.seconds)
    took = f"{taken_over} leases of {LEASE:.0f} s taken over in {seconds:.1f} s at most"
    faults.row(f"SIGKILL of one of three nodes, {3 * scale} times; {took}", **counted)
    assert counted["lost"] == counted["left"] == 0
    assert counted["repeats"] <= taken_over


def restart_each(nodes: Cluster, times: int) -> None:
    """Restart one node after the other, each when the one before is ready again."""
    for node in [*nodes.nodes] * times:
        assert node.terminate() == 0
        node.start()


def test_a_rolling_restart_drops_no_mail_and_shuts_no_door(tmp_path: Path, faults: Table, scale: int) -> None:
    with cluster(tmp_path, ALL, ALL, ALL) as nodes:
        nodes.simulator.faults(SLOWLY)
        traffic = Traffic(nodes)
        with traffic.coming_in(), knocking(nodes.port) as door:
            restart_each(nodes, scale)
        nodes.wait_until_done()
        counted = nodes.count(traffic.accepted())
    said = f"{door.greetings} greetings, none for {door.waited:.1f} s at most, refused for {door.refused:.1f} s"
    faults.row(f"rolling restart of three nodes, {scale} times; {said}", **counted)
    assert counted["lost"] == counted["left"] == counted["repeats"] == 0
    assert door.refused <= 1.0


def restart_server(nodes: Cluster, traffic: Traffic, times: int) -> None:
    """Restart the server so many times, and leave it away until everybody has noticed."""
    for _ in range(times):
        wait_until(traffic.is_in_the_middle, "mail comes in")
        seen = len(traffic.refusals())
        nodes.server.stop()
        wait_until(lambda seen=seen: len(traffic.refusals()) > seen, "mail is refused")  # type: ignore[misc]
        wait_until(lambda: all("spool" in node.trouble() for node in nodes.nodes), "all nodes say that it is away")
        nodes.server.start()
        wait_until(lambda: all(node.is_ready() for node in nodes.nodes), "all nodes are ready again")


# Nobody has died, and the leases outlive it: nothing is done twice.
def test_a_server_that_is_restarted_costs_no_mail(tmp_path: Path, faults: Table, scale: int) -> None:
    with cluster(tmp_path, ALL, FRONT, BACK, more={"worker": {"lease": "20 s"}}) as nodes:
        nodes.simulator.faults(SLOWLY)
        traffic = Traffic(nodes)
        with traffic.coming_in():
            restart_server(nodes, traffic, scale)
        nodes.wait_until_done()
        counted, refusals = nodes.count(traffic.accepted()), traffic.refusals()
    said = f"{len(refusals)} mails were answered 451 meanwhile"
    faults.row(f"PostgreSQL restarted under three nodes, {scale} times; {said}", **counted)
    assert counted["lost"] == counted["left"] == counted["repeats"] == 0
    assert all(refusal.startswith("451 ") for refusal in refusals)


def each_repeat_is_told(nodes: Cluster) -> bool:
    """Whether there are errands that were made twice, and the traces tell of all of them."""
    return 0 < nodes.count(set())["repeats"] == len(nodes.late_results())


# Its calls were under way; when it wakes up their answers are there, but the jobs are another's, and done.
def test_a_node_that_stood_still_does_not_overwrite_what_another_did(tmp_path: Path, faults: Table) -> None:
    with cluster(tmp_path, FRONT, BACK, BACK) as nodes:
        nodes.simulator.faults({"target": "create", "delay": 0.4})
        traffic, still = Traffic(nodes), nodes.nodes[-1]
        traffic.send_load(40)
        wait_until(lambda: still.facts("created"), "it has called, and calls again")
        with stopped(still):
            held = nodes.leases()
            wait_until(partial(are_over, nodes, held), "the other takes its leases", TAKEN_WITHIN)
            nodes.wait_until_done()
            results = nodes.results()
        traffic.send_load(10)
        nodes.wait_until_done()
        wait_until(lambda: each_repeat_is_told(nodes), "its calls end")
        counted, late, taken_over = nodes.count(traffic.accepted()), nodes.late_results(), nodes.taken_over(held)
        assert results.items() <= nodes.results().items()
    faults.row(f"SIGSTOP of a node past its {taken_over} leases; {len(late)} late results, in the traces", **counted)
    assert counted["lost"] == counted["left"] == 0
    assert not set(late) & set(results.values())
    assert counted["repeats"] <= taken_over
