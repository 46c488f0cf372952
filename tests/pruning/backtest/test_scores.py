"""Means, cluster bootstrap and paired differences, on cells whose sums are known."""

import numpy as np
import pytest

from pruning.backtest import Scores
from pruning.backtest.scores import Estimate
from tests.pruning.backtest.cells import a_cell


def nearly(at_least: float, at_most: float, low: float | None, high: float | None) -> object:
    return pytest.approx((at_least, at_most, low, high))


def parts(one: Estimate) -> tuple[object, ...]:
    return (one.at_least, one.at_most, one.low, one.high)


def scores(regrets: dict[tuple[str, str, str], list[float]]) -> Scores:
    """Return scores of regrets by (policy, family, task), one for every order."""
    cells = [
        a_cell(policy, task, order, regret, family=family)
        for (policy, family, task), found in regrets.items()
        for order, regret in enumerate(found)
    ]
    return Scores(cells, list(dict.fromkeys(policy for policy, _, _ in regrets)))


def test_the_total_is_the_mean_over_families_of_means_over_studies_of_means_over_orders() -> None:
    total = scores(
        {("a", "f", "one"): [0.0, 0.2], ("a", "f", "two"): [0.3, 0.3], ("a", "g", "three"): [0.6, 0.6]}
    ).total()

    assert total is not None
    assert total.estimate("a", "regret").mean == pytest.approx(((0.1 + 0.3) / 2 + 0.6) / 2)
    assert total.estimate("a", "lost").mean == pytest.approx(((0.5 + 1.0) / 2 + 1.0) / 2)
    assert total.studies == 3


def test_whole_studies_are_drawn_whatever_their_orders_say() -> None:
    """Two studies, 0 and 1: a resample's mean is 0, 0.5 or 1, with chances 1/4, 1/2, 1/4."""
    family = scores({("a", "f", "one"): [0.0] * 50, ("a", "f", "two"): [1.0] * 50}).family("f")

    assert family.draws is not None
    drawn = family.draws[:, 0, 0, 1]
    shares = [float(np.mean(drawn == value)) for value in (0.0, 0.5, 1.0)]
    assert shares == pytest.approx([0.25, 0.5, 0.25], abs=0.03)
    assert family.estimate("a", "regret") == Estimate(at_least=0.5, at_most=0.5, low=0.0, high=1.0)
    assert family.over == "2 studies"


def test_studies_that_agree_leave_no_doubt_though_their_orders_differ() -> None:
    family = scores({("a", "f", "one"): [0.0, 0.4], ("a", "f", "two"): [0.4, 0.0]}).family("f")

    assert family.estimate("a", "regret") == Estimate(at_least=0.2, at_most=0.2, low=0.2, high=0.2)


def test_of_one_study_the_orders_are_drawn_and_it_says_so() -> None:
    found = scores({("a", "f", "one"): [0.0, 1.0]})

    assert found.study("one").over == found.family("f").over == "2 orders of one study"
    assert found.study("one").estimate("a", "regret") == Estimate(at_least=0.5, at_most=0.5, low=0.0, high=1.0)


def test_one_order_of_one_study_has_no_interval() -> None:
    one = scores({("a", "f", "one"): [0.25]}).study("one")

    assert one.estimate("a", "regret") == Estimate(at_least=0.25, at_most=0.25, low=None, high=None)
    assert one.over == "nothing: one order of one study"


@pytest.mark.parametrize(
    ("families", "over"),
    [
        ({"f": 2}, "2 studies"),
        ({"f": 2, "g": 3}, "studies, within 2 families"),
        ({"f": 2, "g": 1}, "studies, within 2 families; orders in those with one study (1)"),
        ({"f": 1, "g": 1}, "orders, in 2 families of one study each"),
    ],
)
def test_the_total_says_what_was_drawn(families: dict[str, int], over: str) -> None:
    total = scores(
        {("a", family, f"{family}{n}"): [0.1, 0.2] for family, studies in families.items() for n in range(studies)}
    ).total()

    assert total is not None
    assert total.over == over


def test_differences_are_paired_by_study() -> None:
    """Both policies differ widely between studies, and by 0.1 in every one."""
    total = scores(
        {
            ("a", "f", "one"): [0.0, 0.0],
            ("a", "f", "two"): [0.8, 0.8],
            ("b", "f", "one"): [0.1, 0.1],
            ("b", "f", "two"): [0.9, 0.9],
        }
    ).total()

    assert total is not None
    assert parts(total.difference("b", "a", "regret")) == nearly(0.1, 0.1, 0.1, 0.1)
    assert total.difference("a", "a", "regret") == Estimate(at_least=0.0, at_most=0.0, low=0.0, high=0.0)
    high = total.estimate("a", "regret").high
    assert high is not None
    assert high == pytest.approx(0.8)


def test_the_draws_depend_on_nothing_but_the_names() -> None:
    regrets = {("a", "f", f"{n}"): [n / 10, n / 20] for n in range(5)}
    backwards = dict(reversed(regrets.items()))

    first, again = scores(regrets).total(), scores(backwards).total()

    assert first is not None
    assert again is not None
    assert first.estimate("a", "regret") == again.estimate("a", "regret")


def test_bounds_stay_bounds_and_the_interval_spans_both() -> None:
    cells = [a_cell("a", "one", order, 0.1, worst=0.4) for order in range(3)]
    cells += [a_cell("b", "one", order, 0.2) for order in range(3)]
    study = Scores(cells, ["a", "b"]).study("one")

    assert study.estimate("a", "regret").mean is None
    assert parts(study.estimate("a", "regret")) == nearly(0.1, 0.4, 0.1, 0.4)
    assert parts(study.difference("b", "a", "regret")) == nearly(-0.2, 0.1, -0.2, 0.1)
    assert study.gone_on == (2.0, 0.0)


def test_families_and_total_count_the_studies_that_every_policy_played() -> None:
    found = scores({("a", "f", "one"): [0.0], ("a", "f", "two"): [1.0], ("b", "f", "one"): [0.5]})

    total = found.total()
    assert total is not None
    assert (total.studies, total.estimate("a", "regret").mean) == (1, 0.0)
    assert found.study("two").policies == ("a",)


def test_policies_that_share_no_study_have_no_total() -> None:
    assert scores({("a", "f", "one"): [0.0], ("b", "f", "two"): [0.5]}).total() is None
