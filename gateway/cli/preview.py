"""`preview`: what would be sent, without sending it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import completion
from gateway.cli.exits import Exit
from gateway.cli.terminal import complain, content_of, print_json

app = typer.Typer(no_args_is_help=True, help="See what would be sent, without sending it.")


@app.command("mail")
def preview_mail(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Mails (.eml).")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help='One line a file: {"file", "document"}.')] = False,
    writer: Annotated[str, typer.Option(help='Header that names the writer: "from" or "reply-to".')] = "",
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Settings to read by, without which all is as by default.")
    ] = None,
    route: Annotated[
        str, typer.Option(help="The route in the settings; by default the first.", autocompletion=completion.routes)
    ] = "",
) -> None:
    """Show how each mail is read: parts, repairs, text and files; or, as JSON, the document that it becomes.

    Rules are not applied, see `rules test`; threads are not looked up, since no spool is opened.
    """
    from dataclasses import replace

    from gateway.cli.sight import show
    from gateway.config.load import load
    from gateway.preview import BY_DEFAULT, choices, errand_document, sight

    by = choices(load(config), route, str(config)) if config is not None else BY_DEFAULT
    by = replace(by, writer=writer or by.writer)
    for file in files:
        raw = content_of(file)
        if as_json:
            print_json({"file": str(file), "document": errand_document(raw, by)})
        else:
            show(str(file), sight(raw, by))


@app.command("answer")
def preview_answer(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A callback document (JSON).")],
    reply_from: Annotated[str, typer.Option(help="From of the mail.")] = "Support <support@example.com>",
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Settings, for the look of a route's answers.")
    ] = None,
    route: Annotated[
        str, typer.Option(help="The route in the settings; by default the first.", autocompletion=completion.routes)
    ] = "",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to a file.")] = None,
    *,
    text: Annotated[bool, typer.Option("--text", help="Show parts, text and files here.")] = False,
    html: Annotated[bool, typer.Option("--html", help="Write a page for a browser, pictures in it.")] = False,
    browse: Annotated[bool, typer.Option("--open", help="Open that page in the browser.")] = False,
) -> None:
    """Write the RFC 5322 mail that a callback would become, with placeholders for what would be fetched."""
    from dataclasses import replace

    from gateway.cli.sight import show
    from gateway.config.load import load
    from gateway.mail.show import page_of
    from gateway.preview import Sender, answer_mail, sender, sight

    given = sender(load(config), route, str(config)) if config is not None else Sender(reply_from)
    mail = answer_mail(content_of(file), given)
    if text:
        show(str(file), replace(sight(mail), becomes=""))
    elif browse:
        _browse(page_of(mail), output)
    else:
        _write(page_of(mail).encode() if html else mail, output)


def _write(content: bytes, output: Path | None) -> None:
    if output is None:
        sys.stdout.buffer.write(content)
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise complain(f"{output}: cannot be written: {error.strerror}", Exit.FAILED) from error


def _browse(page: str, output: Path | None) -> None:
    """Write a page, into a new temporary file if no other is named, and have the desktop's browser open it."""
    import tempfile
    import webbrowser

    if output is None:
        output = Path(tempfile.mkdtemp(prefix="cention-gateway-")) / "answer.html"
    _write(page.encode(), output)
    if not webbrowser.open(output.resolve().as_uri()):
        raise complain(f"no browser can be started; the page is {output}", Exit.FAILED)
