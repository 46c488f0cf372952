import math

import pytest

from pruning.rules.words import apart, number, ranking


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.693, "0.6930"),
        (29.43331, "29.4333"),
        (1234.5678, "1234.57"),
        (4.5e8, "4.5e8"),
        (1.5e-7, "1.5e-7"),
        (-2.0, "-2.0000"),
        (0.0, "0"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
    ],
)
def test_a_number_has_the_digits_a_reader_needs(value: float, words: str) -> None:
    assert number(value) == words


def test_close_numbers_get_as_many_digits_as_tell_them_apart() -> None:
    assert apart(0.693012, 0.693009) == ("0.693012", "0.693009")


def test_numbers_that_seven_digits_cannot_tell_apart_get_seven() -> None:
    assert apart(1.0, 1.0 + 1e-12) == ("1.0000000", "1.0000000")


def test_a_ranking_says_value_rank_quota_and_cut_in_this_order() -> None:
    words = ranking(metric="val_loss", value=3.9312, rank=16, population=37, quota=12, cut=3.6752)

    assert words == "val_loss 3.9312 ranks 16 of 37; the best 12 go on (cut 3.6752)"
