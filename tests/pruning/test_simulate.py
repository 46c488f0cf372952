import math
import time
from dataclasses import replace

import numpy as np
import pytest

from pruning.looks import Geometric, Looks
from pruning.policy import Policy
from pruning.rules.asha import Asha
from pruning.rules.base import Curve, Kind, Rule
from pruning.rules.calibrated_halving import CalibratedHalving
from pruning.rules.divergence import Divergence
from pruning.safeguards import Safeguards
from pruning.simulate import Costs, Ended, Outcome, Pool, Recording, Run, draw_pool, outcome_of, simulate
from tests.pruning.negative_controls import (
    REPORTS,
    TRIALS,
    diverging,
    independent,
    noise,
    ordered,
    pool,
    reversed_order,
)

DOUBLING = Geometric(first=1, factor=2.0)
SEEDS = range(4)
CALIBRATED, PAUSING = CalibratedHalving(), CalibratedHalving(action="pause")


def policy(strategy: Rule | None, *, looks: Looks = DOUBLING, control_every: int = 0, shadow: bool = False) -> Policy:
    return Policy(
        looks=looks,
        gates=(Divergence(grace=REPORTS),),
        strategy=strategy,
        safeguards=Safeguards(min_peers=0, top_k=0, control_every=control_every),
        shadow=shadow,
    )


ASHA = policy(Asha(eta=3.0), looks=Geometric(first=1, factor=3.0))


def outcomes(make: object, judged_by: Policy) -> list[Outcome]:
    """Return what the policy makes of four studies of one kind."""
    pools = [make(seed) for seed in SEEDS]  # type: ignore[operator]  # a maker of pools
    return [outcome_of(one, simulate(one, judged_by, seed=seed)) for seed, one in enumerate(pools)]


def compute(found: list[Outcome]) -> float:
    return float(np.mean([outcome.compute for outcome in found]))


def lost(found: list[Outcome]) -> int:
    return sum(outcome.lost for outcome in found)


def gist(run: Run) -> list[tuple[object, ...]]:
    return [(one.trial, one.at, one.verdict.kind, one.verdict.step, dict(one.verdict.evidence)) for one in run.verdicts]


# --- Negative controls


@pytest.mark.parametrize("strategy", [CALIBRATED, PAUSING], ids=["stop", "pause"])
def test_where_curves_say_nothing_of_the_end_it_all_but_stops_pruning(strategy: Rule) -> None:
    found = outcomes(independent, policy(strategy, control_every=20))

    assert compute(found) > 0.6
    assert lost(found) <= 2
    assert lost(outcomes(independent, ASHA)) >= 3


@pytest.mark.parametrize("strategy", [CALIBRATED, PAUSING], ids=["stop", "pause"])
def test_where_trials_differ_by_noise_alone_it_all_but_stops_pruning(strategy: Rule) -> None:
    found = outcomes(noise, policy(strategy, control_every=20))

    assert compute(found) > 0.6
    assert lost(found) <= 2
    assert lost(outcomes(noise, ASHA)) == 4


@pytest.mark.parametrize("strategy", [CALIBRATED, PAUSING], ids=["stop", "pause"])
def test_where_curves_never_cross_it_prunes_and_loses_nothing(strategy: Rule) -> None:
    found = outcomes(ordered, policy(strategy))

    assert compute(found) < 0.5
    assert lost(found) == 0


@pytest.mark.parametrize("strategy", [CALIBRATED, PAUSING], ids=["stop", "pause"])
def test_where_all_trials_diverge_all_are_stopped_there(strategy: Rule) -> None:
    found = outcomes(diverging, policy(strategy))

    assert compute(found) == pytest.approx(5 / REPORTS)
    assert {outcome.stopped for outcome in found} == {TRIALS}


def test_where_early_leaders_end_worst_the_links_are_worth_nothing_and_it_stops_pruning() -> None:
    found = outcomes(reversed_order, policy(CALIBRATED, control_every=5))

    assert compute(found) > 0.8
    assert max(outcome.regret for outcome in found) < 0.5
    assert np.mean([outcome.regret for outcome in outcomes(reversed_order, ASHA)]) > 0.7


# --- The simulation itself


def test_training_everything_costs_everything_and_loses_nothing() -> None:
    study = ordered()
    run = simulate(study, policy(None))

    assert outcome_of(study, run) == Outcome(compute=1.0, regret=0.0, lost=False, stopped=0)
    assert {fate.ended for fate in run.fates} == {Ended.COMPLETE}
    assert run.spent == TRIALS * REPORTS


@pytest.mark.parametrize("workers", [1, 4, 16])
def test_more_workers_finish_sooner_for_the_same_compute(workers: int) -> None:
    run = simulate(ordered(), policy(None), workers=workers)

    assert run.spent == TRIALS * REPORTS
    assert run.lasted == math.ceil(TRIALS / workers) * REPORTS


def test_the_same_arguments_give_the_same_run() -> None:
    first, second = (simulate(ordered(), policy(PAUSING, control_every=10), seed=4) for _ in range(2))

    assert gist(first) == gist(second)
    assert first.fates == second.fates


def test_what_was_never_reported_changes_nothing() -> None:
    study = ordered()
    judged_by = policy(CALIBRATED)
    run = simulate(study, judged_by)
    cut = [
        Recording(name=one.name, curve=_spoilt(one.curve, fate.reports), spent=one.spent)
        for one, fate in zip(study.recordings, run.fates, strict=True)
    ]

    again = simulate(Pool(metric="val_loss", maximize=False, horizon=REPORTS, recordings=tuple(cut)), judged_by)

    assert any(fate.reports < REPORTS for fate in run.fates)
    assert gist(again) == gist(run)


def _spoilt(curve: Curve, reports: int) -> Curve:
    values = curve.values.copy()
    values[reports:] = -1e9
    return Curve(steps=curve.steps, values=values)


def test_a_verdict_knows_only_those_who_came_before() -> None:
    run = simulate(ordered(), policy(Asha(), looks=(4,)), workers=1)

    populations = [judged.verdict.evidence["population"] for judged in run.verdicts]
    assert populations == list(range(1, TRIALS + 1))


def test_maximising_the_negated_metric_gives_the_mirrored_run() -> None:
    study = ordered()
    mirrored = pool(-np.array([one.curve.values for one in study.recordings]), maximize=True)

    assert simulate(mirrored, policy(PAUSING)).fates == simulate(study, policy(PAUSING)).fates


def test_the_policy_sees_the_same_steps_as_in_a_study() -> None:
    run = simulate(ordered(), policy(CALIBRATED))

    assert {judged.verdict.step for judged in run.verdicts} == {1, 2, 4, 8, 16}


def test_a_shadow_policy_stops_nothing() -> None:
    run = simulate(ordered(), policy(Asha(), shadow=True))

    assert {fate.ended for fate in run.fates} == {Ended.COMPLETE}
    assert any(judged.verdict.kind is Kind.STOP for judged in run.verdicts)


def test_control_trials_come_to_their_end() -> None:
    run = simulate(ordered(), policy(Asha(), control_every=6))

    spared = {judged.trial for judged in run.verdicts if judged.verdict.reason == "control"}
    assert spared
    assert {run.fates[trial].ended for trial in spared} == {Ended.COMPLETE}


def test_paused_trials_wait_and_the_best_go_on() -> None:
    study = ordered()
    run = simulate(study, policy(PAUSING))
    kinds = [judged.verdict.kind for judged in run.verdicts]
    best = int(np.argmin(study.outcomes))

    assert Kind.PAUSE in kinds
    assert kinds.count(Kind.RESUME) > 20
    assert run.fates[best].ended is Ended.COMPLETE
    assert {fate.ended for fate in run.fates} == {Ended.COMPLETE, Ended.PAUSED}


def test_after_a_pause_only_a_resumption_follows() -> None:
    run = simulate(ordered(), policy(PAUSING))

    last: dict[int, Kind] = {}
    for judged in run.verdicts:
        if last.get(judged.trial) is Kind.PAUSE:
            assert judged.verdict.kind is Kind.RESUME
        last[judged.trial] = judged.verdict.kind
    assert Kind.PAUSE in last.values()


def test_no_report_is_trained_twice() -> None:
    study = ordered()
    run = simulate(study, policy(PAUSING))

    assert run.spent == sum(fate.reports for fate in run.fates)


def test_starting_and_restoring_cost_what_is_said() -> None:
    study, judged_by = ordered(), policy(PAUSING)
    run = simulate(study, judged_by, costs=Costs(start=3.0, restore=0.5))
    resumed = sum(judged.verdict.kind is Kind.RESUME for judged in run.verdicts)

    assert run.spent == sum(fate.reports for fate in run.fates) + 3.0 * TRIALS + 0.5 * resumed


def test_recorded_seconds_are_what_is_spent() -> None:
    slow = Recording.of("slow", [1, 2], [1.0, 1.0], [10.0, 25.0])
    quick = Recording.of("quick", [1, 2], [2.0, 2.0], [1.0, 2.0])
    study = Pool(metric="val_loss", maximize=False, horizon=2, recordings=(slow, quick))

    run = simulate(study, Policy(safeguards=Safeguards(control_every=0)), workers=2)

    assert (run.spent, run.lasted, study.full_cost) == (27.0, 25.0, 27.0)


def test_a_finished_plateau_counts_as_complete() -> None:
    class Enough(Asha):
        def judge(self, facts):  # type: ignore[no-untyped-def]  # a rule for this test alone
            verdict = super().judge(facts)
            return type(verdict)(kind=Kind.FINISH, rule="enough", version=1, step=facts.step, reason="plateaued")

    study = ordered()
    run = simulate(study, policy(Enough(), looks=(16,)))

    assert {fate.ended for fate in run.fates} == {Ended.COMPLETE}
    assert outcome_of(study, run).compute == 0.5


# --- Outcomes, pools and orders


def three(*values: float) -> Pool:
    """Return a pool of trials with one report each."""
    return pool(np.array(values)[:, None])


def test_regret_is_measured_between_the_best_and_the_median() -> None:
    study = three(1.0, 2.0, 3.0, 5.0, 9.0)  # median 3
    stopped = simulate(study, policy(None))
    fates = tuple(
        type(fate)(ended=Ended.COMPLETE if place == 1 else Ended.PRUNED, reports=1, best=fate.best)
        for place, fate in enumerate(stopped.fates)
    )

    found = outcome_of(study, Run(fates=fates, verdicts=(), spent=2.0, lasted=1.0))

    assert found == Outcome(compute=0.4, regret=0.5, lost=True, stopped=4)
    assert found.is_material


def test_a_tie_with_the_winner_loses_nothing() -> None:
    study = three(1.0, 1.0, 3.0)
    fates = simulate(study, policy(None)).fates
    run = Run(fates=fates[1:], verdicts=(), spent=2.0, lasted=1.0)

    assert not outcome_of(study, run).lost


def test_a_study_that_ends_with_nothing_has_regret_one() -> None:
    study = three(1.0, 2.0, 3.0)
    fate = type(simulate(study, policy(None)).fates[0])(ended=Ended.PRUNED, reports=1, best=math.inf)

    assert outcome_of(study, Run(fates=(fate,), verdicts=(), spent=1.0, lasted=1.0)).regret == 1.0


def test_every_policy_meets_the_same_trials_in_the_same_order() -> None:
    assert draw_pool(name="task", size=300, order=3) == draw_pool(name="task", size=300, order=3)
    assert draw_pool(name="task", size=300, order=3) != draw_pool(name="task", size=300, order=4)
    assert draw_pool(name="task", size=300, order=3) != draw_pool(name="other", size=300, order=3)


@pytest.mark.parametrize(("size", "drawn"), [(1, 1), (10, 8), (50, 40), (125, 100), (1000, 100)])
def test_a_pool_is_at_most_a_hundred_or_four_fifths(size: int, drawn: int) -> None:
    places = draw_pool(name="task", size=size, order=0)

    assert len(places) == len(set(places)) == drawn
    assert max(places) < size


@pytest.mark.parametrize(
    ("steps", "spent", "message"),
    [
        ([], [], "a: the curve has no report"),
        ([1, 2], [1.0], "a: 1 costs but 2 reports"),
        ([1, 2], [2.0, 1.0], "a: costs must be finite and never fall"),
        ([1, 2], [1.0, math.inf], "a: costs must be finite and never fall"),
    ],
)
def test_a_wrong_recording_is_refused(steps: list[int], spent: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Recording.of("a", steps, [0.0] * len(steps), spent)


def test_an_empty_pool_and_no_workers_are_refused() -> None:
    with pytest.raises(ValueError, match="holds no recordings"):
        Pool(metric="m", maximize=False, horizon=4, recordings=())
    with pytest.raises(ValueError, match="workers: 0 is below 1"):
        simulate(ordered(), policy(None), workers=0)


def test_one_order_of_a_hundred_trials_takes_less_than_two_seconds_of_compute() -> None:
    study = ordered(trials=100)
    began = time.process_time()

    simulate(study, policy(PAUSING, control_every=20))

    assert time.process_time() - began < 2


def test_a_trial_that_ends_before_the_planned_length_counts_as_complete_with_its_last_value() -> None:
    early = replace(ordered(0), horizon=REPORTS + 8)
    found = outcome_of(early, simulate(early, policy(CALIBRATED)))

    assert found.compute < 0.5
    assert not found.lost
