"""A try of a job: what it is made with, from its beginning to its record."""

from dataclasses import dataclass

from gateway.flow.surroundings import Surroundings
from gateway.model import Job


@dataclass(frozen=True, slots=True)
class Attempt:
    """A leased job that is tried. `token` is its lane's as it was before; `probing` says that the lane is paused.

    `leased_at` is a time, in monotonic seconds, from which on its lease holds for `worker.lease` at least.
    """

    job: Job
    around: Surroundings
    token: str
    leased_at: float
    probing: bool = False
