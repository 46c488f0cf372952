"""What a run was worth where recordings break off: hand-computed."""

import numpy as np
import pytest

from pruning.backtest.censored import censor
from pruning.backtest.named import full
from pruning.policy import Policy
from pruning.simulate import Ended, Pool, Recording, Run, bounds_of, outcome_of, simulate
from pruning.simulate.events import Fate

CURVES = ([4.0, 3.0, 2.0, 1.0], [4.0, 3.5, 3.0, 3.0], [3.9, 2.5])
"""Two complete curves, and one that breaks off: from step 2 the first gained 2, so the third may have reached 0.5."""


def a_pool(*, maximize: bool = False) -> Pool:
    sign = -1 if maximize else 1
    recordings = [
        Recording.of(str(number), range(1, len(values) + 1), sign * np.array(values))
        for number, values in enumerate(CURVES)
    ]
    whole = Pool(metric="val_loss", maximize=maximize, horizon=4, recordings=tuple(recordings))
    return censor(whole, {2})


def a_run(*reports: int) -> Run:
    """Return a run in which each trial made so many reports."""
    fates = []
    for values, made in zip(CURVES, reports, strict=True):
        ended = Ended.PRUNED if made < len(values) else Ended.COMPLETE if made == 4 else Ended.CENSORED
        fates.append(Fate(ended=ended, reports=made, best=min(values[:made])))
    return Run(fates=tuple(fates), verdicts=(), spent=float(sum(reports)), lasted=4.0)


@pytest.mark.parametrize("maximize", [False, True])
def test_a_curve_that_breaks_off_may_have_gained_what_the_luckiest_complete_one_did(maximize: bool) -> None:
    assert [one.hidden_gain for one in a_pool(maximize=maximize).recordings] == [None, None, 2.0]


def test_a_curve_that_breaks_off_before_anyone_reported_is_held_against_the_first_reports() -> None:
    late = Recording.of("late", [2, 4], [3.0, 1.0])
    pool = Pool(metric="x", maximize=False, horizon=4, recordings=(late, Recording.of("cut", [1], [9.0])))

    assert censor(pool, {1}).recordings[1].hidden_gain == 2.0


@pytest.mark.parametrize(
    ("reports", "compute", "regret", "lost"),
    [
        ((4, 4, 2), (10 / 12, 1.0), (0.0, 0.5 / 1.5), (False, True)),  # goes on with the third: is it the best?
        ((4, 4, 1), (9 / 12, 9 / 12), (0.0, 0.5 / 1.5), (False, True)),  # stops it: was it the best?
        ((1, 4, 1), (6 / 12, 6 / 12), (2 / 1.5, 2.5 / 1.5), (True, True)),  # stops the known best as well
        ((1, 4, 2), (7 / 12, 9 / 12), (0.0, 2.5 / 1.5), (False, True)),
    ],
)
def test_bounds(
    reports: tuple[int, int, int],
    compute: tuple[float, float],
    regret: tuple[float, float],
    lost: tuple[bool, bool],
) -> None:
    both = bounds_of(a_pool(), a_run(*reports))

    assert tuple(one.compute for one in both) == pytest.approx(compute)
    assert tuple(one.regret for one in both) == pytest.approx(regret)
    assert tuple(one.lost for one in both) == lost


def test_without_such_recordings_both_bounds_are_the_outcome() -> None:
    pool = a_pool().subset([0, 1])
    run = simulate(pool, full(pool))

    assert bounds_of(pool, run) == (outcome_of(pool, run),) * 2


def test_a_trial_goes_on_to_where_its_recording_breaks_off_and_is_neither_complete_nor_stopped() -> None:
    pool = a_pool()
    run = simulate(pool, full(pool), workers=1)

    assert [(fate.ended, fate.reports) for fate in run.fates] == [
        (Ended.COMPLETE, 4),
        (Ended.COMPLETE, 4),
        (Ended.CENSORED, 2),
    ]
    assert (run.spent, pool.full_cost) == (10.0, 12.0)


def test_a_hidden_gain_is_no_loss() -> None:
    with pytest.raises(ValueError, match="a hidden gain of -1"):
        Recording(name="x", curve=a_pool().recordings[0].curve, spent=np.arange(4.0), hidden_gain=-1.0)


def test_a_trial_that_was_paused_where_its_recording_breaks_off_goes_on_unseen() -> None:
    values = ([1.0, 1.0, 1.0, 1.0], [2.0, 2.0], [3.0, 3.0, 3.0, 3.0], [4.0, 4.0, 4.0, 4.0])
    recordings = [Recording.of(str(number), range(1, len(told) + 1), told) for number, told in enumerate(values)]
    pool = censor(Pool(metric="val_loss", maximize=False, horizon=4, recordings=tuple(recordings)), {1})
    policy = Policy.from_mapping(
        {
            "looks": [2],
            "gates": [],
            "strategy": {"rule": "asha", "eta": 2, "action": "pause"},
            "safeguards": {"min_peers": 0, "control_every": 0},
        }
    )

    run = simulate(pool, policy, workers=1)

    said = [str(judged.verdict.kind) for judged in run.verdicts if judged.trial == 1]
    assert said == ["PAUSE", "RESUME"]
    assert [fate.ended for fate in run.fates] == [Ended.COMPLETE, Ended.CENSORED, Ended.PAUSED, Ended.PAUSED]
