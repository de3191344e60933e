"""An agent's answer to the mail that carries it: pure, from what the callback says and what was fetched for it.

What is done to the answer's text: Cention's block with the original message is folded if a route says so, pictures
in `data:` become parts, the route's template comes around it, and style sheets are copied to the elements. Nothing
else is touched; links to Cention's satisfaction meter and the line with the errand's number stay as they are.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import parseaddr
from functools import lru_cache
from html import escape
from urllib.parse import quote

from gateway.cention.callback import identity
from gateway.cention.resource import ARCHIVE_TYPES
from gateway.flow.presentation import PLAIN, Presentation
from gateway.mail import datapicture, document, original
from gateway.mail.cascade import with_inline_styles
from gateway.mail.embed import cids
from gateway.mail.field import bare_address
from gateway.mail.html import to_text
from gateway.mail.markup import strip_tags
from gateway.mail.subject import answering
from gateway.model import Address, Answer, Attachment, Reply, Resource
from gateway.route.tag import tagged, verp


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an answer belongs: its workspace, its route's `reply_from`, the thread of the mail that made the errand.

    `automatic` says that a program wrote that mail.
    """

    workspace: str
    reply_from: str
    thread: tuple[str, ...] = ()
    automatic: bool = False


@lru_cache(maxsize=1000)
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


def envelope_sender(reply_from: str, callback_id: str, *, marked: bool = False) -> str:
    """Return the envelope sender of an answer: the route's address; `marked` with the answer's id in it (VERP).

    One for all recipients: the mail is handed over once, and a report says itself which of them it is about.
    """
    email = sender_of(reply_from).email
    return verp(email, callback_id) if marked else email


def recipients_of(reply: Reply) -> list[str]:
    """Return whom a mail is handed over for: everybody in To and Cc, each once."""
    return list(dict.fromkeys(address.email for address in (*reply.to, *reply.cc)))


def to_reply(
    answer: Answer,
    origin: Origin,
    fetched: Mapping[Resource, Attachment],
    date: float,
    headers: tuple[tuple[str, str], ...] = (),
    presentation: Presentation = PLAIN,
    route: str = "",
    cc: tuple[Address, ...] = (),
) -> Reply:
    """Put a mail together; what the HTML names is inline, every other attachment a file.

    The HTML names a thing as the contract says, or by the Content-ID that it was given in a mail before. `route` is the
    route's name, for templates. Permanent where a template cannot be filled.
    """
    section, sender = presentation.section, sender_of(origin.reply_from)
    inline, files = _enclosed(answer, fetched)
    text, html, pictures = _bodies(answer, presentation, sender, route)
    tag = tagged(sender.email, answer.errand_id) if section.reply_tag else ""
    return Reply(
        message_id=message_id(answer, origin),
        date=date,
        sender=sender,
        to=answer.to,
        subject=answering(answer.subject, section.subject_prefix),
        body=text,
        html_body=html,
        inline=(*inline, *pictures),
        files=files,
        references=origin.thread,
        auto_submitted=origin.automatic or section.written_by == "program",
        headers=headers,
        cc=cc,
        reply_to=Address(sender.name, tag) if tag else None,
        language=section.language,
        unsubscribe=tuple(
            one.replace("{errand}", quote(answer.errand_id, safe="")) for one in section.list_unsubscribe
        ),
        one_click=section.one_click_unsubscribe,
    )


def _enclosed(
    answer: Answer, fetched: Mapping[Resource, Attachment]
) -> tuple[tuple[Attachment, ...], tuple[Attachment, ...]]:
    """Part what was fetched in pictures that the HTML shows, by the names that it has for them, and files."""
    named = cids(answer.html_body)
    inline, files = [], []
    for resource, attachment in fetched.items():
        shown = [name for name in dict.fromkeys((cid_of(resource), attachment.content_id)) if name in named]
        inline += [replace(attachment, content_id=name) for name in shown]
        files += [] if shown else [replace(attachment, content_id="")]
    return tuple(inline), tuple(files)


def _bodies(
    answer: Answer, presentation: Presentation, sender: Address, route: str
) -> tuple[str, str, tuple[Attachment, ...]]:
    """Return text and HTML as they leave, and the pictures that come with the HTML beside those that were fetched."""
    section, stationery = presentation.section, presentation.stationery
    text = original.in_text(answer.body, section.original_message)
    html = original.in_html(answer.html_body, section.original_message)
    pictures: tuple[Attachment, ...] = ()
    if section.data_pictures == "attach":
        html, pictures = datapicture.taken_out(html)
    if stationery is not None:
        facts = _facts(answer, sender, route)
        # The text is made from the HTML before the template comes around it, which has a text of its own.
        text = stationery.around_text(text if text.strip() else to_text(html), facts)
        html = stationery.around_html(document.fragment(html) if html.strip() else _as_html(answer.body), facts)
        pictures += (stationery.logo,) if stationery.logo is not None else ()
    if section.inline_styles:
        html = with_inline_styles(html)
    return text, html, pictures


def _facts(answer: Answer, sender: Address, route: str) -> dict[str, str]:
    first = answer.to[0] if answer.to else Address("", "")
    return {
        "subject": answer.subject,
        "errand": answer.errand_id,
        "route": route,
        "sender_name": sender.name or sender.email,
        "sender_address": sender.email,
        "recipient_name": first.name or first.email,
        "recipient_address": first.email,
    }


def _as_html(text: str) -> str:
    lines = (escape(line, quote=False).replace("  ", "&nbsp; ") for line in text.splitlines())
    return "<div>" + "<br>\n".join(lines) + "</div>"
