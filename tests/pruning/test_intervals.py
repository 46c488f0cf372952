"""The exact interval of a share."""

import pytest
from scipy.stats import binomtest

from pruning.intervals import clopper_pearson


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (0, 15), (1, 10), (7, 9), (10, 10), (3, 1000)])
def test_it_agrees_with_scipy(successes: int, n: int) -> None:
    exact = binomtest(successes, n).proportion_ci(0.95, "exact")

    assert clopper_pearson(successes, n) == pytest.approx((exact.low, exact.high), abs=1e-12)


def test_without_observations_anything_is_possible() -> None:
    assert clopper_pearson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("successes", "n"), [(-1, 3), (4, 3)])
def test_nonsense_is_refused_with_its_value(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match=f"{successes} of {n}"):
        clopper_pearson(successes, n)
