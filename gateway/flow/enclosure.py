"""What an answer names and does not carry: fetched for it, within bounds."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from gateway.cention.client import Client
from gateway.config.cention import Workspace
from gateway.errors import Permanent, Reason, Temporary, TooLarge
from gateway.flow.outbound import cid_of
from gateway.mail.contenttype import detect, is_any
from gateway.mail.embed import cids
from gateway.model import Answer, Attachment, Event, Resource

_TRIES = 3
WHATEVER_IS_THERE = _TRIES
"""As many failed tries as it takes for a picture to be left out, where the settings say so."""


@dataclass(frozen=True, slots=True)
class Enclosures:
    """What was fetched, in the answer's order, and what the trace should say of the rest."""

    found: dict[Resource, Attachment]
    events: tuple[Event, ...] = ()


def fetch(answer: Answer, client: Client, workspace: Workspace, attempts: int) -> Enclosures:
    """Fetch all that an answer names; nothing is asked for that only its HTML names, since customers write in there.

    `attempts` counts the tries that failed before. Errors as `Client.fetch`; TooLarge where all together are.
    """
    token, shown = workspace.attachment_token, cids(answer.html_body)
    found, events, size = {}, [], 0
    for resource in dict.fromkeys((*answer.attachments, *answer.archives)):
        try:
            attachment = client.fetch(resource, token)
        except Permanent as error:
            if error.reason is Reason.DOCUMENT_REFUSED:
                error.reason = Reason.ATTACHMENT_MISSING
            _bear(error, resource, shown, workspace, attempts)
            events.append(Event("picture left out", {"resource": f"{resource.type} {resource.id}", "why": str(error)}))
            continue
        found[resource] = _typed(attachment)
        size += len(attachment.content)
        if size > workspace.max_answer_size:
            raise _too_large(len(found), size, workspace.max_answer_size)
    return Enclosures(found, tuple(events))


def _too_large(count: int, size: int, limit: int) -> TooLarge:
    return TooLarge(
        f"the answer's attachments are together larger than {limit} bytes (max_answer_size): the first {count} of them "
        f"have {size}"
    )


def _typed(attachment: Attachment) -> Attachment:
    """Say what an attachment is, by its content, where Cention only says that it is some bytes."""
    if not is_any(attachment.content_type):
        return attachment
    return replace(attachment, content_type=detect(attachment.content, attachment.name) or attachment.content_type)


def _bear(error: Permanent, resource: Resource, shown: Collection[str], workspace: Workspace, attempts: int) -> None:
    """Let an answer go without a picture that cannot be had, where the settings say so and it has been tried enough."""
    if workspace.missing_pictures == "park" or cid_of(resource) not in shown or isinstance(error, TooLarge):
        raise error
    if attempts + 1 < _TRIES:
        raise Temporary(f"{resource.type} {resource.id} cannot be had: {error}") from error
