"""A mail handed in by a command, from a stream into the spool."""

from collections.abc import Sequence
from typing import BinaryIO

from gateway.config.settings import Settings
from gateway.errors import Permanent, TooLarge
from gateway.model import Envelope, Receipt
from gateway.spool.spool import beside

_CHUNK = 256 * 1024


async def ingest(settings: Settings, envelope: Envelope, routes: Sequence[str], mail: BinaryIO) -> Receipt:
    """Take a mail from a stream into the spool. Permanent for an empty one, TooLarge over the size that SMTP takes."""
    place = settings.gateway
    with beside(place.store, place.min_free, bodies=place.bodies) as spool:
        body = spool.body(settings.smtp.max_header_size)
        try:
            while chunk := mail.read(_CHUNK):
                await body.write(chunk)
                if body.size > settings.smtp.max_size:
                    raise TooLarge(f"the mail is larger than smtp.max_size, {settings.smtp.max_size} bytes")
            if not body.size:
                raise Permanent("standard input was empty: there is no mail")
            return await spool.accept(envelope, body, routes)
        finally:
            body.close()
