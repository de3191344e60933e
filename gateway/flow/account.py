"""An answer called to mind again, when it is to be told what became of it: whom it was for, and what was written."""

from dataclasses import dataclass

from gateway.errors import GatewayError
from gateway.flow.answer import maker_of, read_answer, reply_to, routes_of
from gateway.flow.copies import copies_for
from gateway.flow.destination import destination
from gateway.flow.enclosure import Enclosures, fetch
from gateway.flow.notice import About
from gateway.flow.outbound import recipients_of, sender_of
from gateway.flow.surroundings import Surroundings
from gateway.mail.compose import compose
from gateway.model import Answer, Reply
from gateway.spool import delivery
from gateway.spool.spool import Spool


@dataclass(frozen=True, slots=True)
class Account:
    """What a notice says of an answer, and everybody whom the answer was for."""

    about: About
    recipients: tuple[str, ...] = ()


def account(
    name: str, spool: Spool, around: Surroundings, *, files: bool = False, report: bytes = b""
) -> Account | None:
    """Call an answer to mind, by its callback's id; `files` fetches what it has enclosed once more.

    None where we do not have it, or no route of its workspace is left by which anybody could be told. What of the
    answer cannot be had, as it is unreadable or its content forgotten, is left out.
    """
    source = spool.read(lambda connection: delivery.came_from(connection, name))
    if source is None:
        return None
    workspace, errand = source
    try:
        routes = routes_of(workspace, around)
    except GatewayError:
        return None
    default = routes[0]
    unread = About(name, errand, default.name, sender_of(default.reply_from).email, "", report=report)
    try:
        answer = read_answer(name, spool)
        maker = maker_of(answer, routes, spool, around)
        goal = destination(answer, maker, workspace, routes)
    except GatewayError:
        return Account(unread)
    address, copies = sender_of(goal.origin.reply_from).email, copies_for(goal, maker, spool, around)
    enclosed, whole = _enclosed(answer, workspace, around) if files else (Enclosures({}), False)
    try:
        reply = reply_to(name, answer, goal, enclosed, around, copies)
    except GatewayError:  # such as a template that cannot be filled: whom it was for is known all the same
        about = About(name, errand, goal.route, address, answer.subject, report=report)
        return Account(about, tuple(one.email for one in goal.to))
    whole = whole or not (answer.attachments or answer.archives)
    about = About(name, errand, goal.route, address, answer.subject, _original(reply), whole, report)
    return Account(about, tuple(recipients_of(reply)))


def _enclosed(answer: Answer, workspace: str, around: Surroundings) -> tuple[Enclosures, bool]:
    try:
        return fetch(answer, around.clients[workspace], around.settings.cention[workspace], 0), True
    except GatewayError:
        return Enclosures({}), False


def _original(reply: Reply) -> bytes:
    try:
        return compose(reply)
    except GatewayError:
        return b""
