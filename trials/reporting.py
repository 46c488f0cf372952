"""The one door through which a trial reports, whoever calls: a slot's pipe or HTTP.

One transaction: refuse, store the points, judge at decision points, apply the decision. Reports between decision
points take no study-wide lock.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from django.db import IntegrityError, transaction

from trials import endings, head, series
from trials.continuing import configuration_of
from trials.models import Attempt, Observation, Revision, SeriesTail, Study, Trial
from trials.models.values import split
from trials.plan import Plan
from trials.seam import Action, Decision, Moment, reviewer
from trials.series import Point, live
from trials.series.codec import STEP_MAX
from trials.statements import Update

METRIC_NAME_MAX = 200
POINTS_MAX = 10_000
ELAPSED_MAX = 1e9


class ReportRefused(Exception):
    """A batch that was not stored."""

    code = "refused"

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


class StaleAttempt(ReportRefused):
    """The attempt no longer owns its trial: another took over, or it ended."""

    code = "stale_attempt"


class TrialFinished(ReportRefused):
    """The trial has ended; nothing new is stored for it."""

    code = "trial_finished"


class BadReport(ReportRefused):
    """The batch itself cannot be stored; the message names the field and the remedy."""

    code = "bad_report"


@dataclass(frozen=True)
class _Standing:
    """What does not change between two reports of one revision."""

    plan: Plan
    looks: tuple[int, ...]
    revision: tuple[int, str]


def report(*, attempt_id: int, batch: int, points: Sequence[Point], at: datetime) -> Decision:
    """Store one batch of an attempt and answer with the decision.

    `batch` numbers the attempt's batches from 1, as the sender counts them: a batch already stored is answered with
    its first decision, whatever has happened since. Raises `StaleAttempt`, `TrialFinished` or `BadReport`, and then
    stores nothing.
    """
    try:
        return _report(attempt_id, batch, points, at)
    except IntegrityError:
        # Another process has stored this batch since this one stored the last: look before anything else.
        return _report(attempt_id, batch, points, at, is_known=False)


def _report(attempt_id: int, batch: int, points: Sequence[Point], at: datetime, *, is_known: bool = True) -> Decision:
    """Store and judge one batch; is_known: what this process keeps of the attempt is up to date."""
    with transaction.atomic():
        attempt = _locked(attempt_id)
        if not is_known:
            live.forget(attempt)
        if not live.is_next(attempt, batch):
            told = SeriesTail.objects.filter(attempt=attempt, batch=batch).first()
            if told is not None:
                return _answer_of(told)
        _refuse_the_dead(attempt)
        standing = _standing(attempt.trial.study)
        _refuse_the_malformed(batch, points, attempt, standing.plan)
        before = attempt.trial.last_step
        received_s = max(0.0, (at - attempt.started_at).total_seconds())
        tail = series.append(attempt, batch, points, received_s=received_s)
        hearing = _Hearing(attempt=attempt, batch=batch, standing=standing, at=at)
        decision = hearing.judge(points, before=before)
        _remember(tail, decision)
        return decision


def _locked(attempt_id: int) -> Attempt:
    """Return the attempt with its trial, whose row is locked: batches of one trial are serial."""
    trial = Trial.objects.select_for_update(of=("self",)).select_related("study").get(attempts=attempt_id)
    attempt = Attempt.objects.get(pk=attempt_id)  # after the lock: it may have ended while we waited
    attempt.trial = trial
    return attempt


def _refuse_the_dead(attempt: Attempt) -> None:
    trial = attempt.trial
    if trial.has_ended:
        raise TrialFinished(f"trial {trial.number} has ended ({trial.ending_code}); nothing more is stored for it")
    if not attempt.is_live:
        raise StaleAttempt(
            f"attempt {attempt.number} of trial {trial.number} no longer owns it ({attempt.outcome}); "
            "claim the trial again to go on"
        )


def _refuse_the_malformed(batch: int, points: Sequence[Point], attempt: Attempt, plan: Plan) -> None:
    if not 1 <= batch <= 2**53:
        raise BadReport(f"batch: {batch} is out of range; number an attempt's batches from 1")
    if not points:
        raise BadReport("points: the batch is empty; tell at least one point")
    if len(points) > POINTS_MAX:
        raise BadReport(f"points: {len(points)} in one batch; tell at most {POINTS_MAX}")
    last: dict[str, int] = {}
    if attempt.last_step is not None:
        last["{}"] = attempt.last_step
    for index, point in enumerate(points):
        _refuse_point(f"points[{index}]", point, last, attempt, plan)


def _refuse_point(where: str, point: Point, last: dict[str, int], attempt: Attempt, plan: Plan) -> None:
    if not 0 <= point.step <= STEP_MAX:
        raise BadReport(f"{where}.step: {point.step} is outside 0 to {STEP_MAX}")
    if point.step > plan.horizon:
        raise BadReport(f"{where}.step: {point.step} lies beyond the planned length {plan.horizon} ({plan.step_unit})")
    if point.elapsed_s is not None and not 0 <= point.elapsed_s < ELAPSED_MAX:
        raise BadReport(f"{where}.elapsed_s: {point.elapsed_s} is no time; send seconds since the attempt began")
    labels = series.canonical_labels(point.labels)
    floor = last.get(labels, attempt.resumed_from or -1)
    if point.step <= floor:
        raise BadReport(f"{where}.step: {point.step} was told before (last {floor}); steps rise within an attempt")
    last[labels] = point.step
    if not point.metrics:
        raise BadReport(f"{where}.metrics: no metric; tell at least one")
    for metric in point.metrics:
        _refuse_metric(f"{where}.metrics", metric, plan)


def _refuse_metric(where: str, metric: str, plan: Plan) -> None:
    if not metric or len(metric) > METRIC_NAME_MAX or "\x00" in metric:
        raise BadReport(f"{where}: {metric[:40]!r} is no metric name; use 1 to {METRIC_NAME_MAX} characters, no NUL")
    if plan.metrics and metric not in plan.metrics:
        raise BadReport(f"{where}.{metric}: the trainable never declared it; it declares {', '.join(plan.metrics)}")


@dataclass(frozen=True, kw_only=True)
class _Hearing:
    """One batch of a trial, being judged point by point."""

    attempt: Attempt
    batch: int
    standing: _Standing
    at: datetime

    def judge(self, points: Sequence[Point], *, before: int | None) -> Decision:
        """Judge the points in order; after a halting decision later ones write no observation."""
        attempt, decision = self.attempt, Decision()
        previous = before if before is not None else attempt.resumed_from or -1
        for point in points:
            if point.labels:
                continue
            if self.standing.plan.objective.metric in point.metrics:
                decision = self._judge_point(point, previous) or decision
                previous = point.step
            else:
                attempt.last_step = point.step
            if decision.action.halts:
                return decision
        _store_progress(attempt)
        return endings.halt(attempt, at=self.at) if attempt.trial.halt_code else decision

    def _judge_point(self, point: Point, previous: int) -> Decision | None:
        """Judge one point of the objective; None where nobody had anything to say.

        A trial that reports past a decision point is judged there by what it had told by then, never by the later
        value.
        """
        trial, looks, decision = self.attempt.trial, self.standing.looks, None
        if trial.last is not None:
            for look in looks:
                if previous < look < point.step:
                    decision = self._decide(look, trial.last, {}, is_look=True) or decision
                    if decision is not None and decision.action.halts:
                        return decision
        self.attempt.last_step = point.step
        metrics = {name: float(number) for name, number in point.metrics.items()}
        value = metrics[self.standing.plan.objective.metric]
        _note_value(trial, point.step, value)
        return self._decide(point.step, value, metrics, is_look=point.step in looks) or decision

    def _decide(self, step: int, value: float, metrics: dict[str, float], *, is_look: bool) -> Decision | None:
        """Have one moment reviewed if it is a decision point or a gate is alarmed, and apply the decision."""
        attempt, trial = self.attempt, self.attempt.trial
        is_look = is_look and not _was_decided(trial, step)
        moment = Moment(
            study=trial.study,
            trial=trial,
            attempt=attempt,
            revision=self.standing.revision,
            step=step,
            value=value,
            metrics=metrics,
            batch=self.batch,
            is_look=is_look,
        )
        if not is_look and not reviewer().alarmed(moment):
            return None
        study = head.lock(trial.study_id)
        _store_progress(attempt)
        sequence = head.next_sequence(study)
        if is_look:
            _observe(attempt, step, value, sequence, self.at)
        decision = reviewer().review(replace(moment, study=study, sequence=sequence))
        _note_best_seen(study, trial)
        endings.apply(attempt, decision, step=step, at=self.at)
        return decision


def _was_decided(trial: Trial, step: int) -> bool:
    """Say whether this configuration has passed the decision point, as this trial or as one that it continues."""
    trials = [trial.pk] if trial.continues_id is None else configuration_of(trial)
    return Observation.objects.filter(trial__in=trials, step=step).exists()


def _observe(attempt: Attempt, step: int, value: float, sequence: int, at: datetime) -> None:
    trial = attempt.trial
    number, state = split(value)
    Observation.objects.create(
        study_id=trial.study_id,
        trial=trial,
        attempt_number=attempt.number,
        sequence=sequence,
        step=step,
        value=number,
        value_state=state,
        best=trial.best_value,
        at=at,
    )


def _note_value(trial: Trial, step: int, value: float) -> None:
    trial.last_value, trial.last_value_state = split(value)
    trial.last_step = step
    if math.isfinite(value) and trial.study.better(value, trial.best_value):
        trial.best_value, trial.best_step = value, step


def _note_best_seen(study: Study, trial: Trial) -> None:
    if trial.best_value is not None and study.better(trial.best_value, study.best_seen_value):
        Study.objects.filter(pk=study.pk).update(best_seen_value=trial.best_value, best_seen_number=trial.number)


_progress_of_trial = Update(Trial, "last_value", "last_value_state", "last_step", "best_value", "best_step")
_progress_of_attempt = Update(Attempt, "last_step", bumped="beat")


def _store_progress(attempt: Attempt) -> None:
    trial = attempt.trial
    _progress_of_trial(
        trial.pk, trial.last_value, trial.last_value_state, trial.last_step, trial.best_value, trial.best_step
    )
    _progress_of_attempt(attempt.pk, attempt.last_step)


def _remember(tail: SeriesTail, decision: Decision) -> None:
    if decision == Decision():
        return  # the row was stored with this answer
    SeriesTail.objects.filter(pk=tail.pk).update(
        action=decision.action,
        code=decision.code,
        motive=decision.motive,
        sentence=decision.sentence,
        step=decision.step,
    )


def _answer_of(tail: SeriesTail) -> Decision:
    return Decision(
        action=Action(tail.action), code=tail.code, motive=tail.motive, sentence=tail.sentence, step=tail.step
    )


def _standing(study: Study) -> _Standing:
    return _standing_at(study.uid, study.version)


@lru_cache(maxsize=256)
def _standing_at(study_uid: UUID, version: int) -> _Standing:
    """Return what holds for a study; an amendment moves its version, so between two versions this may be kept."""
    newest = Revision.objects.filter(study__uid=study_uid).order_by("-number")
    revision_id, number, fingerprint, looks = newest.values_list("pk", "number", "fingerprint", "looks")[0]
    return _Standing(
        plan=_plan_of(revision_id, fingerprint),
        looks=tuple(int(look) for look in looks),
        revision=(number, fingerprint),
    )


@lru_cache(maxsize=256)
def _plan_of(revision_id: int, fingerprint: str) -> Plan:
    """Return a revision's plan; a revision never changes, so this may be remembered."""
    return Revision.objects.get(pk=revision_id, fingerprint=fingerprint).parsed()
