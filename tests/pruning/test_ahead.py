"""Ranking by where a trial is heading: its best so far, and three quarters of what its last doubling gained."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from pruning.ahead import REACH, ahead_of
from pruning.calibrated_population import CalibratedPopulation
from pruning.pages import opened
from pruning.pages.moment import peers_at
from pruning.population import Population
from pruning.replay import replay
from pruning.rules.base import WORST, Curve, Facts, Kind, Verdict
from pruning.rules.calibrated_halving import CalibratedHalving
from pruning.rules.resuming import Waiting
from tests.pruning.builders import HORIZON, LOOKS, play
from tests.pruning.rules.test_contract import changed, gist, study
from tests.pruning.studies import a_played_study, events

RULE = CalibratedHalving(by="ahead", min_pairs=0, min_pairs_jump=0, min_members=2, prior_weight=50.0)
PAUSING = replace(RULE, action="pause", wait=2)


def test_a_trial_heads_for_three_quarters_of_its_last_doublings_gain() -> None:
    assert ahead_of(2.0, step=8, before=3.0, before_step=4) == 2.0 - REACH


def test_a_gain_over_more_than_a_doubling_counts_for_less() -> None:
    assert ahead_of(2.0, step=16, before=3.0, before_step=4) == 2.0 - REACH / 2


@pytest.mark.parametrize(("best", "before"), [(WORST, 1.0), (1.0, WORST), (WORST, WORST)])
def test_what_is_not_finite_heads_nowhere(best: float, before: float) -> None:
    assert ahead_of(best, step=8, before=before, before_step=4) == best


def test_a_gain_beyond_all_numbers_is_left_out() -> None:
    assert ahead_of(-1e308, step=8, before=1e308, before_step=4) == -1e308


def told(*points: tuple[int, float], trial: int = 0, horizon: int | None = None) -> Population:
    population = Population(horizon=horizon)
    for step, best in points:
        population.observe(trial, step, value=best, best=best)
    return population


def test_the_gain_is_counted_from_half_the_training_or_the_look_before_it() -> None:
    population = told((2, 8.0), (4, 7.0), (6, 6.0), (8, 5.0))
    assert population.key_of(0, 8, by="ahead") == 5.0 - REACH * (7.0 - 5.0)
    assert population.key_of(0, 6, by="ahead") == 6.0 - REACH * (8.0 - 6.0) / math.log2(3)


def test_without_a_look_so_early_the_best_stands_for_itself() -> None:
    population = told((6, 6.0), (8, 5.0))
    assert population.key_of(0, 6, by="ahead") == 6.0
    assert population.key_of(0, 8, by="ahead") == 5.0


def test_at_the_end_of_training_nothing_lies_ahead() -> None:
    assert told((4, 7.0), (8, 5.0), horizon=8).key_of(0, 8, by="ahead") == 5.0


def test_another_trials_looks_play_no_part() -> None:
    population = told((4, 7.0))
    population.observe(1, 8, value=5.0, best=5.0)
    assert population.key_of(1, 8, by="ahead") == 5.0


def gaining_against_stalled(*, maximize: bool = False) -> tuple[Population, dict[int, Facts]]:
    """Return ten trials that stall at 2.0 to 2.9, and one at 2.2 that came down from 4: it heads for 0.85."""
    sign = -1.0 if maximize else 1.0
    curves = {number: ((4, 3.0), (8, 2.0 + number / 10)) for number in range(10)} | {10: ((4, 4.0), (8, 2.2))}
    population = CalibratedPopulation(looks=LOOKS, horizon=HORIZON)
    for trial, points in curves.items():
        for step, best in points:
            population.observe(trial, step, value=best, best=best)
    facts = {
        trial: Facts(
            metric="val_loss",
            maximize=maximize,
            step=8,
            horizon=HORIZON,
            trial=trial,
            curve=Curve.of([step for step, _ in points], [sign * best for _, best in points]),
            looks=LOOKS,
            peers=population,
        )
        for trial, points in curves.items()
    }
    return population, facts


def judged(facts: Facts) -> Verdict:
    return RULE.judge(facts)


def test_a_trial_that_still_gains_stands_before_better_ones_that_have_stalled() -> None:
    _, facts = gaining_against_stalled()
    assert judged(facts[10]).evidence["rank"] == 1
    assert replace(RULE, by="best").judge(facts[10]).evidence["rank"] == 4


def test_the_verdict_says_where_the_trial_stands_and_where_it_is_heading() -> None:
    _, facts = gaining_against_stalled()
    said = judged(facts[10])
    assert said.evidence["best"] == 2.2
    assert said.evidence["value"] == pytest.approx(0.85)
    assert said.clause.startswith("val_loss 2.2000, heading for 0.8500, ranks 1 of 11; the best ")
    assert said.evidence["cut_best"] == facts[int(str(said.evidence["cut_trial"]))].best


def test_a_maximized_metric_gives_the_mirrored_verdicts() -> None:
    _, lower = gaining_against_stalled()
    _, higher = gaining_against_stalled(maximize=True)
    for trial, facts in lower.items():
        one, other = judged(facts), judged(higher[trial])
        assert (one.kind, one.evidence["rank"]) == (other.kind, other.evidence["rank"])
        assert one.evidence["value"] == -float(str(other.evidence["value"]))


def test_a_paused_trial_goes_on_by_where_it_is_heading() -> None:
    population, facts = gaining_against_stalled()
    waiting = [
        Waiting(trial=trial, step=8, key=population.key_of(trial, 8, by="ahead") or WORST, keep=0.1)
        for trial in (0, 9, 10)
    ]
    resumed = PAUSING.next_to_resume(facts[0], waiting, is_closing=False)
    assert resumed is not None
    assert resumed.kind is Kind.RESUME
    assert (resumed.evidence["trial"], resumed.evidence["best"]) == (10, 2.2)


def test_another_unit_of_the_metric_changes_no_verdict() -> None:
    verdicts = play(RULE, study())
    assert gist(verdicts) == gist(play(RULE, changed(study(), lambda values: 4 * values + 16)))
    assert {verdict.kind for verdict in verdicts} >= {Kind.STOP, Kind.KEEP}


def test_a_value_that_is_not_a_number_ranks_last() -> None:
    curves = study()
    spoiled = np.full(HORIZON, math.nan)
    verdicts = play(RULE, [*curves, Curve.of(range(1, HORIZON + 1), spoiled)])
    last = verdicts[-1]
    assert math.isnan(float(str(last.evidence["value"])))
    assert last.evidence["rank"] == last.evidence["reached"]


LIVE = {
    "looks": [2, 4, 8],
    "strategy": {"rule": "calibrated_halving", "by": "ahead", "min_pairs": 3, "min_pairs_jump": 3, "min_members": 3},
    "safeguards": {"min_peers": 2, "control_every": 0},
}


@pytest.mark.django_db
@pytest.mark.usefixtures("judging")
def test_a_live_study_replays_bit_for_bit_and_its_page_ranks_alike() -> None:
    study = a_played_study([1.0, 1.4, 0.8, 1.2, 3.0, 0.5, 2.0, 1.1, 1.3, 2.5, 0.9, 1.6], policy=LIVE)

    result = replay(study)

    assert result.holds
    assert result.n_near == 0
    cuts = [event for event in events(study) if event.step in {4, 8} and event.evidence.get("by") == "ahead"]
    assert any(event.verdict == "STOP" for event in cuts)
    for event in cuts:
        peers = peers_at(study, event)
        place = [peer.number for peer in peers].index(event.trial_number or 0)
        assert (place + 1, peers[place].value) == (event.evidence["rank"], event.evidence["value"])
        assert event.evidence["value"] < event.evidence["best"]
    stopped = next(event for event in cuts if event.verdict == "STOP" and event.evidence["cut"] is not None)
    page = opened.opened(study, stopped, ("", ""))
    assert [fact.label for fact in page.facts][:2] == ["Heading for", "Cut"]
    assert "".join(run.text for run in page.differ[0]).startswith("val_loss heading for ")
