"""What trials gained against others that stood alike: the difference, its lower limit, and its permutations."""

import numpy as np
import pytest

from pruning.halted.gains import Contrast, Link, links_of
from tests.pruning.halted.test_regions import played


def link_of(*, n: int = 200, seed: int = 0) -> Link:
    """Return the link of a study of so many trials, of which three in five have trained to the end."""
    (link,) = links_of(played(n=n, every=5, wrong=True, seed=seed), np.random.default_rng(0))
    return link


def halves(link: Link) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    random = np.random.default_rng(1)
    return random.integers(0, 2, size=(len(link.trials), 3)).astype(float)


def test_a_difference_is_that_of_least_squares_among_trials_that_stood_alike() -> None:
    link = link_of()
    members = halves(link)
    strata = np.zeros((len(link.trials), len(link.strata)))
    for column, stratum in enumerate(link.strata):
        strata[stratum, column] = 1.0

    found = Contrast.of(link, members).differences

    for column in range(3):
        design = np.column_stack([members[:, column], link.offsets, strata])
        assert found[column] == pytest.approx(np.linalg.lstsq(design, link.gains, rcond=None)[0][0])


def test_a_region_that_gained_a_fixed_share_of_ranks_differs_by_it() -> None:
    link = link_of()
    plain = Contrast.of(link, halves(link))
    lifted = Contrast(link.gains + 0.2 * plain.apart[:, 0], plain.apart)

    assert lifted.differences[0] - plain.differences[0] == pytest.approx(0.2)


@pytest.mark.parametrize("statistic", [0.5, 1.0, 2.7])
def test_the_lower_limit_is_the_margin_that_is_just_exceeded(statistic: float) -> None:
    contrast = Contrast.of(link_of(), halves(link_of()))

    bounds = contrast.bounds(statistic)

    for region, bound in enumerate(bounds):
        assert contrast.against(float(bound))[region] == pytest.approx(statistic)


def test_against_no_margin_the_statistic_is_what_the_permutations_are_measured_by() -> None:
    link = link_of()
    contrast = Contrast.of(link, halves(link))

    assert contrast.against(0.0).max() == pytest.approx(contrast.highest(link.gains[None, :])[0])


def test_a_region_that_nobody_outside_stands_beside_cannot_differ() -> None:
    link = link_of(n=80)
    members = np.zeros((len(link.trials), 1))
    members[link.strata[0]] = 1.0

    contrast = Contrast.of(Link(link.look, link.trials, link.gains, np.zeros(len(link.trials)), link.strata), members)

    assert contrast.against(0.0).tolist() == [-np.inf]
    assert contrast.bounds(1.0).tolist() == [-np.inf]


def test_of_too_few_trials_no_lower_limit_holds() -> None:
    link = link_of(n=14)

    assert len(link.trials) < 9
    assert np.all(Contrast.of(link, halves(link)).bounds(3.0) == -np.inf)


def test_gains_are_exchanged_within_strata_only() -> None:
    link = link_of(n=80)

    moved = link.shuffled(np.random.default_rng(2), 7)

    assert moved.shape == (7, len(link.trials))
    assert len(link.strata) > 1
    assert not np.array_equal(moved[0], moved[1])
    for stratum in link.strata:
        assert np.sort(moved[:, stratum], axis=1) == pytest.approx(np.tile(np.sort(link.gains[stratum]), (7, 1)))
