"""Recordings that break off, continued as the control arm's complete curves went on."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from pruning.backtest import Cell, Scores, Task, WorkFile, play
from pruning.backtest.censored import censor
from pruning.backtest.continued import continued, members
from pruning.backtest.named import NAMED
from pruning.simulate import Pool, Recording
from tests.pruning.backtest.cells import a_cell, figures

STEPS = (1, 2, 3, 4)


def a_pool(*curves: Sequence[float], control: Sequence[int] = (), maximize: bool = False) -> Pool:
    """Return curves of a study four steps long; those that are shorter break off. control: members of its arm."""
    recordings = tuple(
        replace(Recording.of(str(place), STEPS[: len(values)], values), is_control=place in control)
        for place, values in enumerate(curves)
    )
    pool = Pool(metric="val_loss", maximize=maximize, horizon=4, recordings=recordings)
    return censor(pool, [place for place, values in enumerate(curves) if len(values) < len(STEPS)])


GOOD, FAIR, POOR = (2.0, 1.5, 1.0, 0.5), (3.0, 2.8, 2.7, 2.6), (4.0, 4.0, 3.9, 3.9)


def test_what_breaks_off_gains_what_members_that_stood_near_it_gained() -> None:
    pool = a_pool(GOOD, GOOD, GOOD, POOR, POOR, POOR, (4.1, 4.1), control=range(6))
    found = continued(pool, order=0)

    assert found is not None
    went_on = found.recordings[6]
    assert went_on.curve.steps.tolist() == [1, 2, 3, 4]
    assert went_on.curve.values.tolist() == pytest.approx([4.1, 4.1, 4.0, 4.0])
    assert not went_on.is_censored
    assert went_on.spent.tolist() == [1, 2, 3, 4]


def test_more_is_better_where_the_study_says_so() -> None:
    rising = [[-value for value in curve] for curve in (POOR, POOR, POOR)]
    found = continued(a_pool(*rising, (-4.1, -4.1), control=range(3), maximize=True), order=0)

    assert found is not None
    assert found.recordings[3].curve.values.tolist() == pytest.approx([-4.1, -4.1, -4.0, -4.0])


def test_curves_that_come_to_their_end_stay_as_they_are() -> None:
    pool = a_pool(GOOD, FAIR, POOR, (3.5,), control=range(3))
    found = continued(pool, order=0)

    assert found is not None
    assert found.recordings[:3] == pool.recordings[:3]


def test_with_fewer_than_three_members_nothing_is_estimated() -> None:
    pool = a_pool(GOOD, FAIR, POOR, (3.5,), control=[0, 1, 3])

    assert members(pool) == [0, 1]
    assert continued(pool, order=0) is None


def test_survivors_of_the_rules_do_not_speak_for_those_that_were_stopped() -> None:
    assert continued(a_pool(GOOD, GOOD, GOOD, POOR, (3.5,), control=()), order=0) is None


def test_one_that_diverged_for_good_stays_as_it_is() -> None:
    found = continued(a_pool(GOOD, FAIR, POOR, (3.5, float("nan")), control=range(3)), order=0)

    assert found is not None
    assert len(found.recordings[3].curve) == 2
    assert not found.recordings[3].is_censored


def test_another_order_draws_other_members_and_the_same_order_the_same() -> None:
    pool = a_pool(GOOD, FAIR, POOR, (3.5, 3.4), control=range(3))
    ends = [found.recordings[3].curve.values[-1] for order in range(20) if (found := continued(pool, order=order))]
    again = continued(pool, order=0)

    assert len(set(ends)) > 1
    assert again is not None
    assert again.recordings[3].curve.values[-1] == ends[0]


def test_a_backtest_tells_an_estimate_beside_its_bounds_and_what_it_rests_on() -> None:
    random = np.random.default_rng(0)
    whole = [3 + end + np.array([0.6, 0.4, 0.2, 0.0]) for end in random.normal(size=30)]
    cut = [curve if place % 3 == 0 else curve[:2] for place, curve in enumerate(whole)]
    task = Task(family="lab", name="pruned", pool=a_pool(*cut, control=range(0, 30, 3)))
    with WorkFile(None) as work:
        cells = list(play(task, {"full": NAMED["full"](task.pool)}, orders=6, workers=4, work=work))
    one = Scores(cells, ["full"]).study("pruned").estimate("full", "compute")

    assert task.control == 10
    assert all(cell.control == 10 for cell in cells)
    assert one.at_least < 1 <= one.at_most
    assert one.value == pytest.approx(1.0)
    assert one.mean is None


def test_an_estimate_survives_its_line_in_a_work_file() -> None:
    task = Task(family="lab", name="pruned", pool=a_pool(GOOD, FAIR, POOR, (3.5,), (3.1, 3.0), control=range(3)))
    with WorkFile(None) as work:
        cells = list(play(task, {"full": NAMED["full"](task.pool)}, orders=4, workers=2, work=work))

    assert any(cell.expected is not None for cell in cells)
    assert [type(cell).from_mapping(cell.to_mapping()) for cell in cells] == cells


def a_cell_of(task: str, order: int, regret: float, *, expected: float | None) -> Cell:
    """Return a cell whose bounds lie apart; without an estimate where there is none."""
    guess = None if expected is None else figures(expected)
    cell = a_cell("x", task, order, regret, worst=2.0)
    return replace(cell, expected=guess, control=0 if guess is None else 5)


def test_a_study_that_cannot_be_judged_does_not_keep_the_others_from_being_estimated() -> None:
    judged = [a_cell_of(task, order, 0.0, expected=0.1) for task in "ab" for order in range(4)]
    thin = [a_cell_of("thin", order, 0.0, expected=None) for order in range(4)]
    total = Scores([*judged, *thin], ["x"]).total()

    assert total is not None
    assert (total.studies, total.judged) == (3, 2)
    assert total.estimate("x", "regret").value == pytest.approx(0.1)
    assert total.estimate("x", "regret").ends == pytest.approx((0.1, 0.1))
    assert (total.estimate("x", "regret").at_least, total.estimate("x", "regret").at_most) == (0.0, 2.0)


def test_without_any_study_that_can_be_judged_there_are_bounds_alone() -> None:
    one = Scores([a_cell_of("thin", order, 0.0, expected=None) for order in range(4)], ["x"]).study("thin")

    assert one.judged == 0
    assert one.estimate("x", "regret").value is None
    assert one.estimate("x", "regret").ends is None


def test_of_one_study_the_interval_reaches_as_far_towards_its_bounds_as_its_curves_are_few() -> None:
    def interval(control: int, broken_off: int) -> tuple[float, float]:
        cells = [
            replace(
                a_cell("x", "t", order, 0.1, worst=2.0), expected=figures(0.5), control=control, broken_off=broken_off
            )
            for order in range(10)
        ]
        ends = Scores(cells, ["x"]).study("t").estimate("x", "regret").ends
        assert ends is not None
        return ends

    assert interval(5, 45) == pytest.approx((0.1, 2.0))
    low, high = interval(58, 2)
    assert 0.1 < low <= 0.5 <= high < 1.3
