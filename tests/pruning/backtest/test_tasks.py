"""What can be played, and what a person is told about it."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import pytest

from pruning.backtest import Task, obstacle
from pruning.backtest.censored import censor
from pruning.simulate import Recording
from tests.pruning.negative_controls import ordered, pool

NAN = float("nan")
FALLING = [[3.0, 2.0], [3.0, 1.0], [3.0, 1.5]]


@pytest.mark.parametrize(
    ("curves", "cut", "told"),
    [
        (FALLING, (), ""),
        (FALLING, (0,), ""),
        ([[3.0, 2.0]], (), "it has one complete curve, and a study needs 3 runs, two of them complete: add runs"),
        (FALLING[:2], (), "it has 2 runs, and a study needs 3 runs"),
        (FALLING, (0, 1), "it has one complete curve"),
        (FALLING, (0, 1, 2), "it has no complete curve, so nobody knows how a trial ends"),
        ([[1.0], [2.0], [3.0]], (), "its curves have one point each"),
        ([[NAN, NAN]] * 3, (), "none of its values of val_loss is a number"),
        ([[3.0, 2.0]] * 3, (), "all its curves are equally good"),
    ],
)
def test_obstacles(curves: Sequence[Sequence[float]], cut: Collection[int], told: str) -> None:
    found = obstacle(censor(pool(np.array(curves)), cut))

    assert found.startswith(told)
    assert bool(found) is bool(told)


def test_few_complete_curves_and_curves_that_break_off_are_warned_about() -> None:
    task = Task(family="f", name="t", pool=censor(ordered(0, 16), {1, 2}), left_out="2 of 18 failed.")

    assert (task.complete, task.censored) == (14, 2)
    failed, bounded, few = task.warnings
    assert failed == "2 of 18 failed."
    assert bounded.startswith("2 of 16 curves break off (stopped or pruned). Where a policy would have gone on")
    assert few == "Only 14 complete curves: below 15 the figures say little."
    assert not Task(family="f", name="t", pool=ordered(0, 15)).warnings


def test_trials_that_report_at_other_steps_are_warned_about() -> None:
    apart = Recording.of("apart", [1, 3, 32], [3.0, 2.0, 1.0])
    whole = ordered(0, 20)

    told = Task(family="f", name="t", pool=replace(whole, recordings=(*whole.recordings, apart))).warnings

    assert told[0].startswith("Trials did not report at the same steps")


def test_the_digest_tells_curves_apart() -> None:
    whole = ordered(0, 6)
    digests = {
        Task(family="f", name="t", pool=one).digest
        for one in (whole, ordered(1, 6), whole.subset([1, 0, 2, 3, 4, 5]), censor(whole, {0}))
    }

    assert len(digests) == 4
    assert Task(family="g", name="u", pool=ordered(0, 6)).digest in digests
