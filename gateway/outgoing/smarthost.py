"""Mail out: a composed mail to the first smarthost that takes it, each recipient's fate told (RFC 5321)."""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from gateway.errors import Paused, Permanent, Reason, Temporary
from gateway.outgoing.connection import try_login
from gateway.outgoing.health import Health, Standing
from gateway.outgoing.host import Security, Smarthost, parse_smarthost
from gateway.outgoing.pace import Pace, Rate
from gateway.outgoing.pool import Keeping, Line, Pool
from gateway.outgoing.timeouts import Timeouts
from gateway.outgoing.transaction import Refusal, Transaction, all_refused, prepare, transact
from gateway.outgoing.verdict import Ambiguous, Busy, Elsewhere, Incapable, Step, failure

__all__ = [
    "Ambiguous",
    "Delivery",
    "Keeping",
    "Manner",
    "Rate",
    "Refusal",
    "Security",
    "Smarthost",
    "Standing",
    "Timeouts",
    "Transport",
    "parse_smarthost",
    "try_login",
]

_SENTENCE = 2000
_NOT_NOW = 451
_QUEUED = re.compile(r"\bqueued as ([\w.+-]+)|\bid[= ]<?([\w.+-]+)|\bqp (\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a mail: whom `smarthost` took it for and with which final reply, and whom it refused.

    `sent` is empty, and so is `reply`, where some recipients were refused for good and all others for now.
    """

    sent: tuple[str, ...]
    refused: tuple[Refusal, ...]
    smarthost: str
    reply: str

    @property
    def queue_id(self) -> str:
        """By what the smarthost's log knows the mail, where its reply says that: `ABC` of "250 Ok: queued as ABC"."""
        found = _QUEUED.search(self.reply)
        return next(filter(None, found.groups()), "") if found else ""


@dataclass(frozen=True, slots=True)
class Manner:
    """How mail is handed over: who we say we are, how long we wait, what is kept, how fast a domain is sent to."""

    hostname: str
    timeouts: Timeouts = field(default_factory=lambda: Timeouts.of(60.0))
    keeping: Keeping = field(default_factory=Keeping)
    rates: Mapping[str, Rate] = field(default_factory=dict)


class Transport:
    """The way out, for any number of threads. It lives as long as the settings that it was made of.

    `halted` are the names of the smarthosts that a person has paused; it may be replaced at any time.
    """

    def __init__(self, smarthosts: Sequence[Smarthost], manner: Manner) -> None:
        self._smarthosts = tuple(smarthosts)
        self._by_host = {one: Pool(one, manner.hostname, manner.timeouts, manner.keeping) for one in self._smarthosts}
        self.pools = tuple(self._by_host.values())
        self.halted: Container[str] = ()
        self.health = Health()
        self.pace = Pace(manner.rates)

    def deliver(self, sender: str, recipients: Sequence[str], message: bytes, names: Sequence[str] = ()) -> Delivery:
        """Hand `message` (line ends CRLF) to the first smarthost that takes it, for all recipients in one transaction.

        `sender` is the envelope's, "" for the null one; `names` are those of the smarthosts to use, by default all that
        do not wait to be named. A recipient whose domain's rate is used up is refused for now, without being asked.

        Raises Paused where a person has paused all that could be used, Temporary if none can be used or one says to try
        again (Ambiguous where it may have the mail), Permanent if it refuses the mail or all recipients (TooLarge for
        its size). What one cannot carry, by its size or its extensions, the next is asked for.
        """
        usable = self._asked(names)
        mail, late = self._in_time(prepare(sender, recipients, message))
        unable, failures = None, []
        for smarthost in self.health.ordered(usable):
            try:
                return self._handed_over(self._by_host[smarthost], mail, late)
            except Incapable as cannot:
                self.health.works(smarthost)
                unable = unable or cannot.error
            except Elsewhere as nothing_taken:
                if not isinstance(nothing_taken, Busy):
                    self.health.fails(smarthost, str(nothing_taken))
                failures.append(str(nothing_taken))
        if unable is not None and not failures:
            raise unable
        raise Temporary(f"No smarthost took the mail: {'; '.join(failures)[:_SENTENCE] or 'none is set'}")

    def standings(self) -> tuple[Standing, ...]:
        """Say how each smarthost is doing, in the settings' order."""
        said = []
        for smarthost, pool in self._by_host.items():
            opened, kept = pool.counts
            said.append(replace(self.health.of(smarthost), open=opened, kept=kept))
        return tuple(said)

    def takes_over(self, before: "Transport") -> None:
        """Go on with what another one knows of smarthosts and domains; whoever has that one closes it."""
        self.health, self.halted = before.health, before.halted
        self.pace.takes_over(before.pace)

    def reap(self) -> None:
        """Close the connections that were not used for long; to be called now and then."""
        for pool in self.pools:
            pool.reap()

    def close(self) -> None:
        """Say goodbye on all connections; deliveries under way come to their end."""
        for pool in self.pools:
            pool.close()

    def _asked(self, names: Sequence[str]) -> list[Smarthost]:
        named = [(one.name or one.address, one) for one in self._smarthosts]
        asked = [(own, one) for own, one in named if (own in names if names else not one.named_only)]
        usable = [one for own, one in asked if own not in self.halted]
        if asked and not usable:
            raise Paused(f"a person has paused {', '.join(own for own, _ in asked)}")
        return usable

    def _in_time(self, mail: Transaction) -> tuple[Transaction, tuple[Refusal, ...]]:
        """Leave out the recipients whose domains have been sent enough for now; Temporary where that is all of them."""
        waits = {one: self.pace.take(_domain(address)) for one, address in mail.recipients.items()}
        late = tuple(self._late(one, mail.recipients[one], wait) for one, wait in waits.items() if wait)
        if late and len(late) == len(mail.recipients):
            raise Temporary(all_refused(late), timedelta(seconds=min(waits.values())))
        fit = {one: address for one, address in mail.recipients.items() if not waits[one]}
        return replace(mail, recipients=fit), late

    def _late(self, recipient: str, address: str, wait: float) -> Refusal:
        domain = _domain(address)
        rate = self.pace.rate(domain)
        text = f"4.7.1 not asked: {domain} is sent {rate.text if rate else ''} (outgoing.rates), next in {wait:.0f} s"
        return Refusal(recipient, _NOT_NOW, text, permanent=False)

    def _handed_over(self, pool: Pool, mail: Transaction, late: tuple[Refusal, ...]) -> Delivery:
        try:
            delivery = _sent(pool, mail)
        except Elsewhere:
            raise
        except Ambiguous as error:
            self.health.fails(pool.smarthost, str(error))
            raise
        except (Temporary, Permanent):
            self.health.works(pool.smarthost)
            raise
        self.health.works(pool.smarthost, mails=int(bool(delivery.sent)))
        return _judged(replace(delivery, refused=delivery.refused + late))


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _sent(pool: Pool, mail: Transaction) -> Delivery:
    """Hand a mail over on a kept connection, or on a new one where that turns out to be dead before the sender."""
    with pool.line() as line:
        kept = line.mails > 0
        try:
            return _on(line, mail, pool.smarthost.address)
        except Elsewhere:
            if not kept or line.session.named:
                raise
    with pool.line(fresh=True) as line:
        return _on(line, mail, pool.smarthost.address)


def _on(line: Line, mail: Transaction, smarthost: str) -> Delivery:
    try:
        taken, refused, reply = transact(line.session, mail, smarthost)
    except (OSError, ValueError) as error:
        step = Step.END if line.session.committing else Step.GREETING
        raise failure(step, error, smarthost) from error
    return Delivery(tuple(taken), tuple(refused), smarthost, str(reply or ""))


def _judged(delivery: Delivery) -> Delivery:
    """Raise where nobody was taken: one error if all were refused alike; else each one's refusal is told."""
    kinds = set() if delivery.sent else {refusal.permanent for refusal in delivery.refused}
    if kinds == {True}:
        raise Permanent(all_refused(delivery.refused), reason=Reason.RECIPIENT_REFUSED)
    if kinds == {False}:
        raise Temporary(all_refused(delivery.refused))
    return delivery
