"""What became of every trial under a policy."""

from dataclasses import replace

from pruning.backtest import NAMED, Trace
from pruning.backtest.censored import censor
from pruning.backtest.traces import best_of, trace_of
from pruning.simulate import simulate
from tests.pruning.negative_controls import ordered

POOL = ordered(0, 12)


def trace(name: str) -> Trace:
    return trace_of(POOL, simulate(POOL, NAMED[name](POOL), workers=2))


def test_full_training_finishes_everything_at_its_last_report() -> None:
    assert {(one.kind, one.step) for one in trace("full").endings} == {("finished", POOL.horizon)}


def test_a_stopped_trial_tells_its_motive_and_step() -> None:
    found = trace("asha")

    stopped = [one for one in found.endings if one.kind != "finished"]
    assert stopped
    assert {one.kind for one in stopped} == {"speed"}
    assert all(0 < one.step < POOL.horizon for one in stopped)


def test_the_best_ten_keep_every_verdict_in_words() -> None:
    found = trace("asha")

    assert list(found.told) == best_of(POOL.outcomes)
    for place, told in found.told.items():
        ending = found.endings[place]
        if ending.kind == "speed":
            assert (told[-1].kind, told[-1].step) == ("STOP", ending.step)
            assert told[-1].sentence.startswith(f"Stopped at step {ending.step}: ")


def test_a_paused_trial_that_nobody_resumed_counts_as_stopped() -> None:
    paused = [one for one in trace("payoff").endings if one.paused]

    assert all(one.kind == "speed" for one in paused)


def test_a_trial_that_goes_on_beyond_its_recording_is_unseen() -> None:
    short = replace(
        POOL,
        recordings=tuple(
            replace(one, curve=one.curve.until(int(one.curve.steps[-2])), spent=one.spent[:-1]) if place == 3 else one
            for place, one in enumerate(POOL.recordings)
        ),
    )
    pool = censor(short, {3})

    found = trace_of(pool, simulate(pool, NAMED["full"](pool), workers=2))

    assert found.endings[3].kind == "unseen"


def test_a_trace_can_be_kept() -> None:
    found = trace("payoff")

    assert Trace.from_mapping(found.to_mapping()) == found
