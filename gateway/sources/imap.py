"""Mail in by IMAP (RFC 3501, 9051): a poller for each folder of each mailbox.

It looks where our own cursor says, never at flags; it reads without marking as read; and only what is committed is
marked, moved or deleted. Another program reading the mailbox changes nothing of that.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from gateway.config.imap import Imap
from gateway.log import log
from gateway.sources.addressing import Addressing
from gateway.sources.imap_after import after_on
from gateway.sources.imap_clerk import Clerk
from gateway.sources.imap_envelope import envelope_of
from gateway.sources.imap_finish import Finish
from gateway.sources.imap_folder import Folder
from gateway.sources.imap_large import Addressed
from gateway.sources.imap_login import Crowded, Login, session
from gateway.sources.imap_progress import Progress
from gateway.sources.imap_since import begin
from gateway.sources.imap_slots import Slots
from gateway.sources.imap_transfer import Transfer
from gateway.sources.places import Places
from gateway.sources.poller import Ground, State
from gateway.sources.token import Token

Tokens = Callable[[str], Token]
"""Finds what gives the tokens of an `[oauth.NAME]`."""


class ImapPoller:
    """Fetches one folder."""

    kind = "imap"

    def __init__(self, login: Login[Imap], folder: str, slots: Slots, places: Places, addressing: Addressing) -> None:
        self.name = f"imap {login.mailbox.name} {folder}"
        self._login = login
        self._mailbox = login.mailbox
        self._folder = folder
        self._slots = slots
        self._places = places
        self._breaks: Counter[int] = Counter()
        host, _ = login.mailbox.address
        self._addressed = partial(
            envelope_of, addressing=addressing, user=login.mailbox.user, peer=host, source=self.kind
        )

    def run(self, ground: Ground) -> None:
        """Fetch until told to stop; where folders have to take turns at connections, in turns."""
        while not ground.stopping.is_set():
            with self._slots.taken(ground.stopping) as ours:
                had_turn = ours and self._turn(ground)
            if had_turn:
                ground.rest(self._mailbox.pause)

    def _turn(self, ground: Ground) -> bool:
        """Fetch while nobody waits for our connection; False when it was not to be had, and others will make room."""
        try:
            keeps = self._mailbox.after == "keep"
            progress = Progress(self._places, self._mailbox.name, self._folder)
            with session(self._login) as dialog, Clerk(progress, self.name, marks=not keeps) as clerk:
                folder = Folder(dialog, self._folder, readonly=keeps)
                begin(self.name, folder, progress, self._mailbox.since)
                visit = Visit(ground, folder, self._mailbox, progress, clerk, self._addressed, self._breaks)
                visit.go_on(until=lambda: self._slots.wanted or ground.stopping.is_set())
        except Crowded:
            if not self._slots.reached():
                raise
            return False
        return True


class Visit:
    """A connection's time in a folder."""

    def __init__(
        self,
        ground: Ground,
        folder: Folder,
        mailbox: Imap,
        progress: Progress,
        clerk: Clerk,
        addressed: Addressed,
        breaks: Counter[int],
    ) -> None:
        self._progress = progress
        self._ground = ground
        self._folder = folder
        self._mailbox = mailbox
        self._finish = Finish(folder.dialog, progress, clerk, after_on(folder.dialog, mailbox))
        most = min(mailbox.max_size, ground.max_size)
        self._transfer = Transfer(ground, folder, progress, clerk, self._finish, addressed, most, breaks)
        self._idles = mailbox.idle and bool(folder.dialog.has_capability("IDLE"))

    def go_on(self, until: Callable[[], bool]) -> None:
        """Take what there is and wait for more, in turns."""
        while True:
            self._round()
            if self._ground.stopping.is_set():
                return
            self._report()
            if until():
                return
            pause = min(self._mailbox.pause, max(1.0, self._progress.next_due()))
            (self._folder.idle if self._idles else self._folder.wait)(pause, until)

    def _round(self) -> None:
        """Take what is new, then what is due; then make up for what could not be done with what is ours."""
        while new := self._folder.after(self._progress.uid):
            self._transfer.take([uid for uid in new if not self._progress.is_marked(uid)], forward=True)
            if self._ground.stopping.is_set():
                return
            self._progress.reach(new[-1])
        wanted, failed = self._progress.due()
        self._transfer.take(wanted)
        # What was asked for together and did not come is asked for alone, at once.
        _, failed = self._progress.due()
        self._transfer.take(failed, alone=True)
        if not self._ground.stopping.is_set():
            self._finish.make_up()

    def _report(self) -> None:
        """All is taken; what could not be done with it on the server is told, once."""
        status, trouble = self._ground.status, self._finish.trouble
        if not trouble:
            self._ground.succeeded()
            return
        status.last_success = time.time()
        if status.turn(State.WORKING, trouble):
            log.poller(status.name, "working", trouble)


def imap_pollers(
    mailboxes: Sequence[Imap], places: Places, match: Callable[[str], str | None], tokens: Tokens
) -> list[ImapPoller]:
    """Return a poller for each folder. `match` finds the route of a recipient.

    Mailboxes of one host share its connections: as many as the most careful of them allows.
    """
    slots = _slots(mailboxes)
    return [
        ImapPoller(
            Login(mailbox, tokens(mailbox.oauth) if mailbox.oauth else None),
            folder,
            slots[mailbox.host],
            places,
            Addressing(mailbox.route, mailbox.route_by, match),
        )
        for mailbox in mailboxes
        for folder in mailbox.folders
    ]


def _slots(mailboxes: Sequence[Imap]) -> Mapping[str, Slots]:
    most: dict[str, int] = {}
    for mailbox in mailboxes:
        most[mailbox.host] = min(mailbox.max_connections, most.get(mailbox.host, mailbox.max_connections))
    return {host: Slots(count) for host, count in most.items()}
