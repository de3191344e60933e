"""Mail in by LMTP (RFC 2033): SMTP's session, greeted by LHLO, with a reply for each recipient after the data.

A recipient that is not ours is refused at RCPT. The others have one fate: the mail is stored for all of their routes in
one transaction, so after the data the replies are alike, one for each RCPT that was taken, in their order.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from gateway.sources.smtp import Session


class LmtpSession(Session):
    """One connection's dialogue. HELO and EHLO are unknown to it (RFC 2033 4.1)."""

    source: ClassVar[str] = "lmtp"
    protocol: ClassVar[str] = "LMTP"
    greeting: ClassVar[str] = "LHLO"

    def _for_each(self, recipients: Sequence[str], reply: str) -> str:
        return "\r\n".join([reply] * len(recipients))

    QUICK: ClassVar[Mapping[str, Callable[[Any, str], str]]] = {
        "LHLO": Session.QUICK["EHLO"],
        **{verb: command for verb, command in Session.QUICK.items() if verb not in {"EHLO", "HELO"}},
    }
