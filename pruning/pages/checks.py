"""How one ledger entry can be checked, and what checking it found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pruning import querysets
from pruning.foreign.recorded import recorded_by
from pruning.models import PruningEvent
from pruning.replay import compare, judge_again
from pruning.verify import verify
from trials.models import Study
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
    n = querysets.newest_sequence(study)
    if n > MOST_ENTRIES:
        return _too_long(event, n)
    chain = _chain(study, event)
    if event.kind != Kind.VERDICT:
        return Sealed([chain[0]], [chain[1]])
    again = _replayed(study, event)
    return Sealed([chain[0], again[0]], [chain[1], again[1]])


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
    mono = f"{event.rule} {event.rule_version}, policy {event.policy[:12]}"
    if library := recorded_by(event.evidence):
        text = f"{library} had a say in it: recorded with the evidence it had, not judged again."
        return Badge("Recorded", "replay", "plain", text), Check("replay", text, mono, "plain")
    again = judge_again(study, event)
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
