"""What every table of the settings is: frozen, and strict about its keys."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of the settings: frozen, and nothing in it that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True)
