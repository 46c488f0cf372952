"""Simulated studies under policies that race, watch the costs or keep unlike trials."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pruning.policy import Policy
from pruning.rules.asha import Asha
from pruning.rules.base import Curve, Kind
from pruning.rules.percentile import Percentile
from pruning.rules.racing import Racing
from pruning.rules.resources import Resources
from pruning.safeguards import Safeguards
from pruning.simulate import Ended, Pool, Recording, Run, simulate

STEPS = range(1, 9)
FLOORS = (1.0, 3.0, 0.5, 1.5, 2.0, 1.2)


def recording(number: int, floor: float, *, seconds: float = 1.0) -> Recording:
    """Return a falling curve with ten folds around it, at its own place."""
    values = floor + 1 / np.arange(1, 9)
    made = Recording.of(str(number), STEPS, values, spent=[seconds * step for step in STEPS])
    folds = {str(fold): Curve.of(STEPS, values + 0.01 * fold) for fold in range(10)}
    return replace(made, instances={"fold": folds}, place=(number / 10,))


def pool(recordings: list[Recording]) -> Pool:
    return Pool(metric="val_loss", maximize=False, horizon=8, recordings=tuple(recordings))


def run(policy: Policy, recordings: list[Recording] | None = None) -> Run:
    """Return how one worker fares, one trial after the other."""
    made = recordings or [recording(number, floor) for number, floor in enumerate(FLOORS)]
    return simulate(pool(made), policy, workers=1)


FREE = Safeguards(min_peers=0, top_k=0, control_every=0)


def test_trials_race_against_the_best_that_has_completed() -> None:
    raced = run(Policy(looks=(2, 4), strategy=Racing(alpha=0.1), safeguards=FREE))

    assert [fate.ended for fate in raced.fates] == [Ended.COMPLETE, Ended.PRUNED, Ended.COMPLETE, *[Ended.PRUNED] * 3]
    rivals = {one.trial: one.verdict.evidence["rival"] for one in raced.verdicts}
    assert rivals == {0: None, 1: 0, 2: 0, 3: 2, 4: 2, 5: 2}


def test_without_recorded_folds_nobody_races() -> None:
    bare = [replace(recording(number, floor), instances={}) for number, floor in enumerate(FLOORS)]

    raced = run(Policy(looks=(2, 4), strategy=Racing(), safeguards=FREE), bare)

    assert {one.verdict.kind for one in raced.verdicts} == {Kind.ABSTAIN}


def test_a_recording_that_cost_far_more_is_noticed() -> None:
    costly = [recording(number, 1.0, seconds=10.0 if number == 4 else 1.0) for number in range(6)]
    watching = Policy(looks=(2, 4), gates=(Resources(min_peers=2),), strategy=Percentile(keep=99), safeguards=FREE)

    noticed = [one for one in run(watching, costly).verdicts if one.verdict.rule == "resources"]

    assert [(one.trial, one.verdict.step, one.verdict.evidence["usual"]) for one in noticed] == [(4, 4, 1.0)]


def test_an_unlike_trial_is_spared_where_places_are_recorded() -> None:
    keeping = Policy(looks=(2,), strategy=Asha(eta=2.0), safeguards=replace(FREE, diversity=0.25))
    made = [recording(number, 1.0 + number / 10) for number in range(5)]
    far = [*made, replace(recording(5, 1.25), place=(0.9,))]
    unknown = [*made, replace(recording(5, 1.25), place=None)]

    assert run(keeping, far).verdicts[-1].verdict.reason == "diversity"
    assert run(keeping, unknown).verdicts[-1].verdict.kind is Kind.STOP
