"""The event loop, with a decider that follows a script."""

from collections.abc import Mapping, Set

import numpy as np
import pytest

from pruning.simulate import Action, Costs, Ended, Pool, Run, train
from tests.pruning.negative_controls import pool

THREE = pool(np.array([[5.0, 3.0, 4.0], [6.0, 2.0, 1.0], [7.0, 8.0, 9.0]]))


class Scripted:
    """Acts as told at (trial, report) and hands out trials from a list."""

    def __init__(self, order: list[int], script: Mapping[tuple[int, int], Action]) -> None:
        self.order, self.script = list(order), script
        self.heard: list[tuple[int, int, float]] = []
        self.ended: list[int] = []
        self.seen_under_way: list[set[int]] = []

    def next_to_train(self, *, at: float, under_way: Set[int]) -> int | None:
        self.seen_under_way.append(set(under_way))
        return self.order.pop(0) if self.order else None

    def report(self, trial: int, index: int, *, at: float) -> Action:
        self.heard.append((trial, index, at))
        return self.script.get((trial, index), Action.KEEP)

    def end(self, trial: int) -> None:
        self.ended.append(trial)


def play(decider: Scripted, *, study: Pool = THREE, workers: int = 1, costs: Costs | None = None) -> Run:
    return train(study, decider, workers=workers, costs=costs)


def test_reports_are_heard_one_at_a_time_as_they_fall_due() -> None:
    decider = Scripted([0, 1, 2], {})

    play(decider, workers=2)

    assert decider.heard[:4] == [(0, 0, 1.0), (1, 0, 1.0), (0, 1, 2.0), (1, 1, 2.0)]
    assert decider.ended == [0, 1, 2]


def test_a_stopped_trial_leaves_its_worker_to_the_next() -> None:
    run = play(Scripted([0, 1, 2], {(0, 0): Action.STOP, (1, 1): Action.FINISH}))

    assert [fate.ended for fate in run.fates] == [Ended.PRUNED, Ended.COMPLETE, Ended.COMPLETE]
    assert [fate.best for fate in run.fates] == [5.0, 2.0, 7.0]
    assert run.spent == 1 + 2 + 3


def test_a_paused_trial_goes_on_where_it_was_and_pays_for_its_checkpoint() -> None:
    decider = Scripted([0, 1, 0], {(0, 1): Action.PAUSE})

    run = play(decider, costs=Costs(start=0.5, restore=10.0))

    assert [index for trial, index, _ in decider.heard if trial == 0] == [0, 1, 2]
    assert run.spent == 2 * 0.5 + 10.0 + 3 + 3
    assert run.fates[2].ended is Ended.WAITING


def test_a_trial_paused_at_its_last_report_ends_when_it_is_taken_up() -> None:
    decider = Scripted([0, 0], {(0, 2): Action.PAUSE})

    run = play(decider)

    assert decider.ended == [0]
    assert run.fates[0].ended is Ended.COMPLETE
    assert run.spent == 3


@pytest.mark.parametrize("again", [0, 1], ids=["under way", "ended"])
def test_a_decider_cannot_train_what_is_under_way_or_has_ended(again: int) -> None:
    decider = Scripted([0, 1, again], {(1, 0): Action.STOP})

    with pytest.raises(ValueError, match=f"trial {again} cannot be trained: it is under way or has ended"):
        play(decider, workers=2)


def test_the_decider_is_told_who_is_under_way() -> None:
    decider = Scripted([0, 1, 2], {})

    play(decider, workers=2)

    assert decider.seen_under_way[:2] == [set(), {0}]
