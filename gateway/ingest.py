"""A mail handed in by a command, from a stream into the spool."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from gateway.config.pipe import PipeSettings
from gateway.errors import Permanent, TooLarge
from gateway.model import Envelope, Receipt
from gateway.sources.hops import hops
from gateway.spool.body import Body
from gateway.spool.near import acceptor

_CHUNK = 256 * 1024
_COMMIT_SECONDS = 120.0


async def ingest(settings: PipeSettings, sender: str | None, recipients: Mapping[str, str], mail: BinaryIO) -> Receipt:
    """Take a mail from a stream into the spool; a line "From " before it, as in an mbox, is left out.

    `recipients` have their routes. Where the sender is not known (None), the mail's header has to tell.
    Permanent for an empty one or one in a loop, TooLarge over the size that SMTP takes, TimeoutError when the spool
    does not commit: then it is not known whether it has the mail, and a second copy would be recognised.
    """
    async with acceptor(settings.gateway) as spool:
        body = spool.body(settings.smtp.max_header_size)
        try:
            await _fill(body, mail, settings.smtp.max_size)
            _check_hops(body.head, settings)
            known = _sender_of(body.head) if sender is None else sender
            envelope = Envelope("pipe", known, tuple(recipients))
            async with asyncio.timeout(_COMMIT_SECONDS):
                return await spool.accept(envelope, body, list(dict.fromkeys(recipients.values())))
        finally:
            body.close()


async def _fill(body: Body, mail: BinaryIO, max_size: int) -> None:
    for chunk in _chunks(mail):
        await body.write(chunk)
        if body.size > max_size:
            raise TooLarge(f"the mail is larger than smtp.max_size, {max_size} bytes")
    if not body.size:
        raise Permanent("standard input was empty: there is no mail")


def _sender_of(head: bytes) -> str:
    from gateway.sources.imap_envelope import sender_of

    return sender_of(head)


def _chunks(mail: BinaryIO) -> Iterator[bytes]:
    """Read a stream to its end, but for an envelope line of an mbox, which Postfix and others put before a mail."""
    chunk = mail.read(_CHUNK)
    if chunk.startswith(b"From "):
        chunk = chunk.partition(b"\n")[2]
    while chunk:
        yield chunk
        chunk = mail.read(_CHUNK)


def _check_hops(head: bytes, settings: PipeSettings) -> None:
    received, own = hops(head, settings.gateway.hostname)
    if received > settings.smtp.max_hops or own > settings.smtp.max_own_hops:
        raise Permanent(f"the mail is in a loop: {received} hops, {own} of them here")
