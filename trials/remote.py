"""Attempts of programs elsewhere: claimed, kept alive and ended by requests instead of by a slot of ours."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F

from trials import endings
from trials.models import Attempt, Study, Trial
from trials.reporting import StaleAttempt, TrialFinished
from trials.running.advancing import advance
from trials.running.claims import claim as claim_waiting
from trials.seam import KEEP, Decision
from trials.search import top_up
from trials.studies import StudyRefused, room

RACES_MAX = 20
ENDED = {"complete": Trial.State.COMPLETE, "failed": Trial.State.FAILED}


class RunsOnWorkers(StudyRefused):
    """The study names a trainable: its trials are run by this installation's own workers."""

    code = "runs_on_workers"


def claim(study: Study, *, by: str, at: datetime) -> tuple[Attempt | None, str]:
    """Claim the best waiting trial of a study, having one suggested if none waits.

    Returns (attempt, ""), or (None, reason): `ended` if the study tries nothing more, `nothing_waits` if all that it
    may try has been given out. Raises `RunsOnWorkers` for a study with a trainable.
    """
    if study.trainable:
        raise RunsOnWorkers(
            f"study: {study.name} names the trainable {study.trainable}; our own workers run its trials"
        )
    for _ in range(RACES_MAX):
        attempt = claim_waiting(None, queue="cpu", device="elsewhere", at=at, claimed_by=by, study=study)
        if attempt is not None:
            return attempt, ""
        study.refresh_from_db()
        if not room(study, study.plan()):
            break
        # What still counts as waiting is being claimed by others in this moment: one more is for this claimer.
        top_up(study, free_slots=study.n_waiting + 1, at=at)
    study.refresh_from_db()
    return None, "ended" if study.state == Study.State.ENDED or study.ending_code else "nothing_waits"


def beat(attempt: Attempt, *, at: datetime) -> Decision:
    """Keep an attempt alive; the answer says whether somebody asked its trial to halt.

    Raises `TrialFinished` or `StaleAttempt` if the attempt owns its trial no longer.
    """
    refuse_ended(attempt)
    Attempt.objects.filter(pk=attempt.pk, ended_at=None).update(beat=F("beat") + 1)
    decision = endings.halt_if_asked(attempt.pk, at=at)
    if decision is not None:
        advance(attempt.trial.study, at=at)
    return decision or KEEP


def tell(attempt: Attempt, *, state: str, value: float | None = None, error: str = "", at: datetime) -> Trial:
    """End an attempt's trial: `complete`, with `value` in place of its best observed one, or `failed`.

    Telling the same twice changes nothing. Raises `TrialFinished` or `StaleAttempt` if the trial ended otherwise or
    another attempt owns it.
    """
    with transaction.atomic():
        trial = Trial.objects.select_for_update(of=("self",)).get(pk=attempt.trial_id)
        attempt.refresh_from_db()
        attempt.trial = trial
        if _was_told(attempt, state):
            return trial
        refuse_ended(attempt)
        if state == "complete":
            endings.complete(attempt, at=at, value=value)
        else:
            endings.fail(attempt, code="error", sentence=_last_words(error), traceback=error, at=at)
    advance(trial.study, at=at)
    trial.refresh_from_db()
    return trial


def refuse_ended(attempt: Attempt) -> None:
    """Raise `TrialFinished` or `StaleAttempt` unless the attempt owns its trial."""
    trial = attempt.trial
    if trial.has_ended:
        raise TrialFinished(f"trial {trial.number} has ended ({trial.ending_code}); claim another one")
    if not attempt.is_live:
        raise StaleAttempt(
            f"attempt {attempt.number} of trial {trial.number} no longer owns it ({attempt.outcome}); claim again"
        )


def _was_told(attempt: Attempt, state: str) -> bool:
    return attempt.outcome == attempt.trial.ending_code != "" and attempt.trial.state == ENDED[state]


def _last_words(error: str) -> str:
    lines = error.strip().splitlines()
    return f"Failed: {lines[-1][:500]}" if lines else "Failed; its program said nothing more."
