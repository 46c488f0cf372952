"""Calibrated halving that pauses: who waits, and who is resumed first."""

import math

from pruning.calibrated_population import CalibratedPopulation
from pruning.rules.base import Curve, Facts, Kind
from pruning.rules.calibrated_halving import CalibratedHalving
from pruning.rules.resuming import Resuming, Waiting
from tests.pruning.calibrated import HORIZON, LOOKS, arrival, study

PAUSING = CalibratedHalving(action="pause", wait=20)


def test_pausing_waits_until_enough_have_come() -> None:
    verdict = PAUSING.judge(arrival(study(n=12, finished=6), -3.0))

    assert (verdict.kind, verdict.reason) == (Kind.PAUSE, "few_peers")
    assert verdict.sentence().endswith(
        "ranks 1 of 13; nobody goes on before 20 have come this far. Its checkpoint is kept."
    )


def test_outside_the_quota_a_trial_is_paused() -> None:
    assert (PAUSING.judge(arrival(study(), 3.0)).kind, PAUSING.judge(arrival(study(), -3.0)).kind) == (
        Kind.PAUSE,
        Kind.KEEP,
    )


def template(population: CalibratedPopulation) -> Facts:
    return Facts(
        metric="val_loss", maximize=False, step=0, horizon=HORIZON, trial=0, curve=Curve.of([], []), looks=LOOKS,
        peers=population,
    )  # fmt: skip


def waiting(population: CalibratedPopulation, trial: int, step: int = 2, keep: float | None = None) -> Waiting:
    found = population.key_of(trial, step, by="best")
    assert found is not None
    return Waiting(trial=trial, step=step, key=found, keep=keep)


def ranked(population: CalibratedPopulation, step: int) -> list[int]:
    return [trial for _, trial in population.rung(step, by="best").values()]


def test_the_best_within_the_quota_is_resumed_first() -> None:
    population = study()
    order = ranked(population, 2)
    paused = [waiting(population, trial, keep=0.9) for trial in order[3:7]]

    verdict = PAUSING.next_to_resume(template(population), paused, is_closing=False)

    assert verdict is not None
    assert (verdict.kind, verdict.reason, verdict.evidence["trial"]) == (Kind.RESUME, "rank", order[3])
    assert verdict.sentence().startswith("Resumed at step 2: val_loss ")


def test_a_higher_decision_point_comes_first() -> None:
    population = study()
    low, high = ranked(population, 2)[0], ranked(population, 8)[1]
    paused = [waiting(population, low), waiting(population, high, step=8)]

    verdict = PAUSING.next_to_resume(template(population), paused, is_closing=False)

    assert verdict is not None
    assert (verdict.step, verdict.evidence["trial"]) == (8, high)


def test_nobody_outside_the_quota_is_resumed() -> None:
    population = study()
    paused = [waiting(population, ranked(population, 2)[-1])]

    assert PAUSING.next_to_resume(template(population), paused, is_closing=True) is None


def test_a_trial_is_thawed_when_the_quota_has_grown() -> None:
    population = study(agreement=0.3)
    place = int(population.calibration(PAUSING.terms).at(2).keep * 60) - 1
    paused = [waiting(population, ranked(population, 2)[place], keep=0.1)]

    verdict = PAUSING.next_to_resume(template(population), paused, is_closing=False)

    assert verdict is not None
    assert verdict.reason == "recalibrated"
    assert verdict.evidence["keep_before"] == 0.1


def test_decision_points_open_early_when_no_new_trial_comes() -> None:
    population = study(n=12, finished=6)
    paused = [waiting(population, ranked(population, 2)[0])]

    verdict = PAUSING.next_to_resume(template(population), paused, is_closing=True)

    assert PAUSING.next_to_resume(template(population), paused, is_closing=False) is None
    assert verdict is not None
    assert verdict.reason == "slack"


def test_a_trial_that_is_not_a_number_is_never_resumed() -> None:
    population = study()
    paused = [Waiting(trial=59, step=2, key=math.inf)]

    assert PAUSING.next_to_resume(template(population), paused, is_closing=True) is None


def test_the_rule_is_one_that_resumes() -> None:
    assert isinstance(PAUSING, Resuming)
