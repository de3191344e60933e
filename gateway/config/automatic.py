"""`[automatic]` and `[route.automatic]`: what becomes of mail that programs write, and of loops."""

from typing import Literal, TypeAlias

from pydantic import Field

from gateway.config.section import Section
from gateway.config.units import Duration

Action: TypeAlias = Literal["errand", "closed", "attach", "discard", "hold"]
OnLoop: TypeAlias = Literal["discard", "hold", "errand"]


class AutomaticSection(Section):
    """What becomes of mail that programs write; docs/automatic.md says how it is known.

    `errand` treats it as a person's mail, `closed` makes an errand that is closed at once, `attach` does so where the
    errand that it belongs to is known and makes an ordinary one where it is not, `discard` makes none, `hold` waits for
    a person.
    """

    list: Action = Field(default="errand", description="Mail by way of a mailing list, and bulk mail.")
    reply: Action = Field(default="attach", description="Automatic replies, such as out of office.")
    notification: Action = Field(default="errand", description="All else that says that a program wrote it.")
    bounce: Action = Field(default="attach", description="Reports that a mail was delayed or not delivered.")
    receipt: Action = Field(default="attach", description="Reports that a mail was read, or deleted unread.")
    complaint: Action = Field(default="attach", description="Reports that someone calls a mail spam.")
    loop: OnLoop = Field(
        default="discard", description="Mail that this gateway has sent itself, by its header X-Cention-Errand."
    )
    most_alike: int = Field(
        default=100,
        ge=0,
        le=100_000,
        description="So many mails of one sender and subject come within `alike_within` to the routes of a workspace; "
        "further ones are held, with one alert. 0: no limit.",
    )
    alike_within: Duration = Field(default=600.0, ge=1, le=86_400, description="The time for `most_alike`.")


class RouteAutomatic(Section):
    """What is other than in `[automatic]` for one route's mail."""

    list: Action | None = Field(default=None, description="As in `[automatic]`.")
    reply: Action | None = Field(default=None, description="As in `[automatic]`.")
    notification: Action | None = Field(default=None, description="As in `[automatic]`.")
    bounce: Action | None = Field(default=None, description="As in `[automatic]`.")
    receipt: Action | None = Field(default=None, description="As in `[automatic]`.")
    complaint: Action | None = Field(default=None, description="As in `[automatic]`.")
    loop: OnLoop | None = Field(default=None, description="As in `[automatic]`.")
    most_alike: int | None = Field(default=None, ge=0, le=100_000, description="As in `[automatic]`.")
    alike_within: Duration | None = Field(default=None, ge=1, le=86_400, description="As in `[automatic]`.")
