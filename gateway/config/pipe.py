"""What `ingest` needs of the settings, and no more: it starts for each mail, in an environment that has no secrets.

A mail server runs commands with few variables, so a token in one of them would be missing; and a mistake in a table
that is of no concern here would keep every mail waiting.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableEnvironment

from gateway.config.content import content_of
from gateway.config.gateway import GatewaySection
from gateway.config.listening import SmtpSection
from gateway.config.section import WholeFile
from gateway.errors import SettingsError


class PipeRoute(BaseModel):
    """A route's name and recipients; the rest of it is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    recipients: list[str]


class PipeSettings(WholeFile):
    """The tables that taking a mail from a pipe rests on; the others are passed over."""

    model_config = SettingsConfigDict(extra="ignore")

    gateway: GatewaySection = Field(default_factory=GatewaySection)
    smtp: SmtpSection = Field(default_factory=SmtpSection)
    route: list[PipeRoute]


def load_pipe(path: Path) -> PipeSettings:
    """Read what `ingest` needs of a settings file; SettingsError with a line for each mistake that is in it."""
    try:
        return PipeSettings(**content_of(path))
    except (ValidationError, UnreadableEnvironment) as error:
        from gateway.config.load import load

        load(path)  # it knows how to say what is wrong
        raise SettingsError([f"{path}: {error}"]) from error
