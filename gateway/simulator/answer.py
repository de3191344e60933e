"""An agent's answer: what `POST /_sim/errands/ID/answer` takes, and the HTML that Cention makes of it."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.simulator.contract import ARCHIVE, ATTACHMENT
from gateway.simulator.errands import Errand, Errands, File
from gateway.simulator.shape import array, base64, record, text
from gateway.simulator.tokens import AREA

UPLOAD = record({"name": text, "content_type": text, "content": base64})
ANSWER = record(
    {},
    {
        "text": text,
        "html": text,
        "attachments": array(UPLOAD),
        "archives": array(UPLOAD),
        "to": array(record({"email_address": text}, {"name": text})),
        "subject": text,
    },
)
LINE = "--------- Cention Contact Center - Original message"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as Cention holds it: files stored, HTML finished, `to` as (name, bare address)."""

    errand: Errand
    subject: str
    body: str
    html_body: str
    to: tuple[tuple[str, str], ...]
    attachments: tuple[File, ...]
    archives: tuple[File, ...]


def take(asked: dict[str, Any], errand: Errand, errands: Errands) -> Answer:
    """What an agent wrote, a value of the shape ANSWER, as an answer to this errand; its files are kept."""
    written = asked.get("html", "")
    attachments = tuple(
        errands.keep(ATTACHMENT, upload, inline=_names(written, f"attachment_{position}"))
        for position, upload in enumerate(asked.get("attachments", []), start=1)
    )
    archives = tuple(errands.keep(ARCHIVE, upload, inline=True) for upload in asked.get("archives", []))
    woven = weave(written, attachments, archives)
    message = errand.attributes["msg"]
    writer = [{"name": message.get("name", ""), "email_address": message["from"]}]
    return Answer(
        errand=errand,
        subject=asked.get("subject", message.get("subject", "")),
        body=asked.get("text", ""),
        html_body=framed(woven, errand) if woven else "",
        to=tuple((to.get("name", ""), to["email_address"]) for to in asked.get("to", writer)),
        attachments=attachments,
        archives=archives,
    )


def weave(written: str, attachments: Sequence[File], archives: Sequence[File]) -> str:
    """The HTML with the real ids in it.

    `cid:archive_1` names the first archive, `cid:attachment_1` the first attachment; archives that the HTML does not
    name are put at its end. A number that belongs to no file stays as it was written.
    """
    files = {f"attachment_{position}": file for position, file in enumerate(attachments, start=1)}
    files |= {f"archive_{position}": file for position, file in enumerate(archives, start=1)}
    left_out = [file for name, file in files.items() if file in archives and not _names(written, name)]

    def real(found: re.Match[str]) -> str:
        file = files.get(found[1])
        return f"cid:{file.content_id}" if file else found[0]

    woven = re.sub(r"cid:((?:attachment|archive)_[0-9]+)", real, written)
    return woven + "".join(f'<img src="cid:{file.content_id}" />' for file in left_out)


def framed(woven: str, errand: Errand) -> str:
    """The agent's HTML in Cention's frame, with the original message below it (contract, Callback: the sample)."""
    message = {name: html.escape(value) for name, value in errand.attributes["msg"].items() if isinstance(value, str)}
    sent = datetime.fromtimestamp(errand.created, UTC).strftime("%Y/%m/%d %H:%M")
    original = [
        f"{LINE} ---------",
        f"Errand: #{errand.id}-1",
        f"From: {message.get('name', '')} ({message['from']})",
        f"Sent: {sent}",
        f"To: {AREA['name']}",
        f"Subject: {message.get('subject', '')}",
        "Question: ",
        "",
        *message.get("body", "").splitlines(),
        f"<br />{LINE} - End ---------",
    ]
    quoted = "<br />\n".join(original)
    frame = '<div style="font-size:;font-family:;"><div>'
    return f"{frame}{woven}</div>\n\n<br /><br /><div>\u00a0</div>\r\n{quoted}</div>"


def _names(written: str, name: str) -> bool:
    return re.search(rf"cid:{name}(?![0-9])", written) is not None
