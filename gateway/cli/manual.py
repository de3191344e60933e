"""The manual pages, cention-gateway(1) and cention-gateway.toml(5), from what help and settings page are printed from.

The macros are those of man(7), which every man program knows.
"""

import re
from collections.abc import Iterator, Sequence

from gateway.cli import cli
from gateway.cli.described import Command, Entry, described
from gateway.cli.examples import lines
from gateway.cli.exits import MEANINGS
from gateway.config.reference import HEAD, Table, tables

_ABOUT = (
    "cention-gateway takes mail in by SMTP, LMTP, pipes, IMAP, POP3 and Maildir, stores it durably, and creates an "
    "errand of it at Cention. What agents answer comes back by Cention's callback, is stored likewise, and leaves as "
    "mail by a smarthost."
)
# Left alone, roff makes typographic ones of them, which cannot be copied and typed.
_SIGNS = str.maketrans({"-": "\\-", '"': "\\(dq", "'": "\\(aq", "^": "\\(ha", "`": "\\(ga", "~": "\\(ti"})
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")


def commands_page() -> str:
    """Return cention-gateway(1)."""
    return _page(_commands())


def settings_page() -> str:
    """Return cention-gateway.toml(5)."""
    return _page(_settings())


def _page(parts: Iterator[str]) -> str:
    return "\n".join(parts) + "\n"


def _commands() -> Iterator[str]:
    yield _title("cention-gateway", 1, "mail to Cention and back")
    yield f".SH SYNOPSIS\n.B cention\\-gateway\n.I COMMAND\n[OPTIONS]\n.SH DESCRIPTION\n{_text(_ABOUT)}"
    yield ".SH COMMANDS"
    for command in described(cli):
        yield from _command(command)
    yield ".SH EXIT STATUS"
    yield from _entries([Entry(str(int(code)), said) for code, said in sorted(MEANINGS.items())])
    yield ".SH ENVIRONMENT"
    yield from _entries(_ENVIRONMENT)
    yield ".SH FILES\n.TP\n.I /etc/cention\\-gateway/config.toml\nThe settings."
    yield ".SH SEE ALSO\n.BR cention\\-gateway.toml (5)"


_ENVIRONMENT = (
    Entry("CENTION_GATEWAY_CONFIG", "Another settings file."),
    Entry("CENTION_GATEWAY_SECTION__KEY", "Goes before KEY of [SECTION] in the settings file."),
    Entry("NO_COLOR", "Set to anything: no colours."),
)


def _command(command: Command) -> Iterator[str]:
    yield f'.SS "{_escaped(command.words)}"\n.nf\n.B {_text(command.usage)}\n.fi'
    yield from (f".PP\n{_text(paragraph)}" for paragraph in command.about)
    yield from _entries([*command.arguments, *command.options])
    yield ".PP\nExamples:\n.PP\n.RS 4\n.nf"
    yield from map(_text, lines(command.words))
    yield ".fi\n.RE"


def _entries(entries: Sequence[Entry]) -> Iterator[str]:
    for one in entries:
        yield f".TP\n.B {_text(one.name)}\n{_text(one.said) or '.'}"


def _settings() -> Iterator[str]:
    yield _title("cention-gateway.toml", 5, "settings of cention-gateway")
    yield ".SH DESCRIPTION"
    _, about, points = HEAD.split("\n\n", 2)
    yield _text(" ".join(about.partition(" This page")[0].split()))
    yield from (f".IP \\(bu 2\n{_text(' '.join(point.split()))}" for point in points.strip().split("\n* "))
    yield ".SH TABLES"
    for table in tables():
        yield from _table(table)
    yield ".SH SEE ALSO\n.BR cention\\-gateway (1)"


def _table(table: Table) -> Iterator[str]:
    yield f'.SS "{_escaped(table.title)}"\n{_text(table.said)}'
    for key in table.keys:
        default = {"**required**": "required", "none": ""}.get(key.default, f"default: {key.default}")
        yield f".TP\n.B {_text(key.name)}\n{_text(f'{key.said} [{default}]' if default else key.said)}"


def _title(name: str, section: int, about: str) -> str:
    head = f'.TH "{_escaped(name.upper())}" {section} "" "cention\\-gateway"\n.nh\n.ad l'
    return f"{head}\n.SH NAME\n{_escaped(name)} \\- {about}"


def _text(text: str) -> str:
    """Return Markdown as a line of roff: no line begins as a request would, code is set bold."""
    pieces = _LINK.sub(r"\1", text.removeprefix("* ")).split("`")
    shown = "".join(f"\\fB{_escaped(one)}\\fR" if odd % 2 else _escaped(one) for odd, one in enumerate(pieces))
    return f"\\&{shown}" if shown.startswith((".", "'")) else shown


def _escaped(text: str) -> str:
    """Return text that roff prints as it is, whatever its input's character set."""
    plain = text.replace("\\", "\\e").translate(_SIGNS)
    return "".join(sign if sign.isascii() else f"\\[u{ord(sign):04X}]" for sign in plain)
