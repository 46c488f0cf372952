"""Studies that behave otherwise than similar ones did."""

from pruning.library.neighbours import ranked
from pruning.library.prior import Prior, prior_from
from pruning.library.shift import Shift, shifts
from tests.pruning.library.cards import a_card, a_task, some_measures

FIRM = (0.8, 0.85, 0.9, 0.93, 0.96, 0.99)
USUAL = [a_card(f"study {place}", measures=some_measures(FIRM)) for place in range(4)]


def found(agreement: tuple[float, ...] = FIRM, **measures: float) -> list[Shift]:
    neighbours = ranked(USUAL, a_task())
    own = some_measures(agreement, **measures)  # type: ignore[arg-type]  # a test names figures freely
    return shifts(own, prior_from(neighbours), neighbours, horizon=100, unit="epoch")


def test_a_study_like_the_others_is_not_warned_of() -> None:
    assert found() == []


def test_an_early_order_worth_much_less_than_expected_is_told_with_its_numbers() -> None:
    (shift,) = found((0.0, 0.05, 0.1, 0.15, 0.9, 0.99))

    assert shift.sign == "links"
    assert shift.sentence.startswith("The early order is worth less here than in 4 similar studies: it agrees with the")
    assert "0.10 at epoch 8 (expected 0.88)" in shift.sentence
    assert shift.statistic > 2


def test_one_odd_decision_point_is_no_shift() -> None:
    assert found((0.8, 0.85, 0.1, 0.93, 0.96, 0.99)) == []


def test_two_that_differ_in_opposite_ways_are_none() -> None:
    assert found((0.0, 0.85, 0.9, 0.93, 0.9999, 0.99)) == []


def test_few_pairs_prove_nothing() -> None:
    assert found((0.0, 0.05, 0.1, 0.15, 0.9, 0.99), pairs=6) == []


def test_the_general_profile_belongs_to_no_task_and_is_held_against_nothing() -> None:
    own = some_measures((0.01, 0.01, 0.01, 0.01, 0.02, 0.03))

    assert shifts(own, Prior(), [], horizon=100) == []


def test_many_more_diverging_trials_than_elsewhere_are_told() -> None:
    (shift,) = found(diverged=0.6)

    assert shift.sign == "diverged"
    assert shift.sentence == "60 % of the trials have diverged; in 4 similar studies it was 5 %."


def test_a_share_of_few_trials_is_not_held_against_others() -> None:
    assert found(diverged=0.6, n_trials=10) == []


def test_a_much_noisier_metric_is_told() -> None:
    (shift,) = found(noise=0.5)

    assert shift.sign == "noise"
    assert "0.500 of what separates the best trial from the median" in shift.sentence
