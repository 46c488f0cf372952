"""Compute saved, counted by hand: three trials of a study of 100 steps."""

from pruning.judgement.saved import Halted, savings

FAST = Halted(step=20, steps_trained=20, seconds=20.0, rule="asha", motive="speed", on_gpu=True)
SLOW = Halted(step=60, steps_trained=60, seconds=240.0, rule="divergence", motive="risk")
UNMEASURED = Halted(step=50, steps_trained=50, seconds=0.0, rule="asha", motive="speed")


def test_a_trial_is_priced_at_its_own_pace() -> None:
    found = savings([FAST, SLOW], [1.0, 4.0, 7.0], horizon=100)

    assert found.total.steps == 80 + 40
    assert found.total.seconds == 80 * 1.0 + 40 * 4.0
    assert found.total.by_median == 0


def test_a_trial_without_a_pace_is_priced_at_the_median_of_its_study() -> None:
    found = savings([UNMEASURED], [1.0, 4.0, 7.0], horizon=100)

    assert (found.median_pace, found.total.seconds, found.total.by_median) == (4.0, 50 * 4.0, 1)


def test_only_what_would_have_run_on_gpus_saves_gpu_hours() -> None:
    assert savings([FAST, SLOW], [], horizon=100).total.gpu_hours == 80 / 3600


def test_repeated_steps_of_a_lost_attempt_do_not_change_the_pace_or_what_is_left() -> None:
    twice = Halted(step=20, steps_trained=40, seconds=80.0)

    assert savings([twice], [], horizon=100).total.seconds == 80 * 2.0


def test_rules_and_motives_stand_in_the_order_of_what_they_saved() -> None:
    found = savings([SLOW, FAST, UNMEASURED], [4.0], horizon=100)

    assert [(name, row.trials, row.steps) for name, row in found.by_rule] == [("asha", 2, 130), ("divergence", 1, 40)]
    assert [(name, row.seconds) for name, row in found.by_motive] == [("speed", 280.0), ("risk", 160.0)]


def test_without_any_pace_seconds_are_unknown_and_without_stops_nothing_was_saved() -> None:
    assert savings([UNMEASURED], [], horizon=100).total.seconds is None
    assert savings([], [], horizon=100).total.seconds == 0.0


def test_a_report_at_the_planned_end_saves_nothing() -> None:
    assert savings([Halted(step=100, steps_trained=100, seconds=9.0)], [], horizon=100).total.steps == 0
