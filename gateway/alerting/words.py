"""What an alert says: the mail to the operator, and the document for a webhook. Pure."""

import hashlib
from collections.abc import Sequence
from typing import Any

from gateway.alerting.matter import Notice
from gateway.alerting.sight import minute
from gateway.mail.compose import compose
from gateway.mail.field import clean
from gateway.model import Address, Reply

HEADER = "X-Cention-Gateway-Alert"
_SUBJECT = 150
_MOST = 50
_LONGEST = 1000


def headline(notices: Sequence[Notice]) -> str:
    """Say in a line what is told: what is wrong first."""
    first = min(notices, key=lambda one: not one.wrong)
    more = f", and {len(notices) - 1} more" if len(notices) > 1 else ""
    return clean(f"{first.what}: {first.said if first.wrong else 'right again'}", _SUBJECT) + more


def text(notices: Sequence[Notice], hostname: str) -> str:
    """Say all of it, for people."""
    lines = [f"The gateway {hostname} says:", ""]
    for one in sorted(notices, key=lambda one: not one.wrong)[:_MOST]:
        lines += [f"{'WRONG' if one.wrong else 'RIGHT AGAIN'}  {one.what}", f"    {one.said[:_LONGEST]}"]
        lines += [f"    since {minute(one.since)}" + ("" if one.wrong else f" until {minute(one.at)}"), ""]
    if len(notices) > _MOST:
        lines += [f"and {len(notices) - _MOST} more", ""]
    return "\n".join([*lines, "All of it: cention-gateway status"])


def document(notices: Sequence[Notice], hostname: str) -> dict[str, Any]:
    """Return what a webhook gets. `text` is for chat servers, which show it."""
    alerts = [
        {"what": one.what, "state": "wrong" if one.wrong else "right", "said": one.said[:_LONGEST]}
        | {"since": one.since, "at": one.at}
        for one in notices[:_MOST]
    ]
    return {"text": text(notices, hostname), "gateway": hostname, "alerts": alerts}


def mail(notices: Sequence[Notice], to: str, hostname: str) -> bytes:
    """Write the mail: from nobody, marked as a program's (RFC 3834 5), lines ended by CRLF."""
    names = "\n".join(f"{one.what} {one.wrong} {one.at}" for one in notices)
    digest = hashlib.sha256(names.encode("utf-8", "replace")).hexdigest()
    state = "wrong" if any(one.wrong for one in notices) else "right"
    return compose(
        Reply(
            message_id=f"<alert.{digest[:24]}@{hostname}>",
            date=max(one.at for one in notices),
            sender=Address("Cention gateway", f"mailer-daemon@{hostname}"),
            to=(Address("", to),),
            subject=f"[{hostname}] {headline(notices)}",
            body=text(notices, hostname),
            html_body="",
            auto_submitted=True,
            headers=((HEADER, state),),
        )
    )
