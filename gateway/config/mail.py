"""`[mail]`: how mail is read."""

from typing import Literal

from pydantic import Field

from gateway.config.section import Section
from gateway.config.units import Size


class MailSection(Section):
    """How mail is read. A mail that goes beyond a bound arrives all the same, with the whole of it as `mail.eml`."""

    inline_images: Literal["attach", "data", "strip"] = Field(
        default="attach",
        description="Pictures in the text: attachments that the HTML calls by `cid:`, part of the HTML as `data:` "
        "(up to 5 MB together), or left out.",
    )
    remote_images: Literal["keep", "strip"] = Field(
        default="keep", description="Pictures that the HTML fetches from elsewhere, by which a sender sees who reads."
    )
    tracking_pixels: Literal["keep", "strip"] = Field(
        default="strip", description="Pictures from elsewhere that are too small to be seen."
    )
    alternatives: Literal["attach", "leave-out"] = Field(
        default="attach",
        description="Forms of the text that nobody shows, such as AMP: kept as files, or left out with a note.",
    )
    max_depth: int = Field(default=50, ge=5, le=100, description="Parts within parts; real mails have fewer than ten.")
    max_parts: int = Field(
        default=1_000,
        ge=10,
        le=100_000,
        description="Parts of a mail, each of which takes time; files that stand in its texts (uuencode).",
    )
    max_header: Size = Field(
        default=262_144, ge=10_000, description="One part's header; long chains of Received are a tenth of that."
    )
    max_fields: int = Field(default=2_000, ge=100, le=100_000, description="Fields in one part's header.")
    max_addresses: int = Field(
        default=1_000, ge=10, le=100_000, description="Addresses in a field that names a writer, who is one."
    )
    max_opened: Size = Field(
        default=100_000_000, description="What is packed in a winmail.dat or in S/MIME, once it is unpacked."
    )
