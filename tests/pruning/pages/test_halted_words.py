"""Regions and bins in words and as queries: those of whole numbers begin and end at values that there are."""

import pytest

from pruning.halted.regions import Region
from pruning.pages.halted_words import bin_words, bounds_of, query_of, where
from trials.space import Float, Int, Space

SPACE = Space(
    (
        Float(name="lr", low=1e-4, high=1.0, log=True),
        Float(name="dropout", low=0.0, high=0.5),
        Float(name="momentum", low=0.5, high=0.9, step=0.1),
        Int(name="layers", low=1, high=4),
        Int(name="batch", low=8, high=64, step=8),
        Int(name="width", low=2, high=64, log=True),
        Int(name="rank", low=4, high=32),
    )
)


@pytest.mark.parametrize(
    ("name", "low", "high", "words", "query"),
    [
        ("lr", 0.0, 0.25, "lr below 1.00e−3", "lr < 0.001"),
        ("lr", 0.25, 0.5, "lr from 1.00e−3 to 1.00e−2", "lr >= 0.001 and lr < 0.01"),
        ("dropout", 0.5, 1.0, "dropout above 0.25", "dropout >= 0.25"),
        ("rank", 0.0, 0.25, "rank below 11", "rank < 11"),
        ("rank", 0.25, 0.5, "rank from 11 to 17", "rank >= 11 and rank < 18"),
        # A quarter that ends between two values: 25 is the last below, 26 no longer.
        ("layers", 0.0, 0.25, "layers below 2", "layers < 2"),
        ("layers", 0.5, 0.75, "layers 3", "layers = 3"),
        ("layers", 0.75, 1.0, "layers above 3", "layers >= 4"),
        ("batch", 0.25, 0.5, "batch from 24 to 32", "batch >= 24 and batch < 40"),
        ("width", 0.25, 0.5, "width from 5 to 11", "width >= 5 and width < 12"),
        ("momentum", 0.5, 1.0, "momentum above 0.6", "momentum >= 0.7"),
    ],
)
def test_a_region_in_words_and_as_a_query(name: str, low: float, high: float, words: str, query: str) -> None:
    region = Region(name, low, high)

    assert where(SPACE, region) == words
    assert query_of(SPACE, region) == query


@pytest.mark.parametrize(
    ("name", "low", "high", "words", "bounds"),
    [
        ("layers", 0.0, 1 / 6, "1", ("", "layers < 2")),
        ("layers", 1 / 6, 0.5, "2", ("layers >= 2", "layers < 3")),
        ("layers", 5 / 6, 1.0, "4", ("layers >= 4", "")),
        ("rank", 0.0, 2.5 / 28, "4 to 6", ("", "rank < 7")),
        ("rank", 26.5 / 28, 1.0, "31 to 32", ("rank >= 31", "")),
        ("batch", 0.5 / 7, 1.5 / 7, "16", ("batch >= 16", "batch < 24")),
        ("momentum", 1 / 8, 3 / 8, "0.6", ("momentum >= 0.6", "momentum < 0.7")),
        ("dropout", 0.1, 0.2, "0.05 to 0.1", ("dropout >= 0.05", "dropout < 0.1")),
    ],
)
def test_a_bin_of_whole_numbers_names_its_first_and_last(
    name: str, low: float, high: float, words: str, bounds: tuple[str, str]
) -> None:
    assert bin_words(SPACE, name, low, high) == words
    assert bounds_of(SPACE, Region(name, low, high)) == bounds
