"""How trials and their attempts end: one named door each, settled by a conditional UPDATE.

Being lost, killed, out of memory, stopped by a person and pruned are never the same ending.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db import transaction
from django.db.models import F

from trials import head, series
from trials.alerts.kinds import TRIAL_FAILED
from trials.alerts.telling import tell
from trials.models import Attempt, ResourceUsage, Study, Trial
from trials.models.values import split
from trials.running import doorbell
from trials.seam import Action, Decision, reviewer

ATTEMPTS_MAX = 3
# Attempts that broke. One that paused, or whose worker was shut down, is no strike against its trial.
BROKEN = ("crashed", "worker_lost")
S = Trial.State


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What one attempt used; None = not measured."""

    wall_seconds: float
    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None
    device_seconds: float | None = None
    device_peak_memory_bytes: int | None = None
    energy_joules: float | None = None


def apply(attempt: Attempt, decision: Decision, *, step: int, at: datetime) -> bool:
    """Carry out a reviewer's decision on a running trial; return whether it changed the trial's state."""
    match decision.action:
        case Action.STOP:
            after, value = S.PRUNED, attempt.trial.best_value
        case Action.FINISH:
            after, value = S.COMPLETE, attempt.trial.best_value
        case Action.PAUSE:
            return _pause(attempt, decision, step=step, at=at)
        case _:
            head.touch(attempt.trial.study_id, at=at)
            return False
    ending = Ending(
        state=after, code=decision.code, motive=decision.motive, sentence=decision.sentence, step=step, value=value
    )
    return end(attempt.trial, ending, attempt=attempt, at=at, told_reviewer=True)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """A trial's ending, before it is written."""

    state: Trial.State
    code: str
    sentence: str
    motive: str = ""
    step: int | None = None
    value: float | None = None
    traceback: str = ""


@transaction.atomic
def complete(attempt: Attempt, *, at: datetime, value: float | None = None) -> bool:
    """End a trial that trained to its horizon; `value` overrides its best observed one."""
    trial = attempt.trial = _fresh(attempt)
    value = value if value is not None else trial.best_value
    if value is None:
        return fail(
            attempt,
            code="error",
            sentence=f"Ended without a finite {trial.study.metric}: it was never told, or never finite.",
            at=at,
        )
    sentence = f"Finished at step {trial.last_step}: trained to its planned end."
    if trial.last_step is not None and trial.last_step < trial.study.horizon:
        sentence = f"Finished at step {trial.last_step}: its training code returned before step {trial.study.horizon}."
    ending = Ending(state=S.COMPLETE, code="finished", sentence=sentence, step=trial.last_step, value=value)
    return end(trial, ending, attempt=attempt, at=at)


@transaction.atomic
def fail(attempt: Attempt, *, code: str, sentence: str, at: datetime, traceback: str = "") -> bool:
    """End a trial FAILED: `error`, `out_of_memory`, `timed_out` or `worker_lost`."""
    trial = attempt.trial = _fresh(attempt)
    ending = Ending(state=S.FAILED, code=code, sentence=sentence, step=trial.last_step, traceback=traceback)
    return end(trial, ending, attempt=attempt, at=at)


@transaction.atomic
def requeue(attempt: Attempt, *, outcome: str, sentence: str, at: datetime) -> bool:
    """Put a trial whose attempt broke back to WAITING; after three attempts it ends FAILED (and this returns False)."""
    trial = attempt.trial = _fresh(attempt)
    n_broken = trial.attempts.filter(outcome__in=BROKEN).count() + (outcome in BROKEN)
    if n_broken >= ATTEMPTS_MAX:
        last_words = f"{sentence} {n_broken} attempts broke, so there is no further one."
        fail(attempt, code="error" if outcome == "crashed" else outcome, sentence=last_words, at=at)
        return False
    if trial.halt_code:
        halt(attempt, at=at)
        return False
    trained = _trained(attempt, attempt.last_step)
    won = (
        Trial.objects.running()
        .filter(pk=trial.pk, attempts=attempt, attempts__ended_at__isnull=True)
        .update(state=S.WAITING, resumes=True, steps_trained=F("steps_trained") + trained)
    )
    if not won:
        return False
    _close(attempt, outcome=outcome, sentence=sentence, at=at)
    head.move(trial.study_id, before=S.RUNNING, after=S.WAITING, at=at, steps_trained=F("steps_trained") + trained)
    return True


def halt(attempt: Attempt, *, at: datetime) -> Decision:
    """End a running trial as its `halt_code` asks; return the STOP that its training code is answered with."""
    trial = attempt.trial
    decision = Decision(action=Action.STOP, code=trial.halt_code, sentence=trial.halt_sentence, step=trial.last_step)
    ending = Ending(
        state=S.PRUNED,
        code=trial.halt_code,
        sentence=trial.halt_sentence,
        step=trial.last_step,
        value=trial.best_value,
    )
    with transaction.atomic():
        end(trial, ending, attempt=attempt, at=at)
    return decision


def halt_if_asked(attempt_id: int, *, at: datetime) -> Decision | None:
    """End a running trial that was asked to halt between its reports; None if nobody asked."""
    with transaction.atomic():
        attempt = Attempt.objects.get(pk=attempt_id)
        attempt.trial = _fresh(attempt)
        if not attempt.is_live or not attempt.trial.halt_code:
            return None
        return halt(attempt, at=at)


@transaction.atomic
def stop_by_person(trial: Trial, *, person: str, note: str, at: datetime) -> bool:
    """Stop one trial for a person: at once unless it runs, else at its next report or beat."""
    trial = Trial.objects.select_for_update().get(pk=trial.pk)
    if trial.has_ended or trial.halt_code:
        return False
    sentence = f"Stopped by {person}" + (f": {note}" if note else ".")
    intervene(trial.study_id, trial, action="stop", person=person, note=note, at=at)
    if trial.state == S.RUNNING:
        Trial.objects.filter(pk=trial.pk).update(halt_code="stopped_by_user", halt_sentence=sentence)
        return True
    ending = Ending(
        state=S.PRUNED, code="stopped_by_user", sentence=sentence, step=trial.last_step, value=trial.best_value
    )
    return end(trial, ending, attempt=None, at=at)


@transaction.atomic
def pin(trial: Trial, *, pinned: bool, person: str, note: str, at: datetime) -> bool:
    """Protect a trial from every rule, or lift that."""
    won = Trial.objects.filter(pk=trial.pk, pinned=not pinned).exclude(state__in=Trial.ENDED).update(pinned=pinned)
    if won:
        trial.pinned = pinned
        intervene(trial.study_id, trial, action="pin" if pinned else "unpin", person=person, note=note, at=at)
    return won == 1


@transaction.atomic
def resume_by_person(trial: Trial, *, person: str, note: str, at: datetime) -> bool:
    """Let a paused trial go on for a person, whatever its rank; False if it is not paused or its study is ending."""
    trial = Trial.objects.select_for_update(of=("self",)).select_related("study").get(pk=trial.pk)
    if trial.state != S.PAUSED or trial.study.ending_code:
        return False
    intervene(trial.study_id, trial, action="resume", person=person, note=note, at=at)
    transaction.on_commit(doorbell.ring_all)
    return resume(trial, at=at)


@transaction.atomic
def write_note(trial: Trial, *, note: str, person: str, at: datetime) -> bool:
    """Write a person's note on a trial; an empty one takes it away. False if it reads so already."""
    won = Trial.objects.filter(pk=trial.pk).exclude(note=note).update(note=note)
    if won:
        trial.note = note
        intervene(trial.study_id, trial, action="note", person=person, note=note, at=at)
    return won == 1


def resume(trial: Trial, *, at: datetime) -> bool:
    """Let a paused trial go on: it is claimed before new numbers."""
    with transaction.atomic():
        paused = Trial.objects.select_for_update().filter(pk=trial.pk, state=S.PAUSED)
        reason = paused.values_list("ending_code", "ending_motive").first()
        if reason is None:
            return False
        Trial.objects.filter(pk=trial.pk).update(
            state=S.WAITING, resumes=True, ending_code="", ending_motive="", ending_sentence="", ending_step=None
        )
        head.move(trial.study_id, before=S.PAUSED, after=S.WAITING, at=at)
        head.count_ending(trial.study_id, S.PAUSED, *reason, by=-1)
    return True


@transaction.atomic
def record_usage(attempt: Attempt, usage: Usage, *, at: datetime) -> None:
    """Store what an attempt used, once; its slot seconds join the trial's and the study's."""
    _, created = ResourceUsage.objects.get_or_create(attempt=attempt, defaults=usage.__dict__)
    if created:
        Trial.objects.filter(pk=attempt.trial_id).update(slot_seconds=F("slot_seconds") + usage.wall_seconds)
        head.touch(attempt.trial.study_id, at=at, slot_seconds=F("slot_seconds") + usage.wall_seconds)


def rewind(trial: Trial, step: int) -> None:
    """Forget what a trial told after `step`: its next attempt resumes there. Its stored points stay."""
    Trial.objects.filter(pk=trial.pk).update(**_known_at(trial, step))


def end(trial: Trial, ending: Ending, *, attempt: Attempt | None, at: datetime, told_reviewer: bool = False) -> bool:
    """Write a trial's one ending; False if another process wrote one first.

    A verdict's own ledger row is the record of its ending (`told_reviewer`); every other ending takes a sequence
    number of its own.
    """
    before, reason_before = trial.state, (trial.ending_code, trial.ending_motive)
    trained = _trained(attempt, ending.step)
    if attempt is not None and not Attempt.objects.filter(pk=attempt.pk, ended_at__isnull=True).exists():
        return False
    won = (
        Trial.objects.filter(pk=trial.pk, state=before)
        .exclude(state__in=Trial.ENDED)
        .update(
            state=ending.state,
            value=ending.value,
            ending_code=ending.code,
            ending_motive=ending.motive,
            ending_sentence=ending.sentence,
            ending_step=ending.step,
            traceback=ending.traceback,
            ended_at=at,
            resumes=False,
            steps_trained=F("steps_trained") + trained,
        )
    )
    if not won:
        return False
    if attempt is not None:
        _close(attempt, outcome=ending.code, sentence=ending.sentence, at=at)
    study = head.lock(trial.study_id)
    saved = study.horizon - (ending.step or 0) if ending.motive else 0
    head.move(
        study.pk,
        before=before,
        after=ending.state,
        at=at,
        steps_trained=F("steps_trained") + trained,
        steps_saved=F("steps_saved") + max(0, saved),
    )
    if before == S.PAUSED:
        head.count_ending(study.pk, before, *reason_before, by=-1)
    head.count_ending(study.pk, ending.state, ending.code, ending.motive)
    trial.refresh_from_db()
    _note_best(study, trial)
    series.compact(trial)
    if not told_reviewer:
        reviewer().ended(trial, sequence=head.next_sequence(study))
    if ending.state == S.FAILED:
        told = f"Trial {trial.number}. {ending.sentence}"
        tell(TRIAL_FAILED, study=study, key=f"failed:{trial.pk}", sentence=told, at=at)
    return True


def intervene(study_id: int, trial: Trial | None, *, action: str, person: str, note: str, at: datetime) -> None:
    """Have a person's (or a budget's) act recorded under a sequence number of its own."""
    study = head.lock(study_id)
    reviewer().intervened(study, trial, action=action, person=person, note=note, sequence=head.next_sequence(study))
    head.touch(study_id, at=at)


def _pause(attempt: Attempt, decision: Decision, *, step: int, at: datetime) -> bool:
    trial = attempt.trial
    won = (
        Trial.objects.running()
        .filter(pk=trial.pk)
        .update(
            state=S.PAUSED,
            ending_code=decision.code,
            ending_motive=decision.motive,
            ending_sentence=decision.sentence,
            ending_step=step,
            steps_trained=F("steps_trained") + _trained(attempt, step),
        )
    )
    if won:
        trial.state = S.PAUSED
        _close(attempt, outcome="paused", sentence=decision.sentence, at=at)
        head.move(
            trial.study_id,
            before=S.RUNNING,
            after=S.PAUSED,
            at=at,
            steps_trained=F("steps_trained") + _trained(attempt, step),
        )
        head.count_ending(trial.study_id, S.PAUSED, decision.code, decision.motive)
    return won == 1


def _close(attempt: Attempt, *, outcome: str, sentence: str, at: datetime) -> bool:
    """Close a live attempt; False if it was closed before."""
    won = Attempt.objects.filter(pk=attempt.pk, ended_at__isnull=True).update(
        ended_at=at, outcome=outcome, outcome_sentence=sentence
    )
    attempt.ended_at, attempt.outcome = at, outcome
    return won == 1


def _trained(attempt: Attempt | None, step: int | None) -> int:
    """Return the steps this attempt trained: from its checkpoint to `step`."""
    if attempt is None or step is None:
        return 0
    return max(0, step - attempt.resumed_from)


def _note_best(study: Study, trial: Trial) -> None:
    if trial.value is None:
        return
    if study.better(trial.value, study.best_seen_value):
        Study.objects.filter(pk=study.pk).update(best_seen_value=trial.value, best_seen_number=trial.number)
    if trial.state == S.COMPLETE and study.better(trial.value, study.best_value):
        Study.objects.filter(pk=study.pk).update(best_value=trial.value, best_number=trial.number)


def _fresh(attempt: Attempt) -> Trial:
    """Return the attempt's trial as it stands now, its row locked."""
    return Trial.objects.select_for_update(of=("self",)).select_related("study").get(pk=attempt.trial_id)


def _known_at(trial: Trial, step: int) -> dict[str, object]:
    """Return the trial's value columns as of `step`, from its stored points."""
    steps, values = series.read(trial, trial.study.metric)
    steps, values = steps[steps <= step], values[steps <= step]
    last, state = split(float(values[-1]) if len(values) else None)
    known: dict[str, object] = {
        "last_value": last,
        "last_value_state": state,
        "last_step": int(steps[-1]) if len(steps) else None,
        "best_value": None,
        "best_step": None,
    }
    finite = np.isfinite(values)
    if finite.any():
        order = values[finite] if trial.study.minimises else -values[finite]
        at = int(order.argmin())
        known["best_value"], known["best_step"] = float(values[finite][at]), int(steps[finite][at])
    return known
