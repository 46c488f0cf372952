"""What queries over trials may ask of the ledger: verdicts, rules, what halted them, the control arm."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from django.db.models import Exists, OuterRef

from pruning import control
from pruning.foreign.registry import EVERY_STRATEGY
from pruning.models import PruningEvent, PruningEventQuerySet
from pruning.querysets import HALTS
from pruning.rules import GATES
from pruning.standing import standing_of
from trials.facts import Searchable
from trials.models import Study, Trial

VERDICTS = ("STOP", "FINISH", "PAUSE", "RESUME", "PROTECT", "WARN")
"""Those that say something of a trial; nearly every trial was kept, and many had too few peers."""
SPOKEN = ("STOP", "FINISH", "PAUSE", "PROTECT", "WARN")


def searchable(study: Study) -> Sequence[Searchable]:
    """Return the facts of a study's ledger that queries may ask for."""
    rules = tuple(sorted({*EVERY_STRATEGY, *GATES, "plateau"}))
    return (
        Searchable("verdict", "a verdict on it, KEEP and ABSTAIN aside", VERDICTS, partial(_with_verdict, study)),
        Searchable("rule", "a rule that stopped, paused, finished or warned it", rules, partial(_by_rule, study)),
        Searchable("halted_by", "the rule that halted it, the last one to", rules, partial(_halted_by, study)),
        Searchable(
            "spared", "a rule spoke against it, and the control arm kept it", ("yes",), partial(_spared, study), True
        ),
        Searchable("control", "a member of the control arm", ("yes",), partial(_control, study), True),
    )


def _with_verdict(study: Study, verdicts: Sequence[str]) -> Iterable[int]:
    return _numbers(PruningEvent.objects.of_study(study).filter(verdict__in=verdicts))


def _by_rule(study: Study, rules: Sequence[str]) -> Iterable[int]:
    return _numbers(PruningEvent.objects.of_study(study).filter(verdict__in=SPOKEN, rule__in=rules))


def _halted_by(study: Study, rules: Sequence[str]) -> Iterable[int]:
    """Return the trials of which one of the rules stopped, paused or finished them last; shadows speak along.

    Only a paused trial goes on, to be halted again: of the others the first such verdict is the last.
    """
    halts = PruningEvent.objects.of_study(study).filter(verdict__in=HALTS)
    later = halts.filter(trial_number=OuterRef("trial_number"), sequence__gt=OuterRef("sequence"))
    return _numbers(halts.filter(~Exists(later), rule__in=rules))


def _spared(study: Study, _: Sequence[str]) -> Iterable[int]:
    return _numbers(PruningEvent.objects.of_study(study).filter(verdict="PROTECT", reason="control"))


def _control(study: Study, _: Sequence[str]) -> Iterable[int]:
    """Return the members drawn so far; a block is as many suggestions as one member is drawn from."""
    every = standing_of(study).control_every
    if not every:
        return ()
    drawn = control.members(seed=study.seed, blocks=range(-(-study.next_suggestion // every)), every=every)
    # Read here, not asked within each query: no index holds suggestions, so each would read all trials of the study.
    return list(Trial.objects.filter(study=study, suggestion__in=drawn).values_list("number", flat=True))


def _numbers(rows: PruningEventQuerySet) -> Iterable[int]:
    """Return a query for the trials that rows are about: the index of verdicts answers it without reading a row."""
    return rows.filter(trial_number__isnull=False).values_list("trial_number", flat=True)  # type: ignore[return-value]
