"""`[cention.NAME]` and `[[route]]`: workspaces at Cention, and whose mail goes where."""

from typing import Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, model_validator

from gateway.config.answer import AnswerSection
from gateway.config.automatic import RouteAutomatic
from gateway.config.rules import RuleSection
from gateway.config.section import Section
from gateway.config.units import Authority, Duration, Secret, Size

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _parts(url: str) -> SplitResult | None:
    """Take an API's base apart; None for what is none."""
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # a host in a bracket without end, a port that no port can be
        return None
    return parts if sound and not (parts.query or parts.fragment or parts.username) else None


class Workspace(Section):
    """A workspace at Cention, `[cention.NAME]`; its callback comes to `/callbacks/NAME`."""

    url: str = Field(description="The API's base, `https://<api domain>/s/<workspace>`.")
    attachment_token: Secret = Field(description="Token with the claim *get attachment*.")
    callback_secrets: list[Secret] = Field(
        default_factory=list,
        description="Secret keys of the callback; any is valid, so one can be changed without a gap. Empty: unchecked.",
    )
    default_route: str = Field(
        default="",
        description="Route for answers to errands that no mail of ours made; by default the workspace's first route.",
    )
    foreign_answers: Literal["deliver", "ignore"] = Field(
        default="deliver",
        description="Answers to errands that no mail of ours made: `deliver` sends them by `default_route`, `ignore` "
        "leaves them to whoever made the errand.",
    )
    services: dict[str, Literal["deliver", "ignore"]] = Field(
        default_factory=dict,
        description="Which answers are mail, by the errand's service: its type's number or its name, or `*` for those "
        'not named, such as `{ "19" = "deliver", "*" = "ignore" }`. By default all but those whose name is another '
        "channel's (Chat, SMS, WhatsApp, Facebook and the like).",
    )
    token_warning: Duration = Field(
        default=14 * 86400.0,
        description="How long before its end a token of this workspace or its routes is warned of, once a day in the "
        "log, and on `/readyz`.",
    )
    tls_ca: Authority = Field(
        default="",
        description="PEM file with the certificate authority that Cention's certificate is of, instead of the "
        "well-known ones.",
    )
    connect_timeout: Duration = Field(default=10.0, description="Longest wait for a connection to Cention.")
    timeout: Duration = Field(default=60.0, description="Longest wait for Cention's answer to one call.")
    max_attachment_size: Size = Field(default=50_000_000, description="Largest attachment fetched for an answer.")
    max_answer_size: Size = Field(
        default=100_000_000, description="Largest sum of an answer's attachments; an answer over it is parked."
    )
    missing_pictures: Literal["park", "send"] = Field(
        default="park",
        description="What becomes of an answer with a picture that Cention does not give (404, say): `park` keeps it "
        "for a person, `send` sends it after three tries with the picture's alternative text.",
    )
    concurrency: int = Field(
        default=4, ge=1, le=100, description="Answers of this workspace that are sent at once, by each node."
    )
    allow_plain_http: bool = Field(
        default=False,
        description="Allow `http://` in `url` to other hosts. The token can then be read on the way.",
    )

    @model_validator(mode="after")
    def _url_is_sound(self) -> Self:
        if (parts := _parts(self.url)) is None:
            raise ValueError(f'url: expected "https://<api domain>/s/<workspace>", found {self.url!r}')
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not self.allow_plain_http:
            raise ValueError(
                "url: expected https, since the token travels with each call; or set allow_plain_http = true"
            )
        return self


class Route(Section):
    """Which recipients' mail goes where, `[[route]]`: one for each area at Cention."""

    name: str = Field(min_length=1, pattern=r"^[A-Za-z0-9_.-]+$", description="Its name in logs, metrics and commands.")
    recipients: list[str] = Field(
        min_length=1,
        description="Addresses, or `*@domain`. `support+x@` finds `support@`; letter case does not matter.",
    )
    workspace: str = Field(description="The `[cention.NAME]` that its errands are created in.")
    token: Secret = Field(description="Token with the claim *Create Errand*; it decides the area that errands land in.")
    reply_from: str = Field(
        min_length=3, pattern="@", description='From of answers, such as "Support <support@example.com>".'
    )
    concurrency: int = Field(
        default=8, ge=1, le=100, description="Errands of this route that are created at once, by each node."
    )
    order: Literal["oldest", "newest"] = Field(
        default="oldest", description="Which mails go first when some wait; `newest` serves today's after an outage."
    )
    sender: Literal["from", "reply-to"] = Field(
        default="from", description="Which header names the errand's writer; `reply-to` falls back to From."
    )
    thread_mark: str = Field(
        default="",
        max_length=40,
        pattern=r"^(?:[^\x00-\x1f{}]*\{errand\}[^\x00-\x1f{}]*)?$",
        description="Put behind the subject of a mail that belongs to an errand, with `{errand}` for its number, such "
        "as `[#{errand}]`, for Cention to join the two. By default the subject is left as it is.",
    )
    trim_replies: bool = Field(
        default=False,
        description="Leave what a mail quotes out of the errand's text; the HTML, or a file with the whole text, has "
        "it still.",
    )
    automatic: RouteAutomatic = Field(
        default_factory=RouteAutomatic, description="What becomes of automatic mail, where that differs."
    )
    rule: list[RuleSection] = Field(
        default_factory=list, max_length=500, description="Rules for mail in this route, `[[route.rule]]`, in order."
    )
    smarthosts: list[str] = Field(
        default_factory=list,
        description="Names of the smarthosts that its answers leave by; by default all that are not `named_only`.",
    )
    answer: AnswerSection = Field(
        default_factory=AnswerSection, description="How its answers look and to whom they go, `[route.answer]`."
    )
