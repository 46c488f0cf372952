"""The screening simulation goes as the product's does, and the search says what it chose without a family."""

import numpy as np
import pytest

from benchmarks.searching.rules import Halving
from benchmarks.searching.scores import score
from benchmarks.searching.study import Study
from pruning.backtest.named import bare
from pruning.looks import Geometric
from pruning.rules.calibrated_halving import CalibratedHalving
from pruning.simulate import Pool, Recording, outcome_of, simulate

REPORTS = 16


def curves(n: int = 60, seed: int = 3) -> np.ndarray:
    """Return falling curves, every tenth of which breaks with a value that is not a number."""
    random = np.random.default_rng(seed)
    floors, speeds = random.uniform(0.5, 2.5, (n, 1)), random.uniform(0.1, 0.6, (n, 1))
    values = floors + 2 * np.exp(-speeds * np.arange(REPORTS)) + random.normal(0, 0.05, (n, REPORTS))
    values[::10, 5] = np.inf
    return np.asarray(values, dtype=np.float64)


def pool_of(values: np.ndarray) -> Pool:
    steps = np.arange(1, REPORTS + 1)
    recordings = tuple(Recording.of(str(place), steps, row) for place, row in enumerate(values))
    return Pool(metric="val_loss", maximize=False, horizon=REPORTS, recordings=recordings)


@pytest.mark.parametrize(("by", "name"), [("best", "best"), ("ahead", "ahead 0.75"), ("value", "value")])
def test_the_screening_simulation_goes_as_the_products_does(by: str, name: str) -> None:
    values = curves()
    pool = pool_of(values)
    rule = CalibratedHalving(by=by, action="pause", min_pairs_jump=5)
    theirs = outcome_of(pool, simulate(pool, bare(rule, Geometric(first=1, factor=2.0), pool)))

    compute, regret, lost = Study(values, Halving(score=name, min_pairs_jump=5)).play()

    assert compute == pytest.approx(theirs.compute, abs=0.05)
    assert (regret, lost) == pytest.approx((theirs.regret, float(theirs.lost)))


def test_a_score_reads_nothing_later_than_its_look() -> None:
    values, steps = curves(8), np.array([1, 2, 4, 8])
    changed = values.copy()
    changed[:, 8:] = 99.0

    for name in ("value", "best", "mean", "window 3", "second half", "ahead 0.75", "ahead from value 1"):
        assert np.array_equal(score(name, values, steps), score(name, changed, steps))


def test_an_unknown_score_is_named() -> None:
    with pytest.raises(ValueError, match="'luck' is no score"):
        score("luck", curves(4), np.array([1, 2]))
