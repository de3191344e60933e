"""What rules make of a mail, as values: what is to become of it, and what each rule had to say to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.model import CallEnd, Errand


@dataclass(frozen=True, slots=True)
class Create:
    """An errand is created."""


@dataclass(frozen=True, slots=True)
class Hold:
    """The mail waits for a person, who may let it go on; `rule` is the name of the rule that says so."""

    reason: str
    rule: str


@dataclass(frozen=True, slots=True)
class Discard:
    """Nothing is created."""

    reason: str
    rule: str


@dataclass(frozen=True, slots=True)
class End:
    """An errand is ended, none created.

    It is `call.errand_id` where that is not "", else the one created with this `reference`, else the one that a mail of
    `thread` (whether to look there) became.
    """

    call: CallEnd
    reference: str
    thread: bool
    rule: str


Disposition = Create | Hold | Discard | End


@dataclass(frozen=True, slots=True)
class Trial:
    """A rule that was tried: whether it matched, why, what it did.

    `why` has a line for every condition of a rule that matched, and the condition that failed of one that did not.
    """

    rule: str
    matched: bool
    why: tuple[str, ...] = ()
    did: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mail: the errand as rules changed it, where it goes, and how that came.

    `route` is where the errand is to be made, `also` are further routes. `reference` is what later mails may end the
    errand by, "" for nothing. `dropped` are names of attachments that were left out. `by` names the rule that set an
    attribute of the document.
    """

    errand: Errand
    route: str
    also: tuple[str, ...] = ()
    disposition: Disposition = Create()
    by: Mapping[str, str] = field(default_factory=dict)
    reference: str = ""
    dropped: tuple[str, ...] = ()
    trials: tuple[Trial, ...] = ()

    @property
    def matched(self) -> tuple[Trial, ...]:
        """The rules that matched, in order."""
        return tuple(one for one in self.trials if one.matched)
