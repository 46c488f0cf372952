"""What a study's curves say about themselves."""

import numpy as np
import pytest

from pruning.backtest.censored import censor
from pruning.library.measures import Measures, measured
from pruning.simulate import Pool, Recording
from tests.pruning import negative_controls

STEPS = np.arange(1, 51)


def a_pool(values: np.ndarray, *, maximize: bool = False) -> Pool:
    recordings = tuple(Recording.of(str(row), STEPS[: len(curve)], curve) for row, curve in enumerate(values))
    return Pool(metric="loss", maximize=maximize, horizon=50, recordings=recordings)


def test_an_order_that_never_changes_agrees_wholly_with_the_end_at_every_share() -> None:
    found = measured(negative_controls.ordered())

    assert len(found.profile) >= 5
    assert all(point.agreement == pytest.approx(1.0) for point in found.profile)
    assert found.crossing == 0


def test_an_order_that_says_nothing_agrees_with_nothing() -> None:
    found = measured(negative_controls.independent())

    assert abs(found.profile[0].agreement) < 0.35
    assert found.crossing is not None
    assert found.crossing > 0.3


def test_the_profile_stands_at_reports_near_the_shares_and_at_none_twice() -> None:
    found = measured(negative_controls.ordered())
    shares = [point.share for point in found.profile]

    assert shares == sorted(set(shares))
    assert shares[-1] == pytest.approx(0.64, abs=0.02)


def test_noise_is_told_in_units_of_what_separates_the_best_from_the_median() -> None:
    random = np.random.default_rng(3)
    floors = np.linspace(0, 2, 41)[:, None]
    quiet = floors + np.exp(-STEPS / 5)[None, :]
    noisy = quiet + random.normal(0, 0.1, quiet.shape)

    assert measured(a_pool(quiet)).noise == pytest.approx(0, abs=1e-3)
    assert measured(a_pool(noisy)).noise == pytest.approx(0.1, rel=0.25)  # median - best is about 1


def test_mirrored_values_measure_the_same() -> None:
    values = np.random.default_rng(5).normal(size=(20, 50)).cumsum(axis=1)

    assert measured(a_pool(values)) == measured(a_pool(-values, maximize=True))


def test_trials_that_end_worse_than_they_began_or_as_no_number_have_diverged() -> None:
    values = np.exp(-STEPS / 10)[None, :] + np.arange(4.0)[:, None]
    values[0, -1] = np.nan
    values[1, -1] = 99

    assert measured(a_pool(values)).diverged == 0.5


def test_equal_early_values_are_ties() -> None:
    values = np.concatenate([np.full((6, 1), 0.693), np.random.default_rng(0).random((6, 49))], axis=1)

    assert measured(a_pool(values)).ties == 1.0


def test_trials_that_were_stopped_count_where_they_had_come_and_their_loss_is_corrected_for() -> None:
    whole = negative_controls.falling(seed=2)[0]
    rows = [row if place % 2 else row[:10] for place, row in enumerate(whole)]
    recordings = tuple(Recording.of(str(place), np.arange(1, len(row) + 1), row) for place, row in enumerate(rows))
    pool = Pool(metric="loss", maximize=False, horizon=whole.shape[1], recordings=recordings)
    found = measured(censor(pool, range(0, len(rows), 2)))

    assert found.n_complete == len(rows) // 2
    assert found.n_trials == len(rows)
    assert all(point.pairs == found.n_complete for point in found.profile)


def test_curves_too_few_to_compare_leave_the_profile_empty() -> None:
    found = measured(a_pool(np.random.default_rng(0).random((3, 50))))

    assert found.profile == ()
    assert found.crossing is None


def test_measures_survive_being_written_down() -> None:
    found = measured(negative_controls.independent())

    assert Measures.from_mapping(found.to_mapping()) == found
