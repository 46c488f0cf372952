"""The bandit that pauses: who waits, who gets a free worker, and what is drawn for them."""

import math
from dataclasses import replace

import numpy as np
import pytest

from pruning.canonical import encode
from pruning.rules.arms import uniform
from pruning.rules.bandit import Bandit
from pruning.rules.base import Kind, Stream
from tests.pruning.rules.bandits import HORIZON, PAUSING, Study, after, curve


def test_a_trial_is_paused_when_a_paused_one_is_worth_more() -> None:
    verdict = PAUSING.judge(after((curve(1.15), 8), (curve(0.8), 8)).facts(8, 9))

    assert (verdict.kind, verdict.reason) == (Kind.PAUSE, "outplayed")
    assert verdict.evidence["chosen"] == 9
    assert "trial 9's" in verdict.sentence()


def test_a_trial_that_is_worth_most_does_not_pause() -> None:
    verdict = PAUSING.judge(after((curve(0.8), 8), (curve(1.15), 8)).facts(8, 9))

    assert verdict.kind is Kind.KEEP


def test_a_free_worker_goes_to_the_paused_trial_that_is_worth_most() -> None:
    study = after((curve(1.15), 8), (curve(0.8), 8), (curve(0.85), 4))

    verdict = PAUSING.next_to_resume(study.now, study.waiting(8, 9, 10), is_closing=False)

    assert verdict is not None
    assert (verdict.kind, verdict.reason, verdict.evidence["trial"], verdict.step) == (Kind.RESUME, "slack", 9, 8)


def test_a_free_worker_starts_a_new_trial_where_that_is_worth_more() -> None:
    study = after((curve(1.9), 8), (curve(2.2), 8))

    assert PAUSING.next_to_resume(study.now, study.waiting(8, 9), is_closing=False) is None


def test_among_equal_chances_the_one_nearer_its_end_goes_on() -> None:
    study = after((curve(0.7), 4), (curve(0.7), 16))

    verdict = PAUSING.next_to_resume(study.now, study.waiting(8, 9), is_closing=False)

    assert verdict is not None
    assert verdict.evidence["trial"] == 9


def test_the_trial_with_number_nought_counts_among_the_ended() -> None:
    study = after((curve(1.15), 8))

    verdict = PAUSING.next_to_resume(study.now, study.waiting(8), is_closing=True)

    assert verdict is not None
    assert verdict.evidence["cut_trial"] == 0


def test_at_the_close_the_best_finish_whatever_a_new_trial_would_be_worth() -> None:
    study = Study(*[(curve(1.0 + 0.1 * n), 4) for n in range(12)])
    waiting = study.waiting(*range(12))

    went_on: list[int] = []
    while True:
        now = replace(study.now, stream=Stream(begun=12, under_way=frozenset(went_on)))
        verdict = Bandit(action="pause", min_keep=2).next_to_resume(now, waiting, is_closing=True)
        if verdict is None:
            break
        went_on.append(int(str(verdict.evidence["trial"])))
        waiting = [one for one in waiting if one.trial != went_on[-1]]

    assert went_on == list(range(len(went_on)))
    assert 2 <= len(went_on) < 8


def test_what_is_not_a_number_never_goes_on() -> None:
    study = after((np.full(HORIZON, math.nan), 8))

    assert PAUSING.next_to_resume(study.now, study.waiting(8), is_closing=True) is None


# --- Draws


THOMPSON = Bandit(index="thompson", action="pause", seed=5)


def test_draws_are_those_of_the_seed_the_moment_and_the_trial() -> None:
    study = after((curve(1.1), 8), (curve(0.9), 8))

    evidence = THOMPSON.judge(study.facts(8, 9)).evidence

    moment = int(str(evidence["moment"]))
    assert evidence["own"]["draw"] == uniform(5, "end", moment, "8|8")  # type: ignore[index]
    assert evidence["new"]["draw"] == uniform(5, "end", moment, "new")  # type: ignore[index]
    assert evidence["coin"] == uniform(5, "leader", moment)
    assert encode(dict(THOMPSON.judge(study.facts(8, 9)).evidence)) == encode(dict(evidence))


def test_another_seed_draws_otherwise() -> None:
    study = after((curve(1.1), 8))

    first, second = (Bandit(index="thompson", action="pause", seed=seed).judge(study.facts(8)) for seed in (1, 2))

    assert first.evidence["own"]["draw"] != second.evidence["own"]["draw"]  # type: ignore[index]


def test_uniform_numbers_are_spread_evenly() -> None:
    drawn = np.array([uniform(0, "end", moment, "3|8") for moment in range(4000)])

    assert 0 < drawn.min() < drawn.max() < 1
    assert np.histogram(drawn, bins=10, range=(0, 1))[0].tolist() == pytest.approx([400] * 10, abs=80)


def test_the_paused_trial_and_the_free_worker_see_the_same_draws() -> None:
    study = after((curve(1.05), 8), (curve(1.1), 8), (curve(1.0), 4))
    verdict = THOMPSON.judge(study.facts(8, 9, 10))

    after_it = THOMPSON.next_to_resume(study.now, study.waiting(8, 9, 10), is_closing=False)

    chosen = after_it.evidence["trial"] if after_it else None
    assert chosen == verdict.evidence["chosen"]
