"""What is kept of the observations at one step."""

from unittest.mock import patch

import numpy as np
import pytest

from pruning.pages import rungs
from pruning.pages.rungs import Rung
from tests.pruning.studies import a_played_study, an_attempt, falling, train
from trials.models import Study
from trials.models.values import join

TOLD = Rung(np.array([3, 5, 8]), np.array([7, 2, 7]), np.array([0.5, np.nan, 0.4]), np.array([0.5, np.nan, 0.3]))


@pytest.mark.parametrize(
    ("sequence", "numbers", "values"),
    [(2, [], []), (5, [7, 2], [0.5, np.nan]), (8, [2, 7], [np.nan, 0.4]), (99, [2, 7], [np.nan, 0.4])],
    ids=["before the first", "an earlier word", "the newest word of each", "later"],
)
def test_of_each_trial_the_newest_word_by_then_counts(sequence: int, numbers: list[int], values: list[float]) -> None:
    known = TOLD.until(sequence)

    assert known.numbers.tolist() == numbers
    np.testing.assert_array_equal(known.values, values)


@pytest.mark.django_db
@pytest.mark.usefixtures("judging")
def test_only_what_is_new_is_read() -> None:
    def read_after_one_more(study: Study) -> int:
        rungs.rung_of(study, 2)
        train(an_attempt(study), falling(0.5))
        with patch("pruning.pages.rungs.join", wraps=join) as read:
            kept = rungs.rung_of(study, 2)
        rungs.forget()
        for column, again in zip(kept, rungs.rung_of(study, 2), strict=True):
            np.testing.assert_array_equal(column, again)
        return read.call_count

    few, many = (a_played_study([0.4] * n, name=f"{n} trials") for n in (3, 12))

    assert read_after_one_more(few) == read_after_one_more(many) == 1
