"""The form of an answer, as the answer that it asks for: text or HTML, files, pictures where the text names them."""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import getaddresses

import pybase64
from html2text import HTML2Text
from starlette.datastructures import FormData, UploadFile

from gateway.simulator.answer import Composed
from gateway.simulator.errand import Upload
from gateway.simulator.pages import archive

PICTURE = re.compile(r"\[picture ([^\]\r\n]{1,255})\]")


@dataclass(frozen=True, slots=True)
class Written:
    """What stands in the form, so that it can be shown again; `pictures` are the names of the archive images ticked."""

    text: str = ""
    is_html: bool = False
    to: str = ""
    subject: str = ""
    pictures: tuple[str, ...] = ()


def read(form: FormData) -> Written:
    """The fields of the form, their line ends as in a text."""
    fields = {name: str(form.get(name, "")) for name in ("text", "format", "to", "subject")}
    pictures = tuple(name for name in map(str, form.getlist("picture")) if name in archive.NAMES)
    text = fields["text"].replace("\r\n", "\n")
    return Written(text, fields["format"] == "html", fields["to"].strip(), fields["subject"].strip(), pictures)


async def uploads(form: FormData) -> tuple[Upload, ...]:
    """The files of the form; a field that was left empty is none."""
    files = [file for file in form.getlist("files") if isinstance(file, UploadFile) and file.filename]
    return tuple([await _upload(file) for file in files])


def answer(written: Written, files: Sequence[Upload]) -> Composed:
    """What the desk takes; ValueError with a sentence when there is nothing to send, or nobody to send it to.

    `[picture NAME]` in the text stands for the archive image or the uploaded file of that name; ticked archive images
    that the text does not name come at its end.
    """
    named = set(PICTURE.findall(written.text))
    pictures = [name for name in archive.NAMES if name in named or name in written.pictures]
    if not (written.text.strip() or files or pictures):
        raise ValueError("An answer needs a text, a file or a picture.")
    places = {file.name: f"attachment_{place}" for place, file in enumerate(files, start=1)}
    places |= {name: f"archive_{place}" for place, name in enumerate(pictures, start=1)}
    return Composed(
        text=_plain(written, places),
        html=_woven(written, places),
        attachments=tuple(files),
        archives=tuple(archive.upload(name) for name in pictures),
        to=recipients(written.to) if written.to else None,
        subject=written.subject or None,
    )


def recipients(to: str) -> tuple[tuple[str, str], ...]:
    """Name and address of each in a To field, with commas between them; ValueError where one has no address."""
    found = getaddresses([to])
    if not found or any("@" not in address for _, address in found):
        raise ValueError(f"To: addresses with commas between them expected, found {to[:200]!r}.")
    return tuple(found)


async def _upload(file: UploadFile) -> Upload:
    content = pybase64.b64encode(await file.read()).decode()
    return Upload(file.filename or "", file.content_type or "application/octet-stream", content)


def _woven(written: Written, places: Mapping[str, str]) -> str:
    """The HTML, with a `cid:` of the answer's own files for each picture that it names."""
    source = written.text if written.is_html else html.escape(written.text, quote=False).replace("\n", "<br />\n")
    return _put(source, places, lambda name: f'<img src="cid:{places[name]}" alt="{html.escape(name)}" />')


def _plain(written: Written, places: Mapping[str, str]) -> str:
    """The text, with the pictures' names where they were."""
    text = _put(written.text, places, lambda name: f"[{name}]")
    return _as_text(text) if written.is_html else text


def _put(source: str, places: Mapping[str, str], said: Callable[[str], str]) -> str:
    """Put something in place of each picture that there is; one of no such name stays as it was written."""

    def put(found: re.Match[str]) -> str:
        name = next((name for name in (found[1], html.unescape(found[1])) if name in places), None)
        return said(name) if name else found[0]

    return PICTURE.sub(put, source)


def _as_text(source: str) -> str:
    reader = HTML2Text(bodywidth=0)
    reader.ignore_images = True
    return reader.handle(source).strip("\n")
