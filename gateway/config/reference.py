"""docs/settings.md, printed from the settings' classes; `scripts/docs --write` writes it, a test compares."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from gateway.config.answer import AnswerSection
from gateway.config.automatic import AutomaticSection, RouteAutomatic
from gateway.config.cache import CacheSection
from gateway.config.cention import Route, Workspace
from gateway.config.console import ConsoleHeader, ConsoleOidc, ConsoleSection, ConsoleUser
from gateway.config.dkim import Dkim
from gateway.config.gateway import GatewaySection
from gateway.config.imap import Imap
from gateway.config.listening import HttpSection, SmtpSection
from gateway.config.lmtp import LmtpSection
from gateway.config.mail import MailSection
from gateway.config.maildir import Maildir, Pickup
from gateway.config.notices import NoticesSection
from gateway.config.oauth import OAuth
from gateway.config.outgoing import OutgoingSection, SmarthostTable
from gateway.config.pop3 import Pop3
from gateway.config.rules import (
    Changes,
    ClosingAnswer,
    EndOfCall,
    ExtraData,
    FileChoice,
    Integration,
    RuleSection,
    SizeRange,
    Template,
    When,
)
from gateway.config.sentcopy import SentBcc, SentFolder
from gateway.config.worker import WorkerSection

HEAD = """# Settings

One TOML file, `/etc/cention-gateway/config.toml` unless `--config` or `CENTION_GATEWAY_CONFIG` names another. This page
is printed from the settings' classes (`scripts/docs --write`), and a test compares the two.

* Sizes have a unit: `"500 B"`, `"50 MB"`, `"1 GiB"`. Times too: `"200 ms"`, `"30 s"`, `"5 min"`, `"1 h"`, `"5 d"`.
* Secrets stand elsewhere: `"env:NAME"` is an environment variable, `"file:PATH"` a file, read again at each use: a
  token can be changed without a restart.
* An environment variable goes before the file: `CENTION_GATEWAY_SMTP__MAX_SIZE="20 MB"` is `[smtp] max_size`. The
  container image sets `CENTION_GATEWAY_SMTP__LISTEN` and `CENTION_GATEWAY_HTTP__LISTEN` so, to its ports 2525 and 8080.
* A mistake is a line with file, key and what was expected, all of them at once, and exit code 78.
* SIGHUP reads the file again. What is wrong is logged, and the old settings stay. `gateway.spool`, `smtp.listen`,
  `lmtp`, `http.listen`, `worker.threads` and `worker.readers` change at a restart only; the log says so.
"""

_SECTIONS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("[gateway]", GatewaySection),
    ("[smtp]", SmtpSection),
    ("[lmtp]", LmtpSection),
    ("[http]", HttpSection),
    ("[console]", ConsoleSection),
    ("[console.user.NAME]", ConsoleUser),
    ("[console.header]", ConsoleHeader),
    ("[console.oidc]", ConsoleOidc),
    ("[mail]", MailSection),
    ("[automatic]", AutomaticSection),
    ("[cention.NAME]", Workspace),
    ("[[route]]", Route),
    ("[route.automatic]", RouteAutomatic),
    ("[route.answer]", AnswerSection),
    ("[[rule]]", RuleSection),
    ("rule.when", When),
    ("rule.when.size", SizeRange),
    ("rule.when.attachment", FileChoice),
    ("rule.set", Changes),
    ("rule.set.integrationData", Integration),
    ("rule.set.integrationData.extraData", ExtraData),
    ("rule.set.answer", ClosingAnswer),
    ("rule.set.watemplate", Template),
    ("rule.end", EndOfCall),
    ("[oauth.NAME]", OAuth),
    ("[[imap]]", Imap),
    ("[[pop3]]", Pop3),
    ("[[maildir]]", Maildir),
    ("[[pickup]]", Pickup),
    ("[outgoing]", OutgoingSection),
    ("A smarthost as a table: `smarthosts = [{url = ..., user = ..., password = ...}]`", SmarthostTable),
    ("[[dkim]]", Dkim),
    ("[[sent_folder]]", SentFolder),
    ("[[sent_bcc]]", SentBcc),
    ("[cache]", CacheSection),
    ("[notices]", NoticesSection),
    ("[worker]", WorkerSection),
)
_COMPUTED = {"hostname": "the machine's name", "readers": "one a core", "processes": "one a core, at most 8"}


def _default(name: str, field: FieldInfo) -> str:
    """Say what holds where the file says nothing."""
    if name in _COMPUTED:
        return _COMPUTED[name]
    if field.is_required():
        return "**required**"
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined or value in ("", [], {}, None) or isinstance(value, BaseModel):
        return "none"
    for note in field.metadata:
        if hasattr(note, "func") and type(note).__name__ == "PlainSerializer":
            value = note.func(value)
    if isinstance(value, list):
        return "`[" + ", ".join(f'"{item}"' for item in value) + "]`"
    text = str(value).lower() if isinstance(value, bool | int) else f'"{value}"'
    return f"`{text}`"


class Key(NamedTuple):
    """A key of the settings, what holds where the file says nothing, and what it is for; in Markdown."""

    name: str
    default: str
    said: str


class Table(NamedTuple):
    """A table of the settings as it is written, what it is, and its keys."""

    title: str
    said: str
    keys: tuple[Key, ...]


def tables() -> Iterator[Table]:
    """Yield every table of the settings, in the order of the page."""
    for title, section in _SECTIONS:
        keys = tuple(
            Key(field.alias or name, _default(name, field), field.description or "")
            for name, field in section.model_fields.items()
        )
        yield Table(title, (section.__doc__ or "").strip(), keys)


def page() -> str:
    """Return the whole page, in Markdown."""
    return "\n".join(_lines()).rstrip() + "\n"


def _lines() -> Iterator[str]:
    yield HEAD
    for table in tables():
        yield f"## {table.title if table.title.startswith('A ') else f'`{table.title}`'}\n"
        yield f"{table.said}\n"
        yield "| key | default | what |"
        yield "|---|---|---|"
        for key in table.keys:
            yield f"| `{key.name}` | {key.default} | {key.said} |"
        yield ""
