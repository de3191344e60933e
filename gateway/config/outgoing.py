"""`[outgoing]`: the way out for answers."""

from pydantic import Field

from gateway.config.section import Section
from gateway.config.units import Duration, Secret


class SmarthostTable(Section):
    """A smarthost whose password comes by reference."""

    url: str = Field(description="As in the short form: `smtp://`, `smtp+starttls://` or `smtps://`, host and port.")
    user: str = Field(default="", description="User for AUTH.")
    password: Secret | None = Field(default=None, description="Password for AUTH.")


class OutgoingSection(Section):
    """The way out for answers."""

    smarthosts: list[str | SmarthostTable] = Field(
        default_factory=list, description="Tried in order; the first that answers takes the mail."
    )
    tls_ca: str = Field(default="", description="PEM file with a certificate authority to trust beside the system's.")
    timeout: Duration = Field(default=60.0, description="Longest wait for a smarthost's reply.")
