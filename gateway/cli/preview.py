"""`preview`: what would be sent, without sending it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.terminal import content_of, print_json

app = typer.Typer(no_args_is_help=True, help="See what would be sent, without sending it.")


@app.command("mail")
def preview_mail(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Mails (.eml).")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help='One line a file: {"file", "document"}.')] = False,
    writer: Annotated[str, typer.Option(help='Header that names the writer: "from" or "reply-to".')] = "from",
) -> None:
    """Show how each mail is read: parts, repairs, text and files; or, as JSON, the document that it becomes."""
    from gateway.cli.sight import show
    from gateway.preview import errand_document, sight

    for file in files:
        raw = content_of(file)
        if as_json:
            print_json({"file": str(file), "document": errand_document(raw, writer)})
        else:
            show(str(file), sight(raw))


@app.command("answer")
def preview_answer(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A callback document (JSON).")],
    reply_from: Annotated[str, typer.Option(help="From of the mail.")] = "Support <support@example.com>",
) -> None:
    """Print the RFC 5322 mail that a callback would become, with placeholders for what would be fetched."""
    from gateway.preview import answer_mail

    sys.stdout.buffer.write(answer_mail(content_of(file), reply_from))
