"""`errand create` and `errand end`: Cention's API by hand, every field an option."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli import completion
from gateway.cli.exits import Exit
from gateway.cli.fields import FieldOption, given, with_fields
from gateway.cli.options import DEFAULT, AsJson, Config
from gateway.cli.terminal import complain, content_of, print_json
from gateway.errors import Permanent, Temporary

if TYPE_CHECKING:
    from gateway.errand import Given, Place

app = typer.Typer(no_args_is_help=True, help="Create and end errands by hand.")

Route = Annotated[
    str,
    typer.Option(
        help="The route of the settings whose workspace and token are used.", autocompletion=completion.routes
    ),
]
OfWorkspace = Annotated[
    str, typer.Option(help="A workspace of the settings, with --token.", autocompletion=completion.workspaces)
]
Url = Annotated[
    str, typer.Option(help="The API's base, https://<api domain>/s/<workspace>, with --token; no settings.")
]
Token = Annotated[str, typer.Option(help='Another token than the route\'s: "env:NAME" or "file:PATH".')]
Document = Annotated[
    str,
    typer.Option(metavar="FILE", help="JSON or TOML with the attributes, or a whole document; - is standard input."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the document, and send nothing.")]


@dataclass(frozen=True, slots=True)
class Asked:
    """What both commands are asked beside the fields of a document."""

    config: Config = DEFAULT
    route: Route = ""
    workspace: OfWorkspace = ""
    url: Url = ""
    token: Token = ""
    document: Document = ""
    dry_run: DryRun = False
    as_json: AsJson = False


def _text_of(file: Path) -> str:
    try:
        return content_of(file).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is not UTF-8 text (byte {error.start})") from error


def _attachments(files: list[Path]) -> list[dict[str, Any]]:
    from gateway.errand import attachment

    return [attachment(file, content_of(file)) for file in files]


def _user(text: str) -> dict[str, str]:
    """Read "cention:17", or "cention" alone."""
    kind, colon, number = text.partition(":")
    return {"user_type": kind} | ({"user_id": number} if colon else {})


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"expected JSON: {error}") from error


def _params(pairs: list[str]) -> list[dict[str, str]]:
    if wrong := [pair for pair in pairs if "=" not in pair]:
        raise ValueError(f'expected "name=text", found "{wrong[0]}"')
    return [dict(pair.split("=", 1) for pair in pairs)]


_MOST = 200_000_000
_CALL = ("integrationData",)
_EXTRA = ("integrationData", "extraData")
_FILES = list[Path]

CREATE = (
    FieldOption("--message-id", ("msg", "message_id"), "What tells a retry from a new mail; made if not given."),
    FieldOption("--from", ("msg", "from"), "The writer's address."),
    FieldOption("--name", ("msg", "name"), "The writer's name."),
    FieldOption("--subject", ("msg", "subject"), "The subject."),
    FieldOption("--body", ("msg", "body"), "The plain text."),
    FieldOption("--body-file", ("msg", "body"), "A file with the plain text.", Path, _text_of),
    FieldOption("--html", ("msg", "html_body"), "The HTML text."),
    FieldOption("--html-file", ("msg", "html_body"), "A file with the HTML text.", Path, _text_of),
    FieldOption("--attach", ("msg", "attachments"), "A file to attach; may be repeated.", _FILES, _attachments),
    FieldOption("--closed-by", ("answer",), 'Make a closed errand, by "user_type" or "user_type:user_id".', str, _user),
    FieldOption("--answer-subject", ("answer", "subject"), "The answer's subject; makes a closed errand."),
    FieldOption("--answer-body", ("answer", "body"), "The answer's plain text; makes a closed errand."),
    FieldOption("--answer-html", ("answer", "html_body"), "The answer's HTML text; makes a closed errand."),
    FieldOption("--answer-attach", ("answer", "attachments"), "A file of the answer's.", _FILES, _attachments),
    FieldOption("--template", ("watemplate", "elementname"), "Name of a WhatsApp template; needs --closed-by."),
    FieldOption("--template-namespace", ("watemplate", "namespace"), "The template's namespace."),
    FieldOption("--template-param", ("watemplate", "params"), 'A parameter, "name=text".', list[str], _params),
    FieldOption("--extradata", ("extradata",), "Any JSON, stored with the errand.", str, _json),
    FieldOption("--cuid", ("cuid",), "The customer's id elsewhere, for the contact card."),
    FieldOption("--call-device", (*_CALL, "deviceId"), "The agent's device id.", int),
    FieldOption("--call-extension", (*_CALL, "extensionId"), "The agent's extension id.", int),
    FieldOption("--call-number", (*_CALL, "destNumber"), "The number that was called, with its country code."),
    FieldOption("--call-queue", (*_CALL, "queueName"), "The queue that the call came from."),
    FieldOption("--call-queue-number", (*_CALL, "queueNumber"), "The call's id in that queue."),
    FieldOption("--call-reference", (*_CALL, "referenceId"), "The call's id in the telephone system."),
    FieldOption("--call-link", (*_CALL, "link"), "Where the recording is."),
    FieldOption("--call-paging-number", (*_CALL, "pagingNumber"), "The number for a call out."),
    FieldOption("--call-paging-name", (*_CALL, "pagingName"), "The name for a call out."),
    FieldOption("--call-comment", (*_EXTRA, "comment"), "An internal comment on the errand."),
    FieldOption("--call-reason", (*_EXTRA, "callReason"), "Why the call was made."),
    FieldOption("--call-appointment", (*_EXTRA, "appointmentTimestamp"), "Unix time of an appointment."),
)
END = (
    FieldOption("--call-device", (*_CALL, "deviceId"), "The agent's device id.", int),
    FieldOption("--call-extension", (*_CALL, "extensionId"), "The agent's extension id.", int),
    FieldOption("--call-reference", (*_CALL, "referenceId"), "The call's id in the telephone system."),
    FieldOption("--call-dialed", (*_CALL, "dialedNumber"), "The number that was dialed, for a call out."),
)


@app.command()
@with_fields(CREATE, Asked)
def create(asked: Asked, **typed: Any) -> None:
    """Create an errand from options, which go before a document, and print its id."""
    from gateway import errand
    from gateway.cention.document import new_errand

    options = given(CREATE, typed)
    with _named(asked.document, options):
        new = errand.errand_of(_read(asked.document), options)
        document = new_errand(new)
    if asked.dry_run:
        _print_document(document, as_json=asked.as_json)
        return
    place = _place(asked)
    with _reached():
        errand_id = errand.create(document, place)
    if asked.as_json:
        print_json({"id": errand_id, "message_id": new.message_id, "url": place.workspace.url})
    else:
        print(errand_id)


@app.command()
@with_fields(END, Asked)
def end(
    asked: Asked,
    errand_id: Annotated[
        str, typer.Argument(metavar="ID", help="The errand; without it Cention has only the call to find it by.")
    ] = "",
    **typed: Any,
) -> None:
    """Say that an errand's call has ended, which closes the errand."""
    from gateway import errand
    from gateway.cention.integration import end_errand

    options = given(END, typed)
    with _named(asked.document, options):
        call = errand.end_of(_read(asked.document), options, errand_id)
        document = end_errand(call)
    if asked.dry_run:
        _print_document(document, as_json=asked.as_json)
        return
    place = _place(asked)
    with _reached():
        errand.end(document, place)
    if asked.as_json:
        print_json({"ended": call.errand_id, "url": place.workspace.url})
    else:
        print(f"ended {call.errand_id or 'the errand of that call'}")


def _place(asked: Asked) -> "Place":
    from gateway.errand import Wanted, place

    return place(Wanted(asked.config, asked.route, asked.workspace, asked.url, asked.token))


@contextmanager
def _named(document: str, options: "Given") -> Iterator[None]:
    """Name the document in what is said of a wrong field, unless an option gave the field."""
    from gateway.cention.validity import Invalid

    try:
        yield
    except Invalid as error:
        if not document or any(error.field.startswith(".".join(path)) for path, _ in options):
            raise
        raise Permanent(f"{_called(document)}: {error}") from error


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except Temporary as error:
        raise complain(error, Exit.UNAVAILABLE) from error


def _read(document: str) -> Any:
    from gateway.errand import parsed

    if not document:
        return None
    if document != "-":
        return parsed(content_of(Path(document)), document)
    text = sys.stdin.buffer.read(_MOST + 1)
    if len(text) > _MOST:
        raise complain(f"{_called(document)} has more than {_MOST} bytes", Exit.UNUSABLE)
    return parsed(text, _called(document))


def _called(document: str) -> str:
    return "standard input" if document == "-" else document


def _print_document(document: bytes, *, as_json: bool) -> None:
    print(document.decode() if as_json else json.dumps(json.loads(document), ensure_ascii=False, indent=2))
