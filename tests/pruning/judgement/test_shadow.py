"""A control trial's shadow obeys what the trial itself was spared from."""

import pytest

from pruning.judgement.shadow import Said, Shadows, State, fate
from pruning.rules.resuming import Waiting

STOP, PAUSE, RESUME, FINISH = "STOP", "PAUSE", "RESUME", "FINISH"


@pytest.mark.parametrize(
    ("said", "state", "at"),
    [
        pytest.param([], State.WENT_ON, None, id="nothing was said"),
        pytest.param([(5, 4, STOP)], State.STOPPED, 4, id="stopped"),
        pytest.param([(5, 4, STOP), (3, 2, STOP)], State.STOPPED, 2, id="the first stop on its way counts"),
        pytest.param([(5, 4, PAUSE)], State.PAUSED, 4, id="paused"),
        pytest.param([(5, 4, PAUSE), (9, 4, RESUME)], State.WENT_ON, None, id="paused and resumed"),
        pytest.param(
            [(5, 4, PAUSE), (9, 4, RESUME), (7, 8, STOP)], State.STOPPED, 8, id="resumed, then stopped further up"
        ),
        pytest.param([(5, 4, PAUSE), (7, 8, PAUSE), (9, 4, RESUME)], State.PAUSED, 8, id="resumed into the next pause"),
        pytest.param([(5, 4, PAUSE), (7, 8, STOP)], State.PAUSED, 4, id="still paused, it never meets the stop"),
        pytest.param([(5, 4, PAUSE), (9, 8, RESUME)], State.PAUSED, 4, id="a resumption elsewhere is not its own"),
        pytest.param([(5, 4, FINISH), (7, 8, STOP)], State.FINISHED, 4, id="finished before the stop"),
    ],
)
def test_the_shadow_stands_where_the_verdicts_put_it(
    said: list[tuple[int, int, str]], state: State, at: int | None
) -> None:
    found = fate([Said(*one) for one in said])

    assert found.state == state
    assert (found.by.step if found.by else None) == at


def test_a_fate_names_the_verdict_behind_it() -> None:
    stop = Said(5, 4, STOP, rule="asha", reason="outpaced", motive="speed")

    assert fate([stop]).by is stop


def test_a_shadow_waits_at_its_lowest_pause_until_it_is_resumed_there() -> None:
    shadows = Shadows()
    high, low = Waiting(trial=3, step=8, key=1.0), Waiting(trial=3, step=4, key=2.0)
    shadows.pause(high)
    shadows.pause(low)
    assert shadows.waiting == [low]

    shadows.resume(3, 4)
    shadows.resume(3, 4)
    assert shadows.waiting == [high]

    shadows.resume(3, 8)
    assert shadows.waiting == []
