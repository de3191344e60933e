"""An agent's answer to the mail that carries it: pure, from what the callback says and what was fetched for it."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import parseaddr

from gateway.cention.callback import identity
from gateway.cention.resource import ARCHIVE_TYPES
from gateway.mail.embed import cids
from gateway.mail.field import bare_address
from gateway.mail.markup import strip_tags
from gateway.model import Address, Answer, Attachment, Reply, Resource


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an answer belongs: its workspace, its route's `reply_from`, the thread of the mail that made the errand."""

    workspace: str
    reply_from: str
    thread: tuple[str, ...] = ()


def sender_of(reply_from: str) -> Address:
    """Read a route's `reply_from`."""
    name, email = parseaddr(reply_from)
    return Address(name, email)


def message_id(answer: Answer, origin: Origin) -> str:
    """Return our own Message-ID, the same for each try and each repeat of an answer."""
    digest = hashlib.sha256(identity(origin.workspace, answer).encode()).hexdigest()[:24]
    domain = bare_address(sender_of(origin.reply_from).email).rpartition("@")[2] or "localhost"
    return f"<cention.{digest}@{domain}>"


def cid_of(resource: Resource) -> str:
    """Return the name by which the answer's HTML says `cid:` to a resource (contract.md, Callback)."""
    return resource.id if resource.type in ARCHIVE_TYPES else f"attachment_{resource.id}"


def says_nothing(answer: Answer) -> bool:
    """Whether an answer has neither text nor picture nor file, so that a mail of it would be empty."""
    if answer.body.strip() or answer.attachments or answer.archives:
        return False
    return not re.search(r"<img\b", answer.html_body, re.IGNORECASE) and not strip_tags(answer.html_body)


def to_reply(
    answer: Answer,
    origin: Origin,
    fetched: Mapping[Resource, Attachment],
    date: float,
    headers: tuple[tuple[str, str], ...] = (),
) -> Reply:
    """Put a mail together; what the HTML names is inline, every other attachment a file.

    The HTML names a thing as the contract says, or by the Content-ID that it was given in a mail before.
    """
    named = cids(answer.html_body)
    inline, files = [], []
    for resource, attachment in fetched.items():
        shown = [name for name in dict.fromkeys((cid_of(resource), attachment.content_id)) if name in named]
        inline += [replace(attachment, content_id=name) for name in shown]
        files += [] if shown else [replace(attachment, content_id="")]
    return Reply(
        message_id=message_id(answer, origin),
        date=date,
        sender=sender_of(origin.reply_from),
        to=answer.to,
        subject=answer.subject,
        body=answer.body,
        html_body=answer.html_body,
        inline=tuple(inline),
        files=tuple(files),
        references=origin.thread,
        headers=headers,
    )
