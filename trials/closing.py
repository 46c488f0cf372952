"""How studies end: on request, with a spent budget, or because nothing is left to do."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F

from trials import budgets, endings, head
from trials.alerts.kinds import BUDGET_NEARLY_SPENT, STUDY_ENDED
from trials.alerts.telling import tell
from trials.models import Study, Trial
from trials.seam import reviewer
from trials.studies import room

S = Trial.State
NEARLY = 0.9
"""The share of a budget from which on people are told of it."""


def stop_study(study: Study, *, person: str, note: str, at: datetime, code: str = "stopped_by_user") -> bool:
    """End a study: what waits ends `study_closed`, what runs is asked to halt, what is paused ends with its reason."""
    sentence = note if code.startswith("budget_") else f"Stopped by {person}" + (f": {note}" if note else ".")
    with transaction.atomic():
        won = (
            Study.objects.running()
            .filter(pk=study.pk, ending_code="")
            .update(ending_code=code, ending_sentence=sentence)
        )
        if not won:
            return False
        endings.intervene(study.pk, None, action="close", person=person, note=note, at=at)
    for trial in study.trials.exclude(state__in=Trial.ENDED).order_by("number"):
        _close_trial(trial, at=at)
    settle(study, at=at)
    return True


def settle(study: Study, *, at: datetime) -> bool:
    """End the study if its budget is spent or nothing is left to do; return whether it has ended."""
    study.refresh_from_db()
    if study.state == Study.State.ENDED:
        return True
    if not study.ending_code:
        spent = _spent(study, at)
        if spent is not None:
            return stop_study(study, person="budget", note=spent[1], at=at, code=spent[0]) and settle(study, at=at)
    if _has_work(study):
        return False
    with transaction.atomic():
        # Once more under the lock: the last running trial may have paused, or been resumed, a moment ago.
        study = head.lock(study.pk)
        if study.state == Study.State.ENDED or _has_work(study):
            return study.state == Study.State.ENDED
        if not study.ending_code and (trial := reviewer().next_to_resume(study)) is not None:
            endings.resume(trial, at=at)
            return False
        _end_study(study, at=at)
    return True


def _has_work(study: Study) -> bool:
    """Say whether a trial waits or runs, or one is still to be suggested."""
    if study.n_waiting or study.n_running:
        return True
    return room(study, study.plan()) > 0


def _end_study(study: Study, *, at: datetime) -> None:
    """End a study whose lock is held; what is still paused ends with the reason of its pause."""
    for trial in study.trials.filter(state=S.PAUSED).order_by("number"):
        _close_trial(trial, at=at)
    Study.objects.filter(pk=study.pk).update(
        state=Study.State.ENDED,
        ended_at=at,
        ending_code=study.ending_code or "finished",
        ending_sentence=study.ending_sentence or f"All {study.n_trials} trials have ended.",
        version=F("version") + 1,
        last_activity_at=at,
    )
    study.refresh_from_db()
    reviewer().closed(study, sequence=head.next_sequence(study))
    tell(STUDY_ENDED, study=study, key=f"ended:{study.pk}", sentence=_summary(study), at=at)


def _summary(study: Study) -> str:
    """Return how a study ended, in a sentence or two."""
    best = (
        f" The best {study.metric} is {study.best_value:.6g}, of trial {study.best_number}."
        if study.best_value is not None
        else ""
    )
    return (
        f"{study.ending_sentence} {study.n_complete} complete, {study.n_pruned} stopped, {study.n_failed} failed.{best}"
    )


def _spent(study: Study, at: datetime) -> tuple[str, str] | None:
    """Return (code, sentence) of the budget that is spent, if one is."""
    for budget in budgets.spent(study, at=at):
        if budget.share >= 1:
            return budget.code, f"The budget of {budget.limit:g} {budget.name} is spent."
        if budget.share >= NEARLY:
            _warn(study, budget, at)
    return None


def _warn(study: Study, budget: budgets.Spent, at: datetime) -> None:
    """Tell, once, that a budget is nearly spent."""
    sentence = f"{budget.used:.1f} of {budget.limit:g} {budget.name} are spent; the study ends when all are."
    with transaction.atomic():
        tell(BUDGET_NEARLY_SPENT, study=study, key=f"{budget.code}:{study.pk}", sentence=sentence, at=at)


def _close_trial(trial: Trial, *, at: datetime) -> None:
    """End one open trial because its study has."""
    with transaction.atomic():
        trial = Trial.objects.select_for_update().get(pk=trial.pk)
        if trial.state == S.RUNNING and not trial.halt_code:
            Trial.objects.filter(pk=trial.pk).update(
                halt_code="study_closed", halt_sentence="Stopped because the study was closed."
            )
        elif trial.state == S.WAITING:
            sentence = (
                "Not trained on: the study was closed." if trial.n_attempts else "Never started: the study was closed."
            )
            ending = endings.Ending(
                state=S.PRUNED, code="study_closed", sentence=sentence, step=trial.last_step, value=trial.best_value
            )
            endings.end(trial, ending, attempt=None, at=at)
        elif trial.state == S.PAUSED:
            ending = endings.Ending(
                state=S.PRUNED,
                code=trial.ending_code or "study_closed",
                motive=trial.ending_motive,
                sentence=trial.ending_sentence,
                step=trial.ending_step,
                value=trial.best_value,
            )
            endings.end(trial, ending, attempt=None, at=at)
