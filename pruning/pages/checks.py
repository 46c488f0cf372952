"""How one ledger entry can be checked, and what checking it found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.urls import reverse

from pruning import querysets
from pruning.canonical import GENESIS
from pruning.foreign.recorded import recorded_by
from pruning.models import LedgerReach, PruningEvent
from pruning.replay import compare, judge_again
from pruning.verify import Verification, verify, verify_span
from trials.models import Study
from trials.pages.parts import Badge, Check

# So many entries a page checks by itself; the others are checked by the minute (`pruning.checking`).
MOST_ENTRIES = 3_000
# Up to so many entries a verdict is judged again when somebody asks; beyond, by `manage.py ledger replay`.
MOST_REPLAYED = 200_000
Kind = PruningEvent.Kind


class Sealed(NamedTuple):
    """The badges of an entry, and the same in sentences."""

    badges: Sequence[Badge]
    checks: Sequence[Check]


def of(study: Study, event: PruningEvent, *, replay: bool = False) -> Sealed:
    """Check an entry's chain and, of a verdict, judge it again; far into a long ledger only where `replay` asks for it.

    Judging again reads every observation before the entry.
    """
    chain = _chain(study, event)
    if event.kind != Kind.VERDICT:
        return Sealed([chain[0]], [chain[1]])
    far = event.sequence > (MOST_REPLAYED if replay else MOST_ENTRIES)
    again = _not_replayed(event) if far else _replayed(study, event)
    return Sealed([chain[0], again[0]], [chain[1], again[1]])


def chain_words(study: Study) -> str:
    """Say in a sentence how far a study's chain is known to hold."""
    newest = querysets.newest_sequence(study)
    if newest <= MOST_ENTRIES:
        return verify(study.uid).sentence()
    reach = LedgerReach.objects.filter(study_uid=study.uid).first()
    if reach is None or reach.checked_at is None:
        return f"Its chain of {newest:,} entries has not been checked yet."
    if reach.problem:
        return f"Its chain breaks at entry {reach.bad_sequence}: {reach.problem}."
    return f"Its chain holds from the first entry to entry {reach.checked_to:,}, checked {_when(reach.checked_at)}."


def _chain(study: Study, event: PruningEvent) -> tuple[Badge, Check]:
    """Check this entry now, and claim of those before it what is known: checked by the page or by the minute."""
    reach = LedgerReach.objects.filter(study_uid=study.uid).first() or LedgerReach(study_uid=study.uid)
    mono = f"{event.previous_hash[:12]}… → {event.hash[:12]}…"
    if reach.problem and (reach.bad_sequence or 0) <= event.sequence:
        where = f"at entry {reach.bad_sequence}" if reach.bad_sequence is not None else "at its end"
        text = f"The chain breaks {where}: {reach.problem}."
        return Badge(f"Chain breaks {where}", "chain", "bad", text), Check("chain", text, mono, "bad")
    known = reach.checked_to if event.sequence - reach.checked_to <= MOST_ENTRIES else event.sequence
    found = _span(study, event, after=min(known, event.sequence - 1), reach=reach)
    if not found.holds:
        return Badge(f"Chain breaks at entry {found.sequence}", "chain", "bad", found.sentence()), Check(
            "chain", found.sentence(), mono, "bad"
        )
    if known == event.sequence > reach.checked_to:
        text = f"Entry {event.sequence} continues entry {event.sequence - 1}; those before it are being checked."
        return Badge("Entry intact", "chain", "plain", text), Check("chain", text, mono, "plain")
    return Badge("Chain intact", "chain", "good", _claim(event, reach)), Check("chain", _claim(event, reach), mono)


def _span(study: Study, event: PruningEvent, *, after: int, reach: LedgerReach) -> Verification:
    """Check the rows after one up to the entry."""
    previous = reach.checked_hash if after == reach.checked_to else ""
    if after and not previous:
        rows = PruningEvent.objects.of_study(study).filter(sequence=after)
        previous = rows.values_list("hash", flat=True).first() or ""
    # Before the first row of a chain there is none, whatever its number.
    return verify_span(study.uid, after=after if previous else 0, previous=previous, until=event.sequence)


def _claim(event: PruningEvent, reach: LedgerReach) -> str:
    if event.previous_hash == GENESIS:
        return f"Entry {event.sequence} is the first of its chain."
    said = f"Entry {event.sequence} continues entry {event.sequence - 1}; the chain is intact back to the first."
    if not reach.checked_to or reach.checked_at is None:
        return said
    return f"{said} Up to entry {min(reach.checked_to, event.sequence - 1):,} it was checked {_when(reach.checked_at)}."


def _when(at: datetime) -> str:
    return f"on {at.day} {at:%b} at {at:%H:%M}"


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


def _not_replayed(event: PruningEvent) -> tuple[Badge, Check]:
    mono = f"{event.rule} {event.rule_version}, policy {event.policy[:12]}"
    if event.sequence > MOST_REPLAYED:
        text = f"To judge it again reads {event.sequence:,} entries: run manage.py ledger replay."
        return Badge("Not replayed here", "replay", "plain", text), Check("replay", text, mono, "plain")
    text = f"To judge it again reads the {event.sequence - 1:,} entries before it."
    url = f"{reverse('pruning:event', args=[_study_id(event), event.sequence])}?replay=yes"
    return Badge("Not replayed yet", "replay", "plain", text), Check(
        "replay", text, mono, "plain", url, "Judge it again"
    )


def _study_id(event: PruningEvent) -> int:
    return Study.objects.values_list("pk", flat=True).get(uid=event.study_uid)
