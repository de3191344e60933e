"""`[oauth.NAME]`: access tokens for mailboxes, and where they come from."""

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from gateway.config.section import Section
from gateway.config.units import Authority, Duration, Secret

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_MICROSOFT = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/"
_OUTLOOK = "https://outlook.office.com/"
# Google gives no scope for mail to devices, so it has no device_url here.
_TOKEN_URLS = {"microsoft365": _MICROSOFT + "token", "google": "https://oauth2.googleapis.com/token"}
_DEVICE_URLS = {"microsoft365": _MICROSOFT + "devicecode"}
_APP_SCOPES = {"microsoft365": "https://outlook.office365.com/.default"}
_USER_SCOPES = {
    "microsoft365": f"{_OUTLOOK}IMAP.AccessAsUser.All {_OUTLOOK}POP.AccessAsUser.All {_OUTLOOK}SMTP.Send "
    "offline_access",
    "google": "https://mail.google.com/",
}


class OAuth(Section):
    """Access tokens for mailboxes (OAuth 2.0, RFC 6749), `[oauth.NAME]`; `oauth = "NAME"` of a mailbox uses them."""

    preset: Literal["", "microsoft365", "google"] = Field(
        default="", description="Whose tokens they are: it knows the addresses and the scope, which then may be absent."
    )
    grant: Literal["client_credentials", "refresh_token", "device"] = Field(
        description="How tokens are had: `client_credentials` by the application itself, `refresh_token` by one that "
        "the mailbox's owner was given, `device` by somebody who signs in at `cention-gateway oauth login NAME`."
    )
    client_id: str = Field(min_length=1, description="The application's id.")
    client_secret: Secret | None = Field(
        default=None, description="The application's secret; `client_credentials` needs one, as Google always does."
    )
    tenant: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9.-]*$",
        description="At Microsoft, the directory: its id, or a domain such as `example.onmicrosoft.com`.",
    )
    token_url: str = Field(default="", description="Where tokens are asked for; https, or http on this machine.")
    device_url: str = Field(default="", description="Where a sign-in at a terminal is begun (RFC 8628).")
    scope: str = Field(default="", description="What the tokens are for, several with spaces between.")
    refresh_token: Secret | None = Field(
        default=None,
        description="The first refresh token, for `refresh_token`. One that the server gives instead is kept in "
        "`cache` and goes before it, until another is set here.",
    )
    user: str = Field(default="", description="Who has to sign in at `oauth login`, as a reminder there.")
    cache: str = Field(
        default="",
        description="File that keeps the tokens, of mode 600; by default `NAME.json` in the folder `<spool>.oauth`, "
        "beside a SQLite spool.",
    )
    ca: Authority = Field(
        default="", description="PEM file with the authority that the token server's certificate is of, if its own."
    )
    timeout: Duration = Field(default=30.0, ge=1, le=300, description="Longest wait for the token server, in all.")

    @property
    def token_address(self) -> str:
        """Return where tokens are asked for, "" where that is not known."""
        return self.token_url or _TOKEN_URLS.get(self.preset, "").format(tenant=self.tenant)

    @property
    def device_address(self) -> str:
        """Return where a sign-in at a terminal is begun, "" where there is none."""
        return self.device_url or _DEVICE_URLS.get(self.preset, "").format(tenant=self.tenant)

    @property
    def scopes(self) -> str:
        """Return what tokens are asked for, with spaces between; "" for what the server thinks right."""
        own = _APP_SCOPES if self.grant == "client_credentials" else _USER_SCOPES
        return self.scope or own.get(self.preset, "")

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if wrong := self._missing() or self._unsafe():
            raise ValueError(wrong)
        return self

    def _missing(self) -> str:
        """Say what the addresses or the grant cannot do without."""
        if self.preset == "microsoft365" and not self.tenant and not self.token_url:
            return "tenant: expected the directory's id or domain, which Microsoft's addresses are made of"
        if not self.token_address:
            return "token_url: expected the address that tokens are asked for at, or a preset that knows it"
        if self.preset == "google" and self.grant != "refresh_token":
            return 'grant: Google gives mail by no other than "refresh_token"; see docs/sources.md'
        return self._missing_for_grant()

    def _missing_for_grant(self) -> str:
        if self.grant == "client_credentials" and self.client_secret is None:
            return 'client_secret: expected "env:NAME" or "file:PATH", since the application itself asks'
        if self.grant == "refresh_token" and self.refresh_token is None:
            return 'refresh_token: expected "env:NAME" or "file:PATH"; without one use grant = "device"'
        if self.grant == "device" and not self.device_address:
            return "device_url: expected the address that a sign-in is begun at"
        return ""

    def _unsafe(self) -> str:
        """Say which address would not keep the secrets to itself."""
        for key, url in (("token_url", self.token_address), ("device_url", self.device_address)):
            if url and not _is_safe(url):
                return f"{key}: expected https, since secrets travel there (http to this machine alone), found {url!r}"
        return ""


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    private = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    return private and bool(parts.hostname) and not (parts.username or parts.fragment) and url.isprintable()
