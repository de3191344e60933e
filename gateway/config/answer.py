"""`[route.answer]`: how a route's answers look as mails, and to whom they go."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gateway.config.section import Section

_LARGEST_TEMPLATE = 1_000_000
_LARGEST_LOGO = 500_000
_WEB_ADDRESS = re.compile(r"(?:https://|mailto:)[!#-;=?-z~{}]{3,900}")


def _readable(path: str, largest: int) -> None:
    try:
        size = Path(path).stat().st_size
        with Path(path).open("rb") as file:
            file.read(1)
    except OSError as error:
        raise ValueError(f"{path}: expected a file: {error.strerror}") from error
    if size > largest:
        raise ValueError(f"{path}: expected at most {largest} bytes, found {size}")


def _template(path: str) -> str:
    if path:
        _readable(path, _LARGEST_TEMPLATE)
    return path


def _logo(path: str) -> str:
    if path:
        _readable(path, _LARGEST_LOGO)
    return path


def _way_out(address: str) -> str:
    if not _WEB_ADDRESS.fullmatch(address):
        raise ValueError(f'expected "https://..." or "mailto:..." without spaces, found {address!r:.100}')
    return address


class AnswerSection(Section):
    """How a route's answers look as mails, and to whom they go; docs/answers.md shows it."""

    text_template: Annotated[str, AfterValidator(_template)] = Field(
        default="", description="File with a Jinja2 template for the text; by default a plain one is used."
    )
    html_template: Annotated[str, AfterValidator(_template)] = Field(
        default="", description="File with a Jinja2 template for the HTML; by default a plain one is used."
    )
    logo: Annotated[str, AfterValidator(_logo)] = Field(
        default="", description="File with a picture (PNG, JPEG, GIF or WebP, up to 500 kB), sent once in each mail."
    )
    header: str = Field(default="", max_length=10_000, description="Text above each answer.")
    signature: str = Field(default="", max_length=10_000, description="Text below it, before the original message.")
    legal: str = Field(default="", max_length=50_000, description="Small print at the end of the mail.")
    language: str = Field(
        default="",
        pattern=r"^(?:[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*)?$",
        description="Language of the answers, such as `sv` or `pt-BR`: in Content-Language and in the HTML.",
    )
    subject_prefix: str = Field(
        default="",
        max_length=20,
        description="Put before a subject that has no such prefix yet, such as `Re:`; `AW:`, `SV:` and the like count.",
    )
    original_message: Literal["keep", "fold", "drop"] = Field(
        default="keep",
        description="Cention's block with the customer's message: left as it is, marked as a quotation, which many "
        "mail programs fold, or left out but for the line with the errand's number.",
    )
    inline_styles: bool = Field(
        default=True, description="Copy the rules of `<style>` to the elements, for readers that drop style sheets."
    )
    data_pictures: Literal["attach", "keep"] = Field(
        default="attach",
        description="Pictures that stand in the HTML as `data:`, which many readers do not show: made parts, or kept.",
    )
    reply_all: bool = Field(
        default=False, description="Send a copy to whom the customer's mail went as well, our own addresses left out."
    )
    reply_tag: bool = Field(
        default=False,
        description="Reply-To with the errand's number (`support+e2256@example.com`), by which the next mail finds it.",
    )
    verp: bool = Field(
        default=False,
        description="Envelope sender with the answer's id (`support+a01j...@example.com`), by which bounces find it.",
    )
    written_by: Literal["person", "program"] = Field(
        default="person",
        description="`program` marks answers with Auto-Submitted, so that no other program replies to them.",
    )
    list_unsubscribe: list[Annotated[str, AfterValidator(_way_out)]] = Field(
        default_factory=list,
        max_length=5,
        description="Addresses for List-Unsubscribe, `https:` or `mailto:`; `{errand}` in them is the errand's number.",
    )
    one_click_unsubscribe: bool = Field(
        default=False,
        description="Add List-Unsubscribe-Post (RFC 8058): the `https:` address ends it by a POST alone.",
    )
