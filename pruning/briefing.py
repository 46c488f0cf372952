"""Bringing a policy the facts of one moment, the same way for a live review and for a replay."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pruning.history import Course
from pruning.models import PruningEvent
from pruning.population import Population
from pruning.rules.base import EMPTY, Curve, Facts, Stream, Verdict
from pruning.rules.resuming import Resuming, Waiting
from pruning.standing import Standing, draw_of, root_number
from trials import series
from trials.models import Study, Trial

ReadCurve = Callable[[Trial, str, int], Curve]
"""(trial, metric, attempt number) -> that series as the attempt knew it."""

AGAINST = ("STOP", "PAUSE", "PROTECT")


def facts_of(
    study: Study,
    trial: Trial,
    *,
    attempt: int,
    step: int,
    standing: Standing,
    population: Population | None,
    is_pinned: bool,
    bad_looks: int = 0,
    waiting: Sequence[Waiting] = (),
    read: ReadCurve | None = None,
    around: Mapping[str, Any] | None = None,
) -> Facts:
    """Return what is known of a trial at `step`; population: None between decision points.

    around: what `pruning.surroundings` found beside curves and ranks, by the names in `Facts`.
    """
    reader = read or read_curve
    others = {name: reader(trial, name, attempt).until(step) for name in standing.policy.metrics()}
    return Facts(
        metric=study.metric,
        maximize=not study.minimises,
        step=step,
        horizon=study.horizon,
        unit=study.step_unit,
        trial=trial.number if trial.continues_id is None else root_number(trial),
        curve=reader(trial, study.metric, attempt).until(step),
        others=others,
        looks=standing.looks,
        peers=population,
        draw=draw_of(study, trial, standing.control_every),
        is_pinned=is_pinned,
        bad_looks=bad_looks,
        waiting=waiting,
        **(around or {}),
    )


def next_resumption(
    study: Study, standing: Standing, course: Course, *, stream: Stream, is_closing: bool, of_shadows: bool = False
) -> Verdict | None:
    """Return the RESUME of the paused configuration that should go on now; None if nobody should.

    of_shadows: of the control trials that train on and would have been paused; recorded only.
    """
    strategy: object = standing.policy.strategy
    waiting = course.shadows.waiting if of_shadows else list(course.waiting.values())
    if not waiting or not isinstance(strategy, Resuming):
        return None
    facts = Facts(
        metric=study.metric,
        maximize=not study.minimises,
        step=0,
        horizon=study.horizon,
        unit=study.step_unit,
        trial=0,
        curve=EMPTY,
        looks=standing.looks,
        peers=course.population,
        stream=stream,
    )
    verdict = strategy.next_to_resume(facts, waiting, is_closing=is_closing)
    return replace(verdict, shadow=True) if verdict is not None and of_shadows else verdict


def stream_of(study: Study) -> Stream:
    """Return which trials have begun and are on their way; the caller holds the study's lock."""
    open_trials = study.trials.filter(state__in=[Trial.State.WAITING, Trial.State.RUNNING])
    numbers = open_trials.filter(continues=None).values_list("number", flat=True)
    continued = map(root_number, open_trials.exclude(continues=None))
    return Stream(begun=study.next_number, under_way=frozenset([*numbers, *continued]))


def stream_as_told(evidence: Mapping[str, Any]) -> Stream:
    """Return the stream as a RESUME tells it; nobody on the way where the strategy asked for none."""
    return Stream(begun=evidence.get("begun", 0), under_way=frozenset(evidence.get("awaited", ())))


def read_curve(trial: Trial, metric: str, attempt: int) -> Curve:
    """Return one series of a trial as an attempt knew it, from the stored points."""
    return Curve.of(*series.read(trial, metric, attempt=attempt))


def bad_looks_before(study: Study, trial: Trial, standing: Standing, sequence: int) -> int:
    """Return how many decision points in a row, just before this sequence, the strategy spoke against the trial.

    Only as many rows are read as the policy's patience can tell apart.
    """
    policy = standing.policy
    if policy.strategy is None or policy.safeguards.patience == 1:
        return 0
    rows = PruningEvent.objects.of_study(study).of_trial(trial.number).verdicts()
    said = rows.filter(step__in=standing.looks, sequence__lt=sequence).order_by("-sequence")
    said = said.exclude(verdict="RESUME", shadow=True)
    bad = 0
    for verdict, rule in said.values_list("verdict", "rule")[: policy.safeguards.patience]:
        if verdict not in AGAINST or rule != policy.strategy.name:
            break
        bad += 1
    return bad
