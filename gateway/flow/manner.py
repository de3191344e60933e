"""How mail is read, as the settings say."""

from functools import lru_cache

from gateway.config.mail import MailSection
from gateway.mail.manner import Bounds, Manner


@lru_cache(maxsize=8)
def manner(section: MailSection) -> Manner:
    """Return what reading asks of the settings: the same value for the same ones, so that a batch pickles it once."""
    return Manner(
        inline_images=section.inline_images,
        alternatives=section.alternatives,
        remote_images=section.remote_images,
        tracking_pixels=section.tracking_pixels,
        bounds=Bounds(
            depth=section.max_depth,
            parts=section.max_parts,
            header=section.max_header,
            fields=section.max_fields,
            addresses=section.max_addresses,
            opened=section.max_opened,
        ),
    )
