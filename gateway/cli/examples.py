"""An example or two for each command, shown by its help, its manual page and the reference; each can be typed so."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import typer

PROGRAM = "cention-gateway"


class Example(NamedTuple):
    """What is typed after the command's words, and what that does."""

    typed: str
    does: str


def _some(*pairs: str) -> tuple[Example, ...]:
    """Make examples of strings that are by turns what is typed and what it does."""
    return tuple(map(Example, pairs[::2], pairs[1::2]))


EXAMPLES: Mapping[str, tuple[Example, ...]] = {
    "run": _some("", "all of it", "--role smtp,http", "a node that takes mail and leaves the work to others"),
    "demo": _some("", "until Ctrl-C, to look around", "--once", "end with a table of what was checked"),
    "check": _some("", "after a change of the settings", "--json", "for a script"),
    "health": _some("--wait 30", "in a script that has just started it"),
    "status": _some("", "is all right?", "--json", "for a monitoring system"),
    "top": _some("", "look on", "--json --every 60", "a line of JSON a minute"),
    "ingest": _some("-r support@example.com < letter.eml", "hand a mail in"),
    "import": _some(
        "--route support --since 2024-01-01 old.mbox",
        "the mail of the last years, and where it was ended it goes on",
        "--route-by Delivered-To --dry-run Maildir",
        "only say what would be done",
    ),
    "trace": _some(
        "'#511055'",
        "an errand, both ways",
        "'<message-id@client.example>'",
        "a customer's mail",
        "17 --raw > mail.eml",
        "the mail of a job as it came",
    ),
    "simulate": _some("--listen 127.0.0.1:8900 --area support", "one area, in memory"),
    "queue list": _some(
        "",
        "what is not at its end",
        "state:parked route:support",
        "what needs a person, of one route",
        "from:asa@client.example 'subject:late parcel' after:2d",
        "where is her mail?",
        "-state:done larger:5MB --json",
        "for a script",
    ),
    "queue show": _some("17", "all of a job, as JSON"),
    "queue retry": _some("17", "a job", "--search 'state:parked route:support'", "all that a search finds"),
    "queue hold": _some("17 --reason 'asked the customer'", "wait until it is released"),
    "queue release": _some("17", "go on now"),
    "queue park": _some("17 --reason 'no errand wanted yet'", "set aside"),
    "queue discard": _some("17 --reason spam", "end it; the mail stays until its time is over"),
    "queue edit": _some("17 --from ann@example.com --subject 'Late parcel'", "mend what Cention refused, and post it"),
    "pause": _some("support --reason 'moving house'", "a route rests", "", "what rests, since when and why"),
    "resume": _some("support", "it goes on"),
    "test route": _some("support", "does an errand come of it?"),
    "test smarthost": _some("relay.example.com:587 --to me@example.com", "does a mail arrive?"),
    "undo": _some("", "take your last act back", "12", "take act 12 back"),
    "acts": _some("", "who did what", "--limit 500 --json", "for a script"),
    "user add": _some("ann --role act", "ann may act", "ann --stdin < password.txt", "for a script"),
    "user remove": _some("ann", "she signs in no more"),
    "user list": _some("", "who may sign in"),
    "preview mail": _some("letter.eml", "how it is read", "--json *.eml", "the documents that they become"),
    "preview answer": _some("callback.json", "the mail", "--open callback.json", "as it looks, in a browser"),
    "rules test": _some("--route support letter.eml", "which rule matches, and why"),
    "oauth login": _some("office", "sign in for [oauth.office]"),
    "oauth show": _some("office", "how long it is good"),
    "dkim new": _some("example.com", "a key for example.com"),
    "dkim show": _some("", "the records for DNS"),
    "alert test": _some("", "does an alert come?"),
    "errand create": _some(
        "--route support --from ann@example.com --subject Hello --body-file letter.txt --attach plan.pdf",
        "an errand as if she had written",
    ),
    "errand end": _some("511055 --route support --call-device 1000 --call-extension 1001", "hang up"),
    "db upgrade": _some("", "after an update, before the start"),
    "spool check": _some("", "is each mail whole?", "--repair", "and delete bodies that no mail refers to"),
    "spool backup": _some("/var/backups/mail", "a copy, while the gateway runs"),
    "spool copy": _some(
        "--from sqlite:////var/lib/cention-gateway/spool.db --to env:POSTGRESQL", "to PostgreSQL, step by step"
    ),
}


def lines(words: str) -> Iterator[str]:
    """Yield a command's examples as lines to be typed, each with what it does behind a #."""
    some = [(" ".join(filter(None, [PROGRAM, words, one.typed])), one.does) for one in EXAMPLES.get(words, ())]
    for typed, does in some:
        yield f"{typed}  # {does}"


def attach(app: typer.Typer, words: str = "") -> None:
    """Have every command's help end with its examples."""
    for command in app.registered_commands:
        name = command.name or getattr(command.callback, "__name__", "").replace("_", "-")
        if some := list(lines(f"{words} {name}".strip())):
            command.epilog = "\b\nExamples:\n" + "\n".join(f"  {line}" for line in some)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            attach(group.typer_instance, f"{words} {group.name or ''}".strip())
