"""What the safety gate says about past studies, from figures that are known."""

import pytest

from pruning.backtest import Cell
from pruning.backtest.scores import Estimate
from pruning.library.gate import Past, forecast, nothing_known, of_library, replayed
from tests.pruning.backtest.cells import a_cell
from tests.pruning.library.cards import a_play


def a_past(name: str, *regrets: float, distance: float = 0.1, worst: float | None = None) -> Past:
    cells = [a_cell("x", name, order, regret, worst=worst) for order, regret in enumerate(regrets)]
    return replayed(cells, name=name, distance=distance)


def test_without_past_studies_there_is_no_forecast() -> None:
    assert forecast([], risk=0.2) is None
    assert nothing_known(None).startswith("No past study can be compared with this plan")
    assert "at a distance of 1.40, and 1 is the most that counts" in nothing_known(1.4)


def test_studies_count_alike_however_many_orders_each_was_played() -> None:
    found = forecast([a_past("one", 0.1), a_past("two", 0, 0, 0), a_past("three", 0, 0)], risk=0.5)

    assert found is not None
    assert found.lost.at_least == pytest.approx(1 / 3)
    assert found.saved.at_least == pytest.approx(0.5)
    assert not found.is_exceeded


def test_losing_winners_more_often_than_accepted_is_said_with_both_numbers() -> None:
    found = forecast([a_past("one", 0.1, 0.1), a_past("two", 0.1, 0), a_past("three", 0, 0)], risk=0.2)

    assert found is not None
    assert found.is_exceeded
    assert found.sentence == (
        "On the 3 most similar past studies this policy would have saved 50 % of the training [50, 50] and lost the "
        "best trial in 50 % of the runs [0, 100]; more often than the 20 % that the plan accepts."
    )


def test_exactly_the_accepted_share_is_accepted() -> None:
    found = forecast([a_past("one", 0.1, 0, 0, 0, 0)], risk=0.2)

    assert found is not None
    assert not found.is_exceeded
    assert found.sentence.endswith("; the plan accepts 20 %.")


def test_little_evidence_and_a_wide_interval_are_doubts() -> None:
    found = forecast([a_past("one", 0.1, 0, 0, 0, 0)], risk=0.2)

    assert found is not None
    assert found.doubts == [
        "From 1 study replayed just now (5 random orders in all).",
        "1 study is little evidence.",
        "The interval reaches 60 %, above what the plan accepts.",
    ]


def test_what_breaks_off_is_held_against_the_policy_only_in_doubt() -> None:
    found = forecast([a_past(name, 0.0, 0.0, worst=0.5) for name in "abc"], risk=0.2)

    assert found is not None
    assert (found.lost.at_least, found.lost.at_most) == (0, 1)
    assert not found.is_exceeded
    assert "Where recordings break off it may have lost 100 %." in found.doubts
    assert "0 to 100 % of the runs" in found.sentence


def test_figures_of_the_library_say_so_and_keep_their_interval() -> None:
    played = a_play("balanced", lost=0.1)
    played = type(played)(**{**played.__dict__, "lost": Estimate(at_least=0.1, at_most=0.1, low=0.0, high=0.3)})
    found = forecast([of_library(played, name="imdb", distance=0.4)], risk=0.2)

    assert found is not None
    assert (found.lost.low, found.lost.high) == (0.0, 0.3)
    assert found.doubts[0] == "From figures that 1 card of the library holds."


def test_replays_and_figures_of_the_library_are_summed_up_together() -> None:
    known = of_library(a_play("balanced", lost=0.3, compute=0.2), name="imdb", distance=0.9)
    found = forecast([known, a_past("one", 0, 0)], risk=0.2)

    assert found is not None
    assert [one.source for one in found.past] == ["replay", "library"]
    assert found.lost.at_least == pytest.approx(0.15)
    assert found.doubts[0] == (
        "From 1 study replayed just now (2 random orders in all) and figures that 1 card of the library holds."
    )


def test_a_past_study_tells_its_own_share() -> None:
    one = a_past("one", 0.1, 0)

    assert one.lost == (0.5, 0.5)
    assert one.saved == (0.5, 0.5)
    assert all(isinstance(cell, Cell) for cell in one.cells)
