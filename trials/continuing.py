"""Going on with an ended trial: a new trial that continues it, under the next number.

Both are one configuration: in ranks and links, in the budget of trials, in what the sampler learns from, and in the
steps that stopping saved. A decision point passed is not entered again. The ended trial keeps its ending.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F

from trials import endings, head, series
from trials.models import Study, Trial
from trials.running import checkpoints
from trials.studies import CannotContinue, new_trial, ring_on_commit


@transaction.atomic
def continue_trial(trial: Trial, *, from_start: bool = False, person: str, note: str = "", at: datetime) -> Trial:
    """Return a new WAITING trial that continues an ended one from its last checkpoint.

    Without a checkpoint, or with `from_start`, it begins at step 0 (`inherited_step` says which). Raises
    `CannotContinue` while the trial has not ended, once it is complete or continued already, and in a study that has.
    """
    # Lock order: the trial's row, then its study's.
    trial = Trial.objects.select_for_update(of=("self",)).select_related("study").get(pk=trial.pk)
    if reason := obstacle(trial):
        raise CannotContinue(f"trial {trial.number}: {reason}")
    step = 0 if from_start else step_to_continue_from(trial)
    endings.intervene(trial.study_id, trial, action="continue" if step else "retry", person=person, note=note, at=at)
    study = head.lock(trial.study_id)
    made = new_trial(
        study,
        trial.params,
        origin=Trial.Origin.CONTINUED,
        continues=trial,
        inherited_step=step,
        pinned=trial.pinned,
        at=at,
    )
    if step:
        series.inherit(made, trial, until=step)
        endings.rewind(made, step)
        made.refresh_from_db()
    if trial.ending_motive:
        # What its stop had saved is trained after all.
        saved = max(0, study.horizon - (trial.ending_step or 0))
        head.touch(study.pk, at=at, steps_saved=F("steps_saved") - saved)
    ring_on_commit(study)
    return made


def obstacle(trial: Trial) -> str:
    """Say why a trial cannot be continued; empty if it can. One query."""
    if not trial.has_ended:
        return "it has not ended yet"
    if trial.state == Trial.State.COMPLETE:
        return "it is complete; clone its configuration to train it once more"
    if trial.study.state == Study.State.ENDED or trial.study.ending_code:
        return "its study has ended; launch another one to try its configuration again"
    later = Trial.objects.filter(continues=trial.pk).values_list("number", flat=True).first()
    return f"trial {later} continues it already" if later is not None else ""


def step_to_continue_from(trial: Trial) -> int:
    """Return the step of the checkpoint that a continuation would begin at; 0 if none is kept."""
    last = checkpoints.to_resume(trial)
    return last.step if last is not None and last.step < trial.study.horizon else 0


def configuration_of(trial: Trial) -> Sequence[int]:
    """Return the keys of the trial and of those that it continues, one after the other."""
    keys, before = [trial.pk], trial.continues_id
    while before is not None and before not in keys:
        keys.append(before)
        before = Trial.objects.filter(pk=before).values_list("continues_id", flat=True).first()
    return keys
