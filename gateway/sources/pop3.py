"""Mail in by POP3 (RFC 1939): a visit now and then, since the mailbox is locked for others while we are in.

A message is deleted only once it is committed, and the server does so only at QUIT. A session that breaks before
deletes nothing; so what is ours is remembered until it is gone, by UIDL, and is not fetched again. Where the server
has no UIDL all of it is fetched at each visit, and content decides: there `leave = "delete"` is best.
"""

from collections.abc import Callable

from gateway.config.pop3 import Pop3
from gateway.sources.addressing import Addressing
from gateway.sources.intake import Intake, Stopped
from gateway.sources.places import Places
from gateway.sources.poller import Ground
from gateway.sources.pop3_ledger import Ledger
from gateway.sources.pop3_login import Login, session
from gateway.sources.pop3_visit import Visit
from gateway.sources.token import Token


class Pop3Poller:
    """Fetches one mailbox. `token` gives access tokens where the mailbox has no password."""

    kind = "pop3"

    def __init__(
        self, mailbox: Pop3, places: Places, match: Callable[[str], str | None], token: Token | None = None
    ) -> None:
        self.name = f"pop3 {mailbox.name}"
        self._mailbox = mailbox
        self._places = places
        self._login = Login(mailbox, token)
        self._addressing = Addressing(mailbox.route, mailbox.route_by, match)

    def run(self, ground: Ground) -> None:
        """Visit the mailbox until told to stop."""
        mailbox = self._mailbox
        ledger = Ledger(self._places, mailbox.name)
        intake = Intake(ground, self.kind, self._addressing, mailbox.max_size, mailbox.user, mailbox.host)
        while not ground.stopping.is_set():
            try:
                with session(self._login) as dialog:
                    visit = Visit(ground, dialog, mailbox, ledger, intake)
                    left = visit.take_all()
                    pause = dialog.login_delay if left else max(dialog.login_delay, mailbox.interval)
            except Stopped:
                return
            visit.end()
            ground.succeeded()
            ground.rest(pause)
