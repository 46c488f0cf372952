"""The examples in docstrings are true."""

import doctest
from types import ModuleType

import numpy as np
import pytest

from pruning import canonical, intervals
from pruning.rules import words as rule_words
from trials.charts import packing
from trials.pages import environments, ranges, words


@pytest.mark.parametrize(
    "module",
    [words, ranges, environments, packing, intervals, canonical, rule_words],
    ids=lambda module: module.__name__,
)
def test_every_example_gives_what_it_says(module: ModuleType) -> None:
    result = doctest.testmod(module, extraglobs={"np": np})

    assert result.attempted > 0
    assert result.failed == 0
