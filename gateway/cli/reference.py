"""docs/commands.md, printed from the commands themselves; `scripts/docs --write` writes it, a test compares."""

from collections.abc import Iterator, Sequence

from gateway.cli import cli
from gateway.cli.described import Command, Entry, described
from gateway.cli.examples import lines
from gateway.cli.exits import MEANINGS

_HEAD = """# Commands

`cention-gateway COMMAND --help` says the same, and so does `man cention-gateway`. This page is printed from the
commands (`scripts/docs --write`), and a test compares the two. [operations.md](operations.md) tells when to use which.

* Every command that lists something has `--json`; a line of JSON then is all that is on standard output.
* Complaints stand on standard error, and never are a traceback.
* Colours are for terminals only, and not used where `NO_COLOR` is set; what they say, a sign and a word say too.
* `cention-gateway --install-completion` has your shell complete commands, options, routes, jobs and words of a search.
"""


def page() -> str:
    """Return the whole page, in Markdown."""
    return "\n".join(_lines()).rstrip() + "\n"


def _lines() -> Iterator[str]:
    yield _HEAD
    yield "## Exit codes\n\n| code | what it says |\n|---|---|"
    yield from (f"| {code:d} | {said} |" for code, said in sorted(MEANINGS.items()))
    yield "\n`ingest` ends with 75 for wrong settings and wrong usage too: the mail that meets them waits.\n"
    for command in described(cli):
        yield from _command(command)


def _command(command: Command) -> Iterator[str]:
    yield f"## `{command.words}`\n\n```\n{command.usage}\n```\n"
    yield from (f"{_plain(paragraph)}\n" for paragraph in command.about)
    yield from _entries("argument", command.arguments)
    yield from _entries("option", command.options)
    yield "```"
    yield from lines(command.words)
    yield "```\n"


def _entries(title: str, entries: Sequence[Entry]) -> Iterator[str]:
    if entries:
        yield f"| {title} | what |\n|---|---|"
        yield from (f"| `{_cell(one.name)}` | {_cell(_plain(one.said))} |" for one in entries)
        yield ""


def _plain(text: str) -> str:
    """Return text in which Markdown sees no HTML and no emphasis, outside of what is `code`."""
    pieces = text.split("`")
    pieces[::2] = (piece.replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_") for piece in pieces[::2])
    return "`".join(pieces)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
