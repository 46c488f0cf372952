"""Letting paused trials go on: who it is now, recorded with the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from pruning import entries, ledger
from pruning.briefing import next_resumption
from pruning.history import Course
from pruning.models import PruningEvent
from pruning.recalibrating import calibrations_recorded
from pruning.rules.base import Stream, Verdict
from pruning.standing import Standing
from trials import head
from trials.models import Study, Trial
from trials.studies import room


def resume_next(
    study: Study,
    standing: Standing,
    course: Course,
    *,
    stream: Stream,
    is_closing: bool,
    find: Callable[[Study, int], Trial] | None = None,
) -> Trial | None:
    """Record who is to go on now, control trials in their shadows first; return the trial that does, if any.

    find: returns a trial of the study by number; from the database if none is given.
    """
    ask = partial(next_resumption, study, standing, course, stream=stream, is_closing=is_closing)

    def record(verdict: Verdict, number: int) -> Trial:
        trial = (find or trial_of)(study, number)
        entry = entries.of_verdict(
            verdict, trial, trial.n_attempts, head.next_sequence(study), standing.policy.fingerprint
        )
        ledger.append(study, replace(entry, evidence={**entry.evidence, "is_closing": is_closing}))
        return trial

    with calibrations_recorded(study, standing, course):
        while shadow := ask(of_shadows=True):
            record(shadow, int(str(shadow.evidence["trial"])))
        verdict = ask()
        return None if verdict is None else record(verdict, course.paused_as[int(str(verdict.evidence["trial"]))])


def trial_of(study: Study, number: int) -> Trial:
    """Return a trial of a study by number."""
    return Trial.objects.select_related("study").get(study=study, number=number)


def may_resume(study: Study) -> bool:
    """Say whether a trial is paused, or a control trial may be in its shadow."""
    spared = PruningEvent.objects.of_study(study).filter(verdict="PROTECT", reason="control")
    return study.trials.filter(state="PAUSED").exists() or spared.exists()


def no_more_to_come(study: Study) -> bool:
    """Say whether every configuration the budget allows has begun."""
    return not study.n_waiting and not room(study, study.plan())
