"""`[alerts]`: who hears of what needs a person, where nobody watches the metrics."""

import re
from typing import Self

from pydantic import Field, field_validator, model_validator

from gateway.config.section import Section
from gateway.config.units import Duration, Secret, Size

_URL = re.compile(r"https?://[^/\s]+\S*", re.IGNORECASE)


class AlertsSection(Section):
    """Who hears of what needs a person; docs/monitoring.md says of what, and what they read."""

    mail: str = Field(default="", description="Address that is written to, by the smarthosts of `[outgoing]`.")
    webhook: str = Field(
        default="",
        description="URL that is posted to, or a reference to one (`env:NAME`, `file:PATH`), since who knows it may "
        "write there. A user and password in it are sent as such.",
    )
    timeout: Duration = Field(default=20.0, ge=0.1, le=600, description="Longest time for a call of the webhook.")
    every: Duration = Field(default=30.0, ge=0.1, le=3600, description="How often is looked.")
    calm: Duration = Field(
        default=300.0,
        le=86_400,
        description="What was wrong must have been right for so long before its recovery is told.",
    )
    remind: Duration = Field(default=0.0, description="What is still wrong is told again after so long; 0: never.")
    mailbox: Duration = Field(
        default=900.0, description="A mailbox that had no success for so long is told of; 0: never."
    )
    waiting: Duration = Field(
        default=3600.0, description="A job that has waited for so long is told of, as the oldest; 0: never."
    )
    free: Size = Field(
        default=500_000_000, description="Free disk under which that is told, before no mail is taken; 0: never."
    )

    @field_validator("webhook")
    @classmethod
    def _is_a_url(cls, value: str) -> str:
        if value.startswith(("env:", "file:")):
            Secret.read(value)
        elif value and not _URL.fullmatch(value):
            raise ValueError('expected a URL, "https://...", or "env:NAME" or "file:PATH" with one')
        return value

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if self.mail and not re.fullmatch(r"[^@\s]+@[^@\s]+", self.mail):
            raise ValueError(f'mail: expected an address such as "ops@example.com", found {self.mail!r}')
        return self

    @property
    def webhook_url(self) -> str:
        """The webhook's URL itself, "" for none; SettingsError when it is a reference to what is not there."""
        return Secret(self.webhook).value() if self.webhook.startswith(("env:", "file:")) else self.webhook

    @property
    def wanted(self) -> bool:
        """Whether anybody is to hear of anything."""
        return bool(self.mail or self.webhook)
