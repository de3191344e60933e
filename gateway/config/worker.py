"""`[worker]`: the work between accepting and delivering."""

import os

from pydantic import Field

from gateway.config.section import Section
from gateway.config.units import Duration, Size


class WorkerSection(Section):
    """The work between accepting and delivering."""

    threads: int | None = Field(
        default=None,
        ge=1,
        le=200,
        description="Jobs that may wait for Cention or a smarthost at once; by default the sum of what routes and "
        "workspaces may do at once, at least 8 and at most 200.",
    )
    readers: int = Field(
        default_factory=lambda: max(1, os.cpu_count() or 1),
        ge=1,
        le=64,
        description="Processes that read mails; by default one a core.",
    )
    read_timeout: Duration = Field(default=60.0, description="Time for reading one mail; then its process is ended.")
    read_memory: Size = Field(
        default=2_000_000_000, ge=300_000_000, description="Memory for reading one mail; then its process is ended."
    )
    lease: Duration = Field(
        default=120.0, ge=1, description="After this long without a sign of life a job is taken by another worker."
    )
    retry_min: Duration = Field(default=60.0, description="First wait after a temporary failure; it doubles each time.")
    retry_max: Duration = Field(default=3600.0, description="Longest wait between tries.")
    give_up: Duration = Field(default=5 * 86400.0, description="After this long of temporary failures a job is parked.")
    probe: Duration = Field(
        default=60.0, description="How often a paused lane tries one job, to see whether its token works again."
    )
