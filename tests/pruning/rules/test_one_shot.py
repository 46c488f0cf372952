from dataclasses import replace

import pytest

from pruning.rules.base import Kind, SettingError, Stream
from pruning.rules.one_shot import OneShot
from pruning.rules.resuming import Waiting
from tests.pruning.builders import at_look

EIGHT = [float(place) for place in range(1, 9)]
PAUSING = OneShot(keep_top=2, action="pause")
DONE = Stream(begun=9, under_way=frozenset())


def waiting(*trials: int) -> list[Waiting]:
    return [Waiting(trial=trial, step=2, key=EIGHT[trial]) for trial in trials]


def test_stopping_keeps_who_is_among_the_best_so_far() -> None:
    assert OneShot().judge(at_look(2.5, EIGHT)).kind is Kind.KEEP
    verdict = OneShot().judge(at_look(3.5, EIGHT))

    assert (verdict.kind, verdict.reason) == (Kind.STOP, "outpaced")
    assert verdict.sentence() == "Stopped at step 2: val_loss 3.5000 ranks 4 of 9; the best 3 go on (cut 3.0000)."


def test_only_the_first_look_cuts() -> None:
    verdict = OneShot().judge(at_look(99.0, EIGHT, step=4))

    assert verdict.sentence() == "Kept at step 4: val_loss 99.0000 ranks 9 of 9; only step 2 cuts."
    assert PAUSING.judge(at_look(99.0, EIGHT, step=4)).kind is Kind.KEEP


def test_pausing_has_the_best_so_far_wait_for_the_others() -> None:
    verdict = PAUSING.judge(at_look(0.5, EIGHT))

    assert (verdict.kind, verdict.evidence["waits"]) == (Kind.PAUSE, True)
    assert verdict.sentence() == (
        "Paused at step 2: val_loss 0.5000 ranks 1 of 9 so far; the best 2 go on (cut 1.0000) once all have come. "
        "Its checkpoint is kept."
    )
    assert PAUSING.judge(at_look(2.5, EIGHT)).evidence["waits"] is False


def test_the_best_go_on_once_all_have_come() -> None:
    facts = at_look(9.0, EIGHT, stream=DONE)

    first = PAUSING.next_to_resume(facts, waiting(2, 0, 1), is_closing=True)
    second = PAUSING.next_to_resume(facts, waiting(2, 1), is_closing=True)

    assert first is not None
    assert second is not None
    assert [first.evidence["trial"], second.evidence["trial"]] == [0, 1]
    assert PAUSING.next_to_resume(facts, waiting(2), is_closing=True) is None


def test_nobody_goes_on_while_trials_are_to_come() -> None:
    facts = at_look(9.0, EIGHT, stream=DONE)
    late = replace(facts, stream=Stream(begun=10, under_way=frozenset({9})))
    ahead = replace(facts, stream=Stream(begun=9, under_way=frozenset({3})))

    assert PAUSING.next_to_resume(facts, waiting(0), is_closing=False) is None
    assert PAUSING.next_to_resume(late, waiting(0), is_closing=True) is None
    assert PAUSING.next_to_resume(ahead, waiting(0), is_closing=True) is not None  # trial 3 has been there


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"keep_top": 0}, "keep_top: 0 is below 1"),
        ({"by": "mean"}, "by: 'mean' is not one of value, best"),
        ({"action": "kill"}, "action: 'kill' is not one of stop, pause"),
    ],
)
def test_a_wrong_setting_is_refused_with_the_remedy(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(SettingError) as caught:
        OneShot(**wrong)  # type: ignore[arg-type]  # wrong on purpose

    assert str(caught.value).startswith(message)
