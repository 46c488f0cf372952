import math

import pytest

from pruning.looks import Geometric
from pruning.rules.asha import Asha
from pruning.rules.base import Kind, SettingError
from pruning.rules.resuming import Waiting
from tests.pruning.builders import at_look

TWELVE = [float(place) for place in range(1, 13)]


def test_the_best_third_goes_on_at_the_first_rung() -> None:
    kept = Asha(eta=3).judge(at_look(4.5, TWELVE[:-1]))  # twelve in all: four go on, this one is fifth
    better = Asha(eta=3).judge(at_look(3.5, TWELVE[:-1]))

    assert kept.kind is Kind.STOP
    assert kept.sentence() == ("Stopped at step 2: val_loss 4.5000 ranks 5 of 12; the best 4 go on (cut 4.0000).")
    assert better.kind is Kind.KEEP


def test_trials_eliminated_below_count_as_worse_and_widen_the_population() -> None:
    verdict = Asha(eta=2).judge(at_look(2.5, [1.0, 2.0, 3.0], eliminated=12, step=4))

    assert verdict.evidence["population"] == 16
    assert verdict.evidence["quota"] == 4  # a quarter at the second rung
    assert verdict.kind is Kind.KEEP


def test_no_cut_is_named_while_everyone_here_goes_on() -> None:
    verdict = Asha(eta=2).judge(at_look(5.0, [1.0], eliminated=6))

    assert verdict.evidence["cut"] is None
    assert verdict.sentence() == "Kept at step 2: val_loss 5.0000 ranks 2 of 8; the best 4 go on."


def test_the_cut_names_its_owner() -> None:
    verdict = Asha(eta=3).judge(at_look(9.0, [2.0, 1.0, 3.0]))

    assert (verdict.evidence["cut"], verdict.evidence["cut_trial"]) == (1.0, 1)


def test_maximising_shows_values_as_told() -> None:
    verdict = Asha(eta=3).judge(at_look(0.5, [0.9, 0.8, 0.7, 0.6, 0.4], maximize=True))

    assert verdict.sentence() == "Stopped at step 2: val_loss 0.5000 ranks 5 of 6; the best 2 go on (cut 0.8000)."


def test_a_value_that_is_not_a_number_ranks_last() -> None:
    verdict = Asha(eta=2).judge(at_look(math.nan, [3.0, 1.0, 2.0]))

    assert verdict.evidence["rank"] == 4
    assert "val_loss nan ranks 4 of 4" in verdict.sentence()


@pytest.mark.parametrize("eta", range(2, 11))
def test_quotas_are_exact_integer_arithmetic(eta: int) -> None:
    rule = Asha(eta=float(eta))

    for look in range(6):
        for population in (1, eta**look, eta ** (look + 1) - 1, eta ** (look + 1), 999_999, 10**6):
            assert rule.quota(population, look) == max(1, population // eta ** (look + 1))


@pytest.mark.parametrize("eta", range(2, 11))
def test_rungs_are_exact_integer_arithmetic(eta: int) -> None:
    # 243 with eta 3 has rungs 1, 3, 9, 27, 81; floor(log(243)/log(3)) loses one.
    for horizon in (eta**5, eta**5 + 1, 10**6):
        steps = Geometric(first=1, factor=float(eta)).steps(horizon)

        assert steps == [eta**k for k in range(len(steps))]
        assert eta ** len(steps) >= horizon > steps[-1]


@pytest.mark.parametrize("eta", [1.0, 0.5, -3.0, math.nan])
def test_an_eta_of_one_or_less_is_refused(eta: float) -> None:
    with pytest.raises(SettingError, match="is not above 1"):
        Asha(eta=eta)


def waiting(trial: int, key: float, step: int = 2) -> Waiting:
    return Waiting(trial=trial, step=step, key=key)


def test_pausing_keeps_who_is_within_the_quota_and_pauses_the_others() -> None:
    rule = Asha(eta=3, action="pause")

    assert rule.judge(at_look(3.5, TWELVE[:-1])).kind is Kind.KEEP
    paused = rule.judge(at_look(4.5, TWELVE[:-1]))
    assert paused.kind is Kind.PAUSE
    assert paused.sentence().endswith("the best 4 go on (cut 4.0000). Its checkpoint is kept.")


def test_a_paused_trial_goes_on_once_its_rank_is_within_the_quota() -> None:
    rule = Asha(eta=3, action="pause")
    facts = at_look(50.0, TWELVE)  # thirteen in all: four go on, trials 0 to 3

    verdict = rule.next_to_resume(facts, [waiting(5, 6.0), waiting(3, 4.0), waiting(2, 3.0)], is_closing=False)

    assert verdict is not None
    assert (verdict.kind, verdict.reason, verdict.evidence["trial"]) == (Kind.RESUME, "rank", 2)
    assert verdict.sentence() == "Resumed at step 2: val_loss 3.0000 ranks 3 of 13; the best 4 go on (cut 4.0000)."
    assert rule.next_to_resume(facts, [waiting(5, 6.0)], is_closing=True) is None


def test_the_highest_rung_is_resumed_first() -> None:
    facts = at_look(50.0, TWELVE)
    for trial in (7, 8, 9):
        facts.peers.observe(trial, 4, value=float(trial), best=float(trial))  # type: ignore[union-attr]

    verdict = Asha(eta=2, action="pause").next_to_resume(facts, [waiting(0, 1.0), waiting(7, 7.0, 4)], is_closing=False)

    assert verdict is not None
    assert (verdict.step, verdict.evidence["trial"]) == (4, 7)


def test_a_paused_value_that_is_not_a_number_never_goes_on() -> None:
    facts = at_look(50.0, [1.0])

    assert Asha(eta=2, action="pause").next_to_resume(facts, [waiting(1, math.inf)], is_closing=True) is None


def test_an_unknown_action_is_refused() -> None:
    with pytest.raises(SettingError, match="action: 'kill' is not one of stop, pause"):
        Asha(action="kill")
