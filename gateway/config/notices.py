"""`[notices]`: who hears of an answer that did not arrive."""

from typing import Literal, Self

from pydantic import Field, model_validator

from gateway.config.section import Section
from gateway.config.units import Duration


class NoticesSection(Section):
    """Who hears of an answer that did not arrive; docs/outcomes.md shows what they read."""

    failures: Literal["errand", "operator", "park"] = Field(
        default="errand",
        description="An errand in the answer's route, so that the agent hears of it; a mail to `operator`; or neither: "
        "the parked job and its trace are all that tells.",
    )
    operator: str = Field(default="", description='Address that hears of failures with `failures = "operator"`.')
    warn_after: Duration = Field(
        default=4 * 3600.0,
        description="How long an answer may be under way before that is told as well, once; 0 for never. After "
        "`worker.give_up` it is told as failed.",
    )

    @model_validator(mode="after")
    def _has_a_reader(self) -> Self:
        if self.failures == "operator" and "@" not in self.operator:
            raise ValueError('operator: expected an address, since failures = "operator"')
        return self
