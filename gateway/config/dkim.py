"""`[[dkim]]`: keys that mails are signed with on their way out."""

import re

from pydantic import Field, field_validator

from gateway.config.domain import read_domain
from gateway.config.section import Section
from gateway.config.units import Secret

_HEADERS = (
    *("From", "Reply-To", "To", "Cc", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted"),
    *("List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
)
_OVERSIGNED = (
    *("From", "Reply-To", "To", "Cc", "Subject", "Date", "Message-ID"),
    *("MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
)
_FIELD_NAME = re.compile(r"[!-9;-~]{1,60}")


class Dkim(Section):
    """A key that mails of a domain are signed with (DKIM, RFC 6376), `[[dkim]]`; with two of them each is used."""

    domain: str = Field(
        description="The domain of From; its subdomains' mails are signed as well, if they have no key of their own."
    )
    selector: str = Field(
        pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$",
        description="The name that DNS has the public key by, `<selector>._domainkey.<domain>`.",
    )
    key: Secret = Field(
        description="The private key, RSA of 1024 to 4096 bits or Ed25519, as a PEM file without a password; "
        "`cention-gateway dkim new` makes one."
    )
    headers: list[str] = Field(
        default_factory=lambda: list(_HEADERS),
        min_length=1,
        description="Headers that are signed where they are there.",
    )
    oversign: list[str] = Field(
        default_factory=lambda: list(_OVERSIGNED),
        description="Those of `headers` of which nobody may add another one on the way.",
    )

    @field_validator("domain")
    @classmethod
    def _domain_is_one(cls, domain: str) -> str:
        return read_domain(domain)

    @field_validator("headers", "oversign")
    @classmethod
    def _names_are_names(cls, names: list[str]) -> list[str]:
        for name in names:
            if not _FIELD_NAME.fullmatch(name):
                raise ValueError(f'expected names of headers such as "Subject", found {name!r:.100}')
            if name.lower() == "dkim-signature":
                raise ValueError("a DKIM-Signature does not sign another one")
        return names

    @field_validator("headers")
    @classmethod
    def _from_is_signed(cls, names: list[str]) -> list[str]:
        if "from" not in map(str.lower, names):
            raise ValueError('expected "From" among them, without which no signature counts (RFC 6376 5.4)')
        return names
