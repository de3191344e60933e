"""An agent's answer: what `POST /_sim/errands/ID/answer` takes, and the HTML that Cention makes of it."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from gateway.simulator.contract import ARCHIVE, ATTACHMENT
from gateway.simulator.errand import Answer, Errand, File, Upload
from gateway.simulator.errands import State
from gateway.simulator.form import IDS, LINKS, SPELLINGS
from gateway.simulator.shape import array, base64, integer, matching, one_of, record, text

UPLOAD = record({"name": text, "content_type": text, "content": base64})
FILE_NAMES = array(matching(r"(attachment|archive)_[1-9][0-9]*", "attachment_ or archive_ with a number"))
ANSWER = record(
    {},
    {
        "text": text,
        "html": text,
        "attachments": array(UPLOAD),
        "archives": array(UPLOAD),
        "to": array(record({"email_address": text}, {"name": text})),
        "subject": text,
        "missing": FILE_NAMES,
        "extra": FILE_NAMES,
        "service": record({"name": text, "type": integer}),
        "links": one_of(*LINKS),
        "spelling": one_of(*SPELLINGS),
        "ids": one_of(*IDS),
    },
)
LINE = "--------- Cention Contact Center - Original message"


@dataclass(frozen=True, slots=True)
class Composed:
    """What an agent writes. `to` is (name, address), None for the errand's writer; `subject` None for the errand's.

    The HTML may say `cid:attachment_1` and `cid:archive_1` of its own files, counted from 1; `missing` and `extra` name
    files in the same way: those that the callback names and does not include, and the reverse. `links`, `spelling` and
    `ids` are the callback's form where it is to be another than the simulator's own.
    """

    text: str = ""
    html: str = ""
    attachments: tuple[Upload, ...] = ()
    archives: tuple[Upload, ...] = ()
    to: tuple[tuple[str, str], ...] | None = None
    subject: str | None = None
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    service: tuple[str, int] = ("Form", 19)
    links: str | None = None
    spelling: str | None = None
    ids: str | None = None


def composed(asked: dict[str, Any]) -> Composed:
    """Read a value of the shape ANSWER."""
    plain = {field.name: asked[field.name] for field in fields(Composed) if field.name in asked}
    for name in ("attachments", "archives"):
        plain[name] = tuple(Upload(**upload) for upload in asked.get(name, ()))
    for name in ("missing", "extra"):
        plain[name] = tuple(asked.get(name, ()))
    if "to" in asked:
        plain["to"] = tuple((to.get("name", ""), to["email_address"]) for to in asked["to"])
    if "service" in asked:
        plain["service"] = asked["service"]["name"], asked["service"]["type"]
    return Composed(**plain)


def take(written: Composed, errand: Errand, state: State, now: float) -> Answer:
    """Make an answer to this errand of what an agent wrote; its files are kept, nothing is sent."""
    workspace = errand.area.workspace
    attachments = tuple(
        state.keep(workspace, ATTACHMENT, upload, inline=_names(written.html, f"attachment_{position}"))
        for position, upload in enumerate(written.attachments, start=1)
    )
    archives = tuple(state.keep(workspace, ARCHIVE, upload, inline=True) for upload in written.archives)
    woven = weave(written.html, attachments, archives)
    message = errand.message
    answer_id, response_id = state.numbered()
    return Answer(
        number=len(errand.answers) + 1,
        at=now,
        answer_id=answer_id,
        response_id=response_id,
        subject=message.get("subject", "") if written.subject is None else written.subject,
        body=written.text,
        html_body=framed(woven, errand) if woven else "",
        to=((message.get("name", ""), message["from"]),) if written.to is None else written.to,
        attachments=attachments,
        archives=archives,
        missing=_content_ids(written.missing, attachments, archives),
        extra=_content_ids(written.extra, attachments, archives),
        service=written.service,
    )


def weave(written: str, attachments: Sequence[File], archives: Sequence[File]) -> str:
    """The HTML with the real ids in it.

    `cid:archive_1` names the first archive, `cid:attachment_1` the first attachment; archives that the HTML does not
    name are put at its end. A number that belongs to no file stays as it was written.
    """
    files = _by_name(attachments, archives)
    left_out = [file for name, file in files.items() if file in archives and not _names(written, name)]

    def real(found: re.Match[str]) -> str:
        file = files.get(found[1])
        return f"cid:{file.content_id}" if file else found[0]

    woven = re.sub(r"cid:((?:attachment|archive)_[0-9]+)", real, written)
    return woven + "".join(f'<img src="cid:{file.content_id}" />' for file in left_out)


def framed(woven: str, errand: Errand) -> str:
    """The agent's HTML in Cention's frame, with the original message below it (contract, Callback: the sample)."""
    message = {name: html.escape(value) for name, value in errand.message.items() if isinstance(value, str)}
    sent = datetime.fromtimestamp(errand.created, UTC).strftime("%Y/%m/%d %H:%M")
    original = [
        f"{LINE} ---------",
        f"Errand: #{errand.id}-1",
        f"From: {message.get('name', '')} ({message['from']})",
        f"Sent: {sent}",
        f"To: {html.escape(errand.area.name)}",
        f"Subject: {message.get('subject', '')}",
        "Question: ",
        "",
        *message.get("body", "").splitlines(),
        f"<br />{LINE} - End ---------",
    ]
    quoted = "<br />\n".join(original)
    frame = '<div style="font-size:;font-family:;"><div>'
    return f"{frame}{woven}</div>\n\n<br /><br /><div>\u00a0</div>\r\n{quoted}</div>"


def _by_name(attachments: Sequence[File], archives: Sequence[File]) -> dict[str, File]:
    """The files as the agent's HTML calls them."""
    files = {f"attachment_{position}": file for position, file in enumerate(attachments, start=1)}
    return files | {f"archive_{position}": file for position, file in enumerate(archives, start=1)}


def _content_ids(named: Sequence[str], attachments: Sequence[File], archives: Sequence[File]) -> tuple[str, ...]:
    files = _by_name(attachments, archives)
    return tuple(files[name].content_id for name in named if name in files)


def _names(written: str, name: str) -> bool:
    return re.search(rf"cid:{name}(?![0-9])", written) is not None
