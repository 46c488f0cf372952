"""How one ledger entry can be checked, and what checking it found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pruning.briefing import bad_looks_before, facts_of
from pruning.history import Seen, Spoken, observations, spoken, take_in
from pruning.models import LedgerHead, PruningEvent
from pruning.policy import Policy
from pruning.population import Population
from pruning.replay import compare
from pruning.rules.base import Verdict
from pruning.standing import Standing
from pruning.verify import verify
from trials.models import Observation, Study, Trial
from trials.pages.parts import Badge, Check

# Up to so many entries a page checks by itself; a longer ledger is checked by `manage.py ledger`.
MOST_ENTRIES = 3_000
Kind = PruningEvent.Kind


class Sealed(NamedTuple):
    """The badges of an entry, and the same in sentences."""

    badges: Sequence[Badge]
    checks: Sequence[Check]


def of(study: Study, event: PruningEvent) -> Sealed:
    """Check an entry's chain and, of a verdict, judge it again."""
    n = LedgerHead.objects.filter(study_uid=study.uid).values_list("n_rows", flat=True).first() or 0
    if n > MOST_ENTRIES:
        return _too_long(event, n)
    chain = _chain(study, event)
    if event.kind != Kind.VERDICT or event.verdict == "RESUME":
        return Sealed([chain[0]], [chain[1]])
    again = _replayed(study, event)
    return Sealed([chain[0], again[0]], [chain[1], again[1]])


def judged_again(study: Study, event: PruningEvent) -> Verdict | None:
    """Judge a verdict again from the observations and points it was taken on; None if its trial is gone."""
    number = -1 if event.trial_number is None else event.trial_number
    trial = Trial.objects.filter(study=study, number=number).select_related("study").first()
    standing = standing_at(study, event.sequence)
    if trial is None or standing is None:
        return None
    is_look = Observation.objects.filter(study=study, sequence=event.sequence).exists()
    return standing.policy.judge(
        facts_of(
            study,
            trial,
            attempt=event.attempt_number or 1,
            step=event.step or 0,
            standing=standing,
            population=population_at(study, event.sequence) if is_look else None,
            is_pinned=was_pinned(study, trial, event.sequence),
            bad_looks=bad_looks_before(study, trial, standing, event.sequence) if is_look else 0,
        )
    )


def standing_at(study: Study, sequence: int) -> Standing | None:
    """Return the policy that the ledger names for decisions at a sequence number."""
    rows = PruningEvent.objects.of_study(study).filter(kind__in=[Kind.LAUNCHED, Kind.AMENDED], sequence__lt=sequence)
    registered = list(rows.order_by("sequence"))
    if not registered:
        return None
    first = Policy.from_mapping(registered[0].evidence["policy"])
    evidence = registered[-1].evidence
    return Standing(
        policy=Policy.from_mapping(evidence["policy"]),
        looks=tuple(evidence["looks"]),
        control_every=first.safeguards.control_every,
    )


def population_at(study: Study, sequence: int) -> Population:
    """Return the population as a decision at this sequence number saw it."""
    population = Population()
    seen = observations(study, after=-1, until=sequence)
    said = spoken(study, after=-1, until=sequence - 1)
    events: list[Seen | Spoken] = [*seen, *said]
    for event in sorted(events, key=lambda event: (event.sequence, isinstance(event, Spoken))):
        take_in(population, event, maximize=not study.minimises)
    return population


def was_pinned(study: Study, trial: Trial, sequence: int) -> bool:
    """Say whether the trial was pinned by then: what it is now, taken back to what the ledger says of changes."""
    changes = PruningEvent.objects.of_study(study).of_trial(trial.number)
    changes = changes.filter(kind=Kind.INTERVENED, reason__in=["pin", "unpin"])
    before = changes.filter(sequence__lt=sequence).order_by("-sequence").first()
    if before is not None:
        return before.reason == "pin"
    after = changes.filter(sequence__gt=sequence).order_by("sequence").first()
    return trial.pinned if after is None else after.reason == "unpin"


def _chain(study: Study, event: PruningEvent) -> tuple[Badge, Check]:
    found = verify(study.uid)
    mono = f"{event.previous_hash[:12]}… → {event.hash[:12]}…"
    if found.holds or (found.sequence is not None and found.sequence > event.sequence):
        back = f"Entry {event.sequence} continues entry {event.sequence - 1}; the chain is intact back to the first."
        if event.previous_hash == "0" * 64:
            back = f"Entry {event.sequence} is the first of its chain."
        return Badge("Chain intact", "chain", "good", found.sentence()), Check("chain", back, mono)
    where = f"at entry {found.sequence}" if found.sequence is not None else "at its end"
    return Badge(f"Chain breaks {where}", "chain", "bad", found.sentence()), Check(
        "chain", found.sentence(), mono, "bad"
    )


def _replayed(study: Study, event: PruningEvent) -> tuple[Badge, Check]:
    again = judged_again(study, event)
    mono = f"{event.rule} {event.rule_version}, policy {event.policy[:12]}"
    if again is None:
        text = "It cannot be judged again: its trial or its policy is gone."
        return Badge("Not replayable", "replay", "plain", text), Check("replay", text, mono, "plain")
    problem, exact = compare(event, again)
    if problem:
        text = f"Judged again from the observations up to entry {event.sequence}, it differs: {problem}."
        return Badge(f"Replay differs: {problem}", "replay", "bad", text), Check("replay", text, mono, "bad")
    same = "same verdict, same numbers" if exact else "same verdict, figures equal to one part in 1e9"
    text = f"Judged again from the observations up to entry {event.sequence}: {same}."
    return Badge("Replays bit for bit" if exact else "Replays", "replay", "good", text), Check("replay", text, mono)


def _too_long(event: PruningEvent, n: int) -> Sealed:
    text = f"A ledger of {n:,} entries is not checked with every page: run manage.py ledger verify and ledger replay."
    mono = f"{event.previous_hash[:12]}… → {event.hash[:12]}…"
    return Sealed([Badge("Not checked here", "chain", "plain", text)], [Check("chain", text, mono, "plain")])
