"""Pooling over studies: a study's own effect widens the interval, agreement narrows it."""

import pytest
from scipy.stats import beta

from pruning.judgement.best_k import Share
from pruning.judgement.pooled import Pooled, pool


def pooled(*counts: tuple[int, int], unknown: int = 0) -> Pooled:
    found = pool(Share(hits=hits, known=known, unknown=unknown) for hits, known in counts)
    assert found is not None
    return found


@pytest.mark.parametrize("counts", [[], [(1, 7)], [(1, 7), (0, 0)]])
def test_one_study_is_not_pooled(counts: list[tuple[int, int]]) -> None:
    assert pool(Share(hits=hits, known=known) for hits, known in counts) is None


def test_studies_of_one_member_each_are_as_good_as_one_binomial() -> None:
    """With one member a study has no effect of its own, whatever r: the posterior is Beta(1 + 3, 1 + 17)."""
    found = pooled(*[(1, 1)] * 3, *[(0, 1)] * 17)

    assert found.mean == pytest.approx(4 / 22, abs=0.002)
    assert found.low == pytest.approx(beta.ppf(0.025, 4, 18), abs=0.004)
    assert found.high == pytest.approx(beta.ppf(0.975, 4, 18), abs=0.004)


def test_studies_that_agree_say_more_than_studies_that_differ() -> None:
    alike = pooled((2, 10), (2, 10), (2, 10), (2, 10))
    unlike = pooled((8, 10), (0, 10), (0, 10), (0, 10))

    assert (alike.hits, alike.known) == (unlike.hits, unlike.known) == (8, 40)
    assert unlike.high - unlike.low > 1.3 * (alike.high - alike.low)


def test_many_members_of_few_studies_are_not_independent_evidence() -> None:
    few = pooled((10, 50), (10, 50))
    many = pooled(*[(1, 5)] * 20)

    assert few.high - few.low > many.high - many.low


def test_unknown_members_widen_the_pooled_interval() -> None:
    sure, unsure = pooled((1, 10), (1, 10)), pooled((1, 10), (1, 10), unknown=3)

    assert unsure.low < sure.low
    assert unsure.high > sure.high
    assert unsure.mean == sure.mean


def test_the_order_of_studies_plays_no_part() -> None:
    assert pooled((1, 7), (3, 9), (0, 4)) == pooled((0, 4), (1, 7), (3, 9))
