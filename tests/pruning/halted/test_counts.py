"""Counts of halted configurations: every ended trial once, by whatever it is counted."""

import numpy as np
import pytest

from pruning.halted import counts
from pruning.halted.counts import KINDS, MOST_CHOICES
from pruning.halted.outcomes import Outcomes, Places
from tests.pruning.halted.test_regions import played


def test_a_histogram_counts_every_ended_trial_once() -> None:
    outcomes = played(wrong=True)

    for one in counts.histograms(outcomes):
        assert one.counts.sum() == len(outcomes)
        assert one.counts[KINDS.index("speed")].sum() == outcomes.stopped.sum()


def test_parameters_that_tell_most_apart_come_first() -> None:
    first, second = counts.histograms(played(wrong=True))

    assert first.name == "lr"
    assert first.p is not None
    assert second.p is not None
    assert first.p < 1e-6 < second.p


def test_differences_are_adjusted_for_their_number() -> None:
    adjusted = counts._holm([0.01, 0.04, 0.03, None])

    assert adjusted[:3] == pytest.approx([0.03, 0.06, 0.06])
    assert adjusted[3] is None


def test_the_rarest_of_many_choices_are_counted_together() -> None:
    outcomes = played(wrong=False)
    at = np.arange(len(outcomes)) % 30
    at[:200] = 7
    names = [f"c{n}" for n in range(30)]
    many = Outcomes(**{**outcomes.__dict__, "places": {"c": Places("c", at.astype(float), names)}})

    (one,) = counts.histograms(many)

    assert len(one.labels) == MOST_CHOICES
    assert one.labels[-1] == counts.OTHERS
    assert "c7" in one.labels
    assert one.counts.sum() == len(outcomes)


def of_whole_numbers(values: np.ndarray) -> Outcomes:
    """Return outcomes of trials that stand evenly on the places of such values."""
    outcomes = played(wrong=False)
    grid = (values - values[0]) / (values[-1] - values[0])
    at = grid[np.arange(len(outcomes)) % len(grid)]
    places = {name: Places(name, at, grid=grid.tolist()) for name in ("rank", "other")}
    return Outcomes(**{**outcomes.__dict__, "places": places})


@pytest.mark.parametrize("n", [2, 4, 8, 11, 24])
def test_few_whole_numbers_have_a_bar_each(n: int) -> None:
    outcomes = of_whole_numbers(np.arange(n))

    bars = counts.histograms(outcomes)[0].counts.sum(axis=0)

    assert len(bars) == n
    assert bars.max() - bars.min() <= 1


@pytest.mark.parametrize(("n", "width"), [(25, 3), (29, 3), (57, 6), (100, 10), (101, 12), (501, 56), (1000, 100)])
def test_each_bar_of_many_whole_numbers_holds_as_many(n: int, width: int) -> None:
    one = counts.histograms(of_whole_numbers(np.arange(n)))[0]

    held = np.diff([0.0, *(edge * (n - 1) + 0.5 for edge in one.edges[1:-1]), n])
    assert held[:-1] == pytest.approx(width)
    assert width / 4 < held[-1] <= width


@pytest.mark.parametrize("high", [30, 64, 100, 1000])
def test_no_bar_of_whole_numbers_by_the_logarithm_is_without_a_value(high: int) -> None:
    outcomes = of_whole_numbers(np.log(np.arange(1, high + 1)))

    one = counts.histograms(outcomes)[0]

    told = np.histogram(np.log(np.arange(1, high + 1)) / np.log(high), bins=one.edges)[0]
    assert (told > 0).all()
    assert 7 <= len(told) <= counts.BINS


def test_cells_line_up_with_whole_numbers() -> None:
    outcomes = of_whole_numbers(np.arange(8))

    found = counts.grid(outcomes, "rank", "other")

    assert found.ended.shape == (4, 8), "two values a row, one a column"
    assert np.count_nonzero(found.ended) == 8
    assert counts.grid(of_whole_numbers(np.arange(4)), "rank", "other").ended.shape == (4, 4)


def test_a_grid_counts_what_its_histograms_count() -> None:
    outcomes = played(wrong=True)

    found = counts.grid(outcomes, "lr", "width")

    assert found.ended.sum() == len(outcomes)
    assert found.stopped.sum() == outcomes.stopped.sum()
    assert found.spared.sum() == outcomes.spared.sum()
    assert (found.stopped <= found.ended).all()


def test_fewer_go_on_with_every_step_and_all_end() -> None:
    rows = counts.passing(played(wrong=True))

    remaining = [row.remaining for row in rows]
    assert remaining == sorted(remaining, reverse=True)
    assert remaining[-1] == 0
    assert rows[0].stopped["speed"] == played(wrong=True).stopped.sum()


def test_reasons_say_what_they_saved_and_whom_they_would_have_stopped() -> None:
    (row,) = counts.reasons(played(wrong=True), horizon=64, spared_for={3: "outpaced", 13: "outpaced", 23: "diverged"})

    assert (row.name, row.kind, row.median_step, row.spared) == ("outpaced", "speed", 4, 2)
    assert row.steps_saved == row.stopped * 60


def test_stops_are_counted_by_the_rule_that_gave_them() -> None:
    outcomes = played(wrong=True)
    stopped = outcomes.number[outcomes.stopped].tolist()
    first, *others, last = stopped

    rows = counts.rules(
        outcomes,
        horizon=64,
        stopped_by={first: "trend", **dict.fromkeys(others, "asha"), 9_999: "asha"},
        spared_by={3: "asha", 13: "percentile"},
    )

    assert [(row.name, row.stopped, row.spared) for row in rows] == [
        ("asha", len(others), 1),
        ("trend", 1, 0),
        ("", 1, 0),
    ]
    assert sum(row.steps_saved for row in rows) == len(stopped) * 60
    assert last not in (first, *others)


def test_groups_hold_every_trial_in_order() -> None:
    outcomes = played(wrong=True)

    found = counts.groups(outcomes, most=7)

    assert len(found) == 7
    assert sum(sum(group.counts.values()) for group in found) == len(outcomes)
    assert [group.first for group in found][1:] == [group.last + 1 for group in found][:-1]


def test_survivors_are_told_by_their_quartiles() -> None:
    outcomes = played(wrong=True)

    rows = {who: (n, quartiles) for who, n, quartiles in counts.survivors(outcomes, outcomes.at_looks[:, -1])}

    assert rows["stopped"] == (outcomes.stopped.sum(), None)
    n, quartiles = rows["control"]
    assert n == outcomes.spared.sum()
    assert quartiles is not None
    assert list(quartiles) == sorted(quartiles)


def test_a_study_without_trials_counts_nothing() -> None:
    outcomes = played(wrong=True)
    empty = Outcomes(
        looks=(),
        number=outcomes.number[:0],
        kind=[],
        reason=[],
        step=outcomes.step[:0],
        at_looks=outcomes.at_looks[:0],
        control=outcomes.control[:0],
        places={"lr": Places("lr", outcomes.places["lr"].at[:0])},
    )

    assert counts.histograms(empty)[0].counts.sum() == 0
    assert counts.passing(empty) == []
    assert counts.groups(empty) == []
