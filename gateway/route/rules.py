"""Rules: an ordered list of conditions and actions, applied to a mail by a pure function (docs/rules.md).

The rules for every mail go first, then those of the route that the mail is in by then. A list runs to its end unless a
rule says otherwise; each route's list runs once at most, so that no mail goes round in circles. Conditions and
templates see the mail as it came, whatever rules have set meanwhile.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gateway.route.action import Actions, Draft
from gateway.route.condition import Condition
from gateway.route.facts import Facts
from gateway.route.outcome import Create, Hold, Outcome, Trial
from gateway.route.typed import Unfit, reference, typed

_CALL = "integrationData"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that was read."""

    name: str
    when: tuple[Condition, ...]
    actions: Actions

    def attempt(self, facts: Facts, draft: Draft, *, released: bool) -> tuple[Draft, Trial]:
        """Try it on a mail; return what it made of the draft, and what it had to say."""
        reasons: list[str] = []
        groups: dict[str, str] = {}
        for condition in self.when:
            found = condition.look(facts)
            if not found.holds:
                return draft, Trial(self.name, matched=False, why=(found.why,))
            reasons.append(found.why)
            groups |= found.groups
        after = self.actions.act(self.name, draft, facts, groups, released=released)
        why = tuple(reasons) or ("it has no conditions",)
        return after, Trial(self.name, matched=True, why=why, did=self.actions.did(draft, after))


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of the settings: for every mail, and by route. The rest is what has to be known of a mail for them.

    `headers` are names in lower case, `fields` says whether `name: value` lines are asked for, `authserv_id` is whose
    Authentication-Results are believed.
    """

    everywhere: tuple[Rule, ...] = ()
    of_route: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    headers: frozenset[str] = frozenset()
    fields: bool = False
    authserv_id: str = ""


def apply(rules: Rules, facts: Facts, route: str, *, further: bool = False, released: bool = False) -> Outcome:
    """Apply rules to a mail that came to `route`; say what becomes of it, and why.

    `further` says that a rule has sent it to this route as well: the rules for every mail have seen it then. `released`
    says that a person lets it go on: nothing holds or discards it, and what would have is left out.
    """
    draft = Draft(route, facts.errand.attachments)
    trials: list[Trial] = []
    seen: set[str] = set()
    listed = () if further else rules.everywhere
    while True:
        for rule in listed:
            draft, trial = rule.attempt(facts, draft, released=released)
            trials.append(trial)
            if draft.stopped:
                break
        if draft.stopped or draft.route in seen:
            return _outcome(draft, facts, tuple(trials), released=released)
        seen.add(draft.route)
        listed = rules.of_route.get(draft.route, ())


def _outcome(draft: Draft, facts: Facts, trials: tuple[Trial, ...], *, released: bool) -> Outcome:
    errand = replace(facts.errand, attachments=draft.files)
    disposition = draft.disposition or Create()
    try:
        errand = typed(errand, draft.changes)
    except Unfit as error:
        errand = typed(errand, {name: value for name, value in draft.changes.items() if name != _CALL})
        if draft.disposition is None and not released:
            disposition = Hold(str(error), draft.by[_CALL])
    return Outcome(
        errand=errand,
        route=draft.route,
        also=tuple(name for name in draft.also if name != draft.route),
        disposition=disposition,
        by=draft.by,
        reference=reference(errand),
        dropped=draft.dropped,
        trials=trials,
    )
