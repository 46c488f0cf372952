"""What the safety gate says about past studies, from figures that are known."""

import pytest

from pruning.backtest import Cell
from pruning.backtest.scores import Estimate
from pruning.library.gate import Finding, Forecast, Past, forecast, nothing_known, of_library, replayed
from pruning.library.winners import Winner
from tests.pruning.backtest.cells import a_cell, figures
from tests.pruning.library.cards import a_play
from trials.seam import Replayed

BETTER = "that the study had stopped itself and that, as estimated, would have ended better"
LOSES, KEEPS = 0.1, 0.0
"""Regrets of a run that loses the best trial, and of one that does not."""


def a_past(name: str, *regrets: float, distance: float = 0.1, worst: float | None = None) -> Past:
    cells = [a_cell("x", name, order, regret, worst=worst) for order, regret in enumerate(regrets)]
    return replayed(cells, name=name, distance=distance)


def a_pruned_past(
    name: str, *regrets: float, control: int, broken_off: int = 45, best: float = KEEPS, worst: float = 0.5
) -> Past:
    """Return a study that was pruned itself: bounds, and estimates that rest on a control arm; 0 for no estimate."""
    cells = [
        Cell(
            family="f",
            task=name,
            order=order,
            policy="x",
            workers=4,
            fingerprint="x",
            figures=figures(best),
            worst=figures(worst),
            expected=figures(regret) if control else None,
            control=control,
            broken_off=broken_off if control else 0,
        )
        for order, regret in enumerate(regrets)
    ]
    return replayed(cells, name=name, distance=0.1)


def told(*past: Past, risk: float = 0.2) -> Forecast:
    found = forecast(past, risk=risk)
    assert found is not None
    return found


FINDINGS = {
    # Whole curves: the replays themselves are the evidence.
    "never lost": ([a_past("a", *[KEEPS] * 10)], Finding.KEPT),
    "as often as accepted": ([a_past("a", LOSES, *[KEEPS] * 4)], Finding.KEPT),
    "lost in every replay of several studies": ([a_past(name, *[LOSES] * 10) for name in "abc"], Finding.EXCEEDED),
    "lost in every replay of one study": ([a_past("a", *[LOSES] * 10)], Finding.EXCEEDED),
    "lost in one replay of three, which may be chance": ([a_past("a", LOSES, KEEPS, KEEPS)], Finding.DOUBTFUL),
    "half of ten, whose interval begins below": ([a_past("a", *[LOSES] * 5, *[KEEPS] * 5)], Finding.DOUBTFUL),
    "half of thirty, whose interval begins above": (
        [a_past(name, *[LOSES] * 5, *[KEEPS] * 5) for name in "abc"],
        Finding.EXCEEDED,
    ),
    # Studies that were pruned themselves: the control arm is the evidence, and no more than it.
    "bounds of everything and no control arm": ([a_pruned_past("a", *[LOSES] * 10, control=0)], Finding.THIN),
    "bounds below what is accepted": ([a_pruned_past("a", *[LOSES] * 10, control=0, worst=KEEPS)], Finding.KEPT),
    "lost even in the best case": (
        [a_pruned_past("a", *[LOSES] * 10, control=0, best=LOSES)],
        Finding.EXCEEDED,
    ),
    "estimated as kept": ([a_pruned_past("a", *[KEEPS] * 10, control=5)], Finding.KEPT),
    "estimated as always lost, in one study of which five curves of fifty tell": (
        [a_pruned_past("a", *[LOSES] * 10, control=5)],
        Finding.DOUBTFUL,
    ),
    "the same in three studies": (
        [a_pruned_past(name, *[LOSES] * 10, control=5) for name in "abc"],
        Finding.EXCEEDED,
    ),
    "always lost in one study of which two curves of sixty break off": (
        [a_pruned_past("a", *[LOSES] * 10, control=58, broken_off=2)],
        Finding.EXCEEDED,
    ),
    # Together: what cannot be judged neither blocks nor clears.
    "one whole study speaks beside one too thin": (
        [a_past("a", *[LOSES] * 10), a_pruned_past("b", *[LOSES] * 10, control=0)],
        Finding.EXCEEDED,
    ),
    "a thin study does not turn a good one bad": (
        [a_past("a", *[KEEPS] * 10), a_pruned_past("b", *[LOSES] * 10, control=0)],
        Finding.KEPT,
    ),
}


@pytest.mark.parametrize(("past", "finding"), FINDINGS.values(), ids=FINDINGS.keys())
def test_what_past_studies_say_about_a_policy(past: list[Past], finding: Finding) -> None:
    found = told(*past)

    assert found.finding is finding
    assert found.is_exceeded is (finding is Finding.EXCEEDED)


def test_without_past_studies_there_is_no_forecast() -> None:
    assert forecast([], risk=0.2) is None
    assert nothing_known(None).startswith("No past study can be compared with this plan")
    assert "at a distance of 1.40, and 1 is the most that counts" in nothing_known(1.4)


def test_studies_count_alike_however_many_orders_each_was_played() -> None:
    found = told(a_past("one", 0.1), a_past("two", 0, 0, 0), a_past("three", 0, 0), risk=0.5)

    assert found.lost == pytest.approx(1 / 3)
    assert found.saved.at_least == pytest.approx(0.5)


def test_a_study_with_one_order_makes_the_interval_as_wide_as_it_deserves() -> None:
    even = told(*(a_past(name, *[LOSES, KEEPS] * 5) for name in "ab"))
    uneven = told(a_past("a", *[LOSES, KEEPS] * 5), a_past("b", LOSES, KEEPS))

    assert even.interval is not None
    assert uneven.interval is not None
    assert (even.lost, uneven.lost) == (0.5, 0.5)
    assert uneven.interval[0] < even.interval[0] < even.interval[1] < uneven.interval[1]


def test_losing_winners_more_often_than_accepted_is_said_with_both_numbers() -> None:
    found = told(*(a_past(name, *[LOSES] * 9, KEEPS) for name in "abc"))

    assert found.sentence == (
        "On the 3 most similar past studies this policy would have saved 50 % of the training [50, 50] and lost the "
        "best trial in 90 % of the runs [73, 98]: beyond doubt more often than the 20 % that the plan accepts."
    )


def test_more_than_accepted_on_few_replays_is_said_and_blocks_nothing() -> None:
    found = told(a_past("a", LOSES, KEEPS, KEEPS))

    assert "lost the best trial in 33 % of the runs [1, 91]. The plan accepts 20 %" in found.sentence
    assert "not beyond doubt with so few replays, so nothing is blocked." in found.sentence


def test_little_evidence_and_a_wide_interval_are_doubts() -> None:
    found = told(a_past("one", 0.1, 0, 0, 0, 0))

    assert found.doubts == [
        "From 1 study replayed just now (5 random orders in all).",
        "1 study is little evidence about the next one.",
        "The interval reaches 72 %, above what the plan accepts.",
    ]


def test_too_little_to_judge_by_is_said_in_words_with_the_remedy_instead_of_an_interval() -> None:
    found = told(*(a_pruned_past(name, *[LOSES] * 3, control=0) for name in "abc"))

    known: list[object] = [found.lost, found.interval, found.bounds]
    assert known == [None, None, (0, 1)]
    assert "lost the best trial in 0 to 100 % of the runs, which is too little to judge by" in found.sentence
    assert "A study with `control_every: 10`, or one under `policy: off`, would." in found.sentence


def test_an_estimate_says_how_many_complete_curves_it_rests_on_and_what_is_known_without_it() -> None:
    found = told(*(a_pruned_past(name, *[LOSES] * 6, *[KEEPS] * 4, control=5) for name in "abc"))

    assert "lost the best trial in 60 % of the runs [7, 98]" in found.sentence
    assert (
        "3 studies were pruned: what the stopped trials would have become is estimated from 15 complete curves that no "
        "rule chose, and counts by their share of all curves; without that estimate it is 0 to 100 %."
    ) in found.doubts


def test_studies_too_thin_to_judge_are_named_beside_those_that_speak() -> None:
    found = told(a_past("a", *[KEEPS] * 10), a_pruned_past("b", LOSES, control=0))

    assert found.sentence.startswith("On the most similar past study this policy")
    assert "1 study more was pruned too hard to be judged." in found.doubts


def test_figures_of_the_library_say_so_and_count_their_orders() -> None:
    found = told(of_library(a_play("balanced", lost=0.1), name="imdb", distance=0.4))

    assert found.lost == 0.1
    assert found.interval == pytest.approx((0.0025, 0.445), abs=0.001)
    assert found.doubts[0] == "From figures that 1 card of the library holds."


def test_a_card_of_a_pruned_study_speaks_by_its_estimate() -> None:
    open_ = Estimate(at_least=0.0, at_most=1.0, low=0.0, high=1.0, expected=0.3, expected_low=0.1, expected_high=0.6)
    values = dict.fromkeys(("compute", "regret", "lost", "material"), open_)
    played = type(a_play("x"))(**{**a_play("balanced").__dict__, **values, "control": 4, "broken_off": 16})
    found = of_library(played, name="imdb", distance=0.4)

    assert found.likely_lost == 0.3
    assert (found.control, found.weight) == (4, 2)


def test_replays_and_figures_of_the_library_are_summed_up_together() -> None:
    known = of_library(a_play("balanced", lost=0.3, compute=0.2), name="imdb", distance=0.9)
    found = told(known, a_past("one", 0, 0))

    assert [one.source for one in found.past] == ["replay", "library"]
    assert found.lost == pytest.approx(0.15)
    assert found.doubts[0] == (
        "From 1 study replayed just now (2 random orders in all) and figures that 1 card of the library holds."
    )


def test_a_past_study_tells_its_own_share() -> None:
    one = a_past("one", 0.1, 0)

    assert one.lost == (0.5, 0.5)
    assert one.likely_lost == 0.5
    assert one.control is None
    assert one.saved == (0.5, 0.5)


@pytest.mark.parametrize(
    ("winner", "sentence"),
    [
        (
            Winner(name="4", n_trials=60, drawn=9, stopped=7, step=4, horizon=24),
            (
                "Trial 4, the best of 60, would have been stopped in 7 of the 9 replays that drew it, mostly at step 4 "
                "of 24."
            ),
        ),
        (
            Winner(name="41", n_trials=60, drawn=9, stopped=0),
            "Trial 41, the best of 60, would have been kept in all 9 replays that drew it.",
        ),
        (Winner(name="41", n_trials=60, drawn=0, stopped=0), ""),
    ],
)
def test_the_lot_of_a_past_winner_is_said_in_a_sentence(winner: Winner, sentence: str) -> None:
    assert winner.sentence == sentence


@pytest.mark.parametrize(
    ("stopped", "lost", "rest"),
    [
        (0, 0.0, "would have been kept in all 9 replays that drew it."),
        (0, 8.1, f"would have been kept in all 9 replays that drew it; but 8 of them lost a trial {BETTER}."),
        (0, 9.0, f"would have been kept in all 9 replays that drew it; but all of them lost a trial {BETTER}."),
        (7, 0.0, "would have been stopped in 7 of the 9 replays that drew it, mostly at step 4 of 24."),
    ],
)
def test_the_lot_of_a_winner_agrees_with_what_is_estimated_of_stopped_trials(
    stopped: int, lost: float, rest: str
) -> None:
    step = 4 if stopped else None

    winner = Winner(
        name="9", n_trials=60, drawn=9, stopped=stopped, step=step, horizon=24, was_pruned=True, others_lost=lost
    )

    assert winner.sentence == f"Trial 9, the best of 60 as recorded, {rest}"


def test_a_refusal_says_that_stopped_trials_are_counted_as_estimated() -> None:
    told = Replayed(
        name="late 1",
        distance=0.1,
        saved=(0.5, 0.6),
        lost=(0.0, 0.9),
        source="replay",
        likely_lost=0.9,
        orders=10,
        control=8,
        winner="Trial 9, the best of 60 as recorded, would have been kept.",
    ).sentence

    assert told == (
        "late 1: the trial that would have ended best, stopped ones counted as estimated from 8 complete curves, lost "
        "in 90 % of 10 replays. Trial 9, the best of 60 as recorded, would have been kept."
    )
