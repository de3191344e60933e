"""A mail as a person looks at it: its parts as a tree, what was repaired, what it says, and its files in a table."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text
from rich.tree import Tree

from gateway.cli.terminal import print_table, visible

if TYPE_CHECKING:
    from gateway.mail.report import Report
    from gateway.model import Mail
    from gateway.preview import Piece, Sight

_SHOWN_THREAD = 10
_SHOWN_RECIPIENTS = 20
_UNITS = (("MB", 1_000_000), ("kB", 1_000))


def show(title: str, sight: "Sight") -> None:
    """Print all of it; of a stranger's text no control character reaches the terminal."""
    mail = sight.mail
    console = Console(highlight=False, soft_wrap=True)
    console.print(_tree(title, sight.pieces))
    console.print()
    for name, value in _facts(sight):
        console.print(Text.assemble((f"{name:<12}", "bold"), visible(value)))
    for note in mail.notes:
        console.print(Text.assemble((f"{'Repaired':<12}", "bold yellow"), visible(note)))
    console.print(Text(f"\nText{_of_html(mail)}", style="bold"))
    console.print(Text(visible(mail.body.strip()) or "(there is none)"))
    if mail.attachments:
        console.print()
        print_table(_files(mail))


def size_of(size: int) -> str:
    """Write a size for people: "512 B", "1.2 MB"."""
    return next((f"{size / scale:.1f} {unit}" for unit, scale in _UNITS if size >= scale), f"{size} B")


def _facts(sight: "Sight") -> Iterator[tuple[str, str]]:
    mail = sight.mail
    sender = f"{mail.sender.name} <{mail.sender.email}>" if mail.sender.name else mail.sender.email
    yield "From", sender or "(nobody: the envelope's sender stands in)"
    if mail.reply_to and mail.reply_to != mail.sender:
        yield "Reply-To", f"{mail.reply_to.name} <{mail.reply_to.email}>".strip()
    yield "Subject", mail.subject or "(there is none)"
    yield "Message-ID", mail.message_id
    yield "Kind", f"{sight.signs.kind} ({sight.signs.why})" if sight.signs.why else sight.signs.kind
    if sight.becomes:
        yield "Becomes", sight.becomes
    if mail.references:
        yield "Answers", mail.references[-1]
    if mail.references[:-1]:
        yield "Thread", " ".join(mail.references[-_SHOWN_THREAD:-1])
    if sight.signs.errand:
        yield "Errand", f"#{sight.signs.errand}, by its {sight.signs.named_by}"
    yield from _report(sight.signs.report)


def _report(report: "Report | None") -> Iterator[tuple[str, str]]:
    if report is None:
        return
    if report.message_id:
        yield "Reports on", report.message_id
    for one in report.recipients[:_SHOWN_RECIPIENTS]:
        yield "", " ".join(filter(None, [one.recipient, one.action, one.status, one.diagnostic]))


def _tree(title: str, pieces: "tuple[Piece, ...]") -> Tree:
    tree = Tree(Text(title, style="bold"))
    branches = [tree]
    for piece in pieces:
        name = (f"  {visible(piece.name)}" if piece.name else "", "cyan")
        label = Text.assemble(piece.media_type, name, (f"  {size_of(piece.size)}", "dim"))
        branches[piece.depth + 1 :] = [branches[piece.depth].add(label)]
    return tree


def _of_html(mail: "Mail") -> str:
    return f" (and HTML, {len(mail.html_body)} characters)" if mail.html_body else ""


def _files(mail: "Mail") -> Table:
    size = Column("size", justify="right", no_wrap=True)
    table = Table(Column("file", overflow="fold"), Column("type", overflow="fold"), size, "in the text as")
    for file in mail.attachments:
        shown = f"cid:{file.content_id}" if file.content_id else ""
        table.add_row(*map(Text, (visible(file.name), file.content_type, size_of(len(file.content)), visible(shown))))
    return table
