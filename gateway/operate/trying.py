"""Trying a way with a test mail: through a route to an errand, or through a smarthost to an address."""

import time
from functools import partial
from typing import TYPE_CHECKING, Protocol

from ulid import ULID

from gateway.errors import GatewayError, Permanent
from gateway.flow.outbound import sender_of
from gateway.mail.compose import compose
from gateway.model import Address, Envelope, Receipt, Reply
from gateway.operate.acts import OPERATOR
from gateway.spool import audit
from gateway.spool.audit import Who
from gateway.spool.body import Body
from gateway.spool.spool import Spool

if TYPE_CHECKING:
    from gateway.plan import Plan

SOURCE = "test"
"""The source of mails by which a person tries a route."""

_TEXT = "This is a test of cention-gateway, sent by {who}. There is nothing to do.\n"


class Takes(Protocol):
    """What takes a mail: the spool, or the way to it from beside the gateway."""

    def body(self, max_head: int) -> Body:
        """Start taking a mail's bytes."""

    async def accept(self, envelope: Envelope, body: Body, routes: list[str]) -> Receipt:
        """Make a mail durable."""


def trial(sender: Address, to: str, hostname: str, who: Who, now: float) -> bytes:
    """Write a test mail; no two are the same."""
    return compose(
        Reply(
            message_id=f"<test.{ULID()}@{hostname}>",
            date=now,
            sender=sender,
            to=(Address("", to),),
            subject=f"Test of {hostname}",
            body=_TEXT.format(who=who.name),
            html_body="",
        )
    )


async def try_route(spool: Takes, plan: "Plan", name: str, who: Who = OPERATOR) -> str:
    """Put a test mail into a route, as if it had come for it; return its id, by which it can be watched."""
    route, hostname = plan.settings.route_named(name), plan.settings.gateway.hostname
    if route is None:
        raise Permanent(f"there is no route {name}; there is {', '.join(one.name for one in plan.settings.route)}")
    to, sender = sender_of(route.reply_from).email, Address("Test", f"gateway-test@{hostname}")
    body = spool.body(plan.settings.smtp.max_header_size)
    try:
        await body.write(trial(sender, to, hostname, who, time.time()))
        return (await spool.accept(Envelope(SOURCE, sender.email, (to,)), body, [route.name])).id
    finally:
        body.close()


def write_down(spool: Spool, name: str, mail: str, who: Who = OPERATOR) -> int:
    """Write down that somebody tried a route; return the number of the act."""
    record = partial(audit.record, who=who, word="test", now=time.time(), target=f"route:{name}", detail={"mail": mail})
    return spool.change(record).result()


def try_smarthost(spool: Spool, plan: "Plan", name: str, to: str, route: str = "", who: Who = OPERATOR) -> int:
    """Hand a test mail to a smarthost, from a route's address (by default the first's); return the number of the act.

    What the smarthost said is in the act's detail, whether it took the mail or not.
    """
    found = plan.settings.route_named(route) if route else plan.settings.route[0]
    if found is None:
        raise Permanent(f"there is no route {route}")
    if name not in {one.name or one.address for one in plan.around.smarthosts}:
        raise Permanent(f"there is no smarthost {name}")
    sender = sender_of(found.reply_from)
    said = {"from": sender.email, "to": to}
    try:
        mail = trial(sender, to, plan.settings.gateway.hostname, who, time.time())
        delivery = plan.around.transport.deliver(sender.email, [to], mail, (name,))
        said |= {"taken": "yes", "reply": delivery.reply}
    except GatewayError as error:
        said |= {"taken": "no", "reply": str(error)}
    record = partial(audit.record, who=who, word="test", now=time.time(), target=f"smarthost:{name}", detail=said)
    return spool.change(record).result()
