"""What every table of the settings is: frozen, and strict about its keys; and what a whole file is."""

from pydantic import BaseModel, ConfigDict
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict


class Section(BaseModel):
    """A table of the settings: frozen, and nothing in it that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class WholeFile(BaseSettings):
    """The tables of a file. Environment variables such as CENTION_GATEWAY_SMTP__MAX_SIZE go before what it says."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix="CENTION_GATEWAY_",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first, then the file's content; nothing else."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings
