"""Racing: which pairs are compared, what each test answers, and when there is no race."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pruning.canonical import decode, encode
from pruning.rules.base import Curve, Facts, Kind, SettingError
from pruning.rules.racing import Racing
from pruning.rules.surroundings import Rival
from tests.pruning.builders import at_look

Told = Mapping[str, Sequence[tuple[int, float]]]


def curves(told: Told) -> dict[str, Curve]:
    """Return curves from (step, value) by fold."""
    return {name: Curve.of(*zip(*points, strict=True)) for name, points in told.items()}


def folds(values: Sequence[float], *, step: int = 2) -> dict[str, list[tuple[int, float]]]:
    """Return one value per fold, all told at one step."""
    return {str(fold): [(step, value)] for fold, value in enumerate(values)}


def racing_facts(own: Told, rival: Told | None, *, step: int = 2, **more: Any) -> Facts:
    """Return facts at a decision point with these instances, against trial 7."""
    against = None if rival is None else Rival(trial=7, instances=curves(rival))
    return at_look(1.0, [1.0, 2.0], step=step, instances=curves(own), rival=against, **more)


WORSE, EVEN = [1.1, 1.3, 1.2, 1.5, 1.4, 1.6, 1.25, 1.35, 1.45, 1.15], [1.0] * 10
EVERY_TEST = ["e_process", "wilcoxon", "t"]


@pytest.mark.parametrize("test", EVERY_TEST)
def test_a_trial_worse_on_every_fold_is_outraced(test: str) -> None:
    verdict = Racing(test=test, alpha=0.1).judge(racing_facts(folds(WORSE), folds(EVEN)))

    assert (verdict.kind, verdict.reason, verdict.motive) == (Kind.STOP, "outraced", "speed")
    assert verdict.evidence["worse_on"] == verdict.evidence["pairs"] == 10


@pytest.mark.parametrize("test", EVERY_TEST)
def test_a_trial_that_is_better_or_equal_goes_on(test: str) -> None:
    better = Racing(test=test).judge(racing_facts(folds(EVEN), folds(WORSE)))
    equal = Racing(test=test).judge(racing_facts(folds(EVEN), folds(EVEN)))

    assert better.kind is equal.kind is Kind.KEEP


@pytest.mark.parametrize("test", EVERY_TEST)
def test_maximising_mirrors_the_race(test: str) -> None:
    plain = Racing(test=test).judge(racing_facts(folds(WORSE), folds(EVEN)))
    own, rival = folds([-value for value in WORSE]), folds([-value for value in EVEN])

    mirrored = Racing(test=test).judge(racing_facts(own, rival, maximize=True))

    assert mirrored.kind is plain.kind
    assert mirrored.evidence["statistic"] == plain.evidence["statistic"]
    assert mirrored.evidence["value"] == -float(str(plain.evidence["value"]))


def test_the_sentence_says_who_on_how_many_folds_and_what_was_asked() -> None:
    facts = racing_facts(folds(WORSE), folds(EVEN))

    by_bets = Racing(alpha=0.1).judge(facts).sentence()
    by_ranks = Racing(test="wilcoxon", alpha=0.1).judge(facts).sentence()

    head = "Stopped at step 2: val_loss 1.3300 against 1.0000 of trial 7, worse on 10 of 10 folds; "
    assert by_bets == head + "a fair bet that it is worse has grown to 91.0 times its stake (18.3 asked)."
    assert by_ranks == head + "p 9.766e-4 that an equal does so by chance (at most 0.0333 asked)."


def test_each_pair_is_taken_at_an_equal_amount_of_training() -> None:
    own = {"0": [(1, 5.0), (2, 3.0)], "1": [(1, 4.0)]}
    rival = {"0": [(1, 5.5), (2, 3.5), (4, 1.0)], "1": [(1, 4.5), (2, 2.0), (4, 1.0)]}

    verdict = Racing(min_pairs=2).judge(racing_facts(own, rival))

    assert verdict.evidence["compared"] == {"0": [2, 3.0, 2, 3.5], "1": [1, 4.0, 1, 4.5]}


def test_a_rival_that_told_at_other_steps_is_met_where_it_was_not_ahead() -> None:
    verdict = Racing(min_pairs=2).judge(
        racing_facts({"0": [(4, 3.0)], "1": [(4, 3.0)]}, {"0": [(3, 3.5), (5, 1.0)], "1": [(5, 1.0)]}, step=4)
    )

    assert verdict.evidence["compared"] == {"0": [4, 3.0, 3, 3.5]}
    assert verdict.evidence["missing"] == ["1"]


def test_a_mean_over_two_folds_never_meets_a_mean_over_five() -> None:
    hard, easy = [9.0, 9.0], [1.0, 1.0, 1.0]

    verdict = Racing(min_pairs=2).judge(racing_facts(folds(hard), folds([*hard, *easy])))

    assert (verdict.evidence["value"], verdict.evidence["rival_value"]) == (9.0, 9.0)
    assert verdict.evidence["missing"] == ["2", "3", "4"]


@pytest.mark.parametrize("test", EVERY_TEST)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_one_fold_without_a_number_is_worst_and_does_not_end_the_race(test: str, value: float) -> None:
    broken = Racing(test=test, alpha=0.1).judge(racing_facts(folds([value, *WORSE[1:]]), folds(EVEN)))
    of_the_rival = Racing(test=test, alpha=0.1).judge(racing_facts(folds(WORSE), folds([value, *EVEN[1:]])))

    assert broken.kind is Kind.STOP
    assert broken.evidence["worse_on"] == 10
    assert of_the_rival.evidence["worse_on"] == 9


def test_values_that_are_no_numbers_everywhere_are_outraced() -> None:
    assert Racing(alpha=0.1).judge(racing_facts(folds([math.nan] * 10), folds(EVEN))).kind is Kind.STOP


NO_RACE = [
    ("no rival", folds(WORSE), None, "no trial has completed yet that it could race against"),
    ("no folds", {}, folds(EVEN), "it has told val_loss for no single fold"),
    ("few in common", folds(WORSE[:3]), folds(EVEN), "it has only 3 of the 5 folds asked for in common with trial 7"),
    (
        "none in common",
        folds(WORSE),
        {"a": [(2, 1.0)]},
        "it has only 0 of the 5 folds asked for in common with trial 7",
    ),
]


@pytest.mark.parametrize(("own", "rival", "clause"), [row[1:] for row in NO_RACE], ids=[row[0] for row in NO_RACE])
def test_without_a_race_there_is_no_verdict(own: Told, rival: Told | None, clause: str) -> None:
    verdict = Racing().judge(racing_facts(own, rival))

    assert (verdict.kind, verdict.reason, verdict.clause) == (Kind.ABSTAIN, "few_peers", clause)


def test_folds_trained_side_by_side_are_asked_more_at_each_further_look() -> None:
    own = {str(fold): [(step, value + 1) for step, value in ((2, 3.0), (4, 2.0), (8, 1.0))] for fold in range(10)}
    rival = {str(fold): [(step, value) for step, value in ((2, 3.0), (4, 2.0), (8, 1.0))] for fold in range(10)}

    asked = [Racing().judge(racing_facts(own, rival, step=step)).evidence["asked"] for step in (2, 4, 8)]

    assert asked == pytest.approx([1, 2, 3] * np.array(20 * (1 + 1 / 2 + 1 / 3)))


@pytest.mark.parametrize("test", ["wilcoxon", "t"])
def test_the_other_tests_divide_the_level_by_the_number_of_looks(test: str) -> None:
    verdict = Racing(test=test, alpha=0.06).judge(racing_facts(folds(WORSE), folds(EVEN)))

    assert verdict.evidence["looks"] == 3
    assert verdict.evidence["asked"] == pytest.approx(0.02)


def test_t_takes_the_share_of_test_rows_from_the_number_of_folds() -> None:
    told = racing_facts(folds(WORSE[:5]), folds(EVEN[:5]))

    assert Racing(test="t").judge(told).evidence["test_share"] == 0.25
    assert Racing(test="t", test_share=0.5).judge(told).evidence["test_share"] == 0.5


@pytest.mark.parametrize("test", EVERY_TEST)
def test_identical_configurations_are_stopped_no_more_often_than_asked(test: str) -> None:
    """Twenty folds, one more at each of twenty looks; an uncorrected test stops 27 % of such pairs."""
    alpha, runs, n = 0.1, 60, 20
    stopped = 0
    for seed in range(runs):
        random = np.random.default_rng(seed)
        difficulty = random.gamma(2.0, 0.5, n)
        own, rival = (
            {str(fold): [(fold + 1, value)] for fold, value in enumerate(difficulty + random.normal(0, 0.1, n))}
            for _ in range(2)
        )
        facts = racing_facts(own, rival, looks=tuple(range(1, n + 1)))
        rule = Racing(test=test, alpha=alpha)
        seen = (
            replace(facts, step=step, instances={k: c for k, c in facts.instances.items() if c.steps[0] <= step})
            for step in range(5, n + 1)
        )
        stopped += any(rule.judge(one).kind is Kind.STOP for one in seen)

    assert stopped <= alpha * runs


def test_the_order_in_which_folds_are_named_changes_nothing() -> None:
    facts = racing_facts(folds(WORSE), folds(EVEN))
    turned = replace(facts, instances=dict(reversed(list(facts.instances.items()))))

    assert encode(dict(Racing().judge(turned).evidence)) == encode(dict(Racing().judge(facts).evidence))


@pytest.mark.parametrize("test", EVERY_TEST)
def test_the_sentence_comes_from_the_stored_evidence(test: str) -> None:
    for own in (WORSE, EVEN, WORSE[:2], [math.nan, *WORSE[1:]]):
        verdict = Racing(test=test).judge(racing_facts(folds(own), folds(EVEN)))

        assert Racing.clause(decode(encode(dict(verdict.evidence)))) == verdict.clause


REFUSED = [
    ({"label": ""}, "label: '' is empty"),
    ({"test": "friedman"}, "test: 'friedman' is not one of e_process, wilcoxon, t"),
    ({"alpha": 0.0}, "alpha: 0.0 is not between 0 and 0.5"),
    ({"alpha": 0.5}, "alpha: 0.5 is not between 0 and 0.5"),
    ({"min_pairs": 1}, "min_pairs: 1 is below 2"),
    ({"test_share": 0.0}, "test_share: 0.0 is not a positive number"),
]


@pytest.mark.parametrize(("settings", "message"), REFUSED)
def test_nonsense_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        Racing(**settings)
