"""The lab's figures in words: intervals, differences, and whether a dial keeps its promise."""

import pytest

from pruning.backtest import Cell, Scores
from pruning.backtest.roles import Role
from pruning.lab.figures import Figures, View
from pruning.pages import lab_table, lab_words
from trials.pages.words import NARROW_SPACE

ROLES = {"ours": Role("ours", 0.2), "peer": Role("peer"), "full": Role("reference")}
TOTAL = View("total", "All")


def figures(ours: list[float], peer: list[float], *, worst: float = 0.0) -> Figures:
    """Return figures of as many studies as there are shares of lost winners; `worst` is added where nobody knows."""
    cells = []
    for place, (own, other) in enumerate(zip(ours, peer, strict=True)):
        for policy, lost in (("ours", own), ("peer", other), ("full", 0.0)):
            regret = lost / 10
            best = (0.5, regret, lost, float(regret > 0.05))
            bound = (0.5, regret + worst, min(1.0, lost + worst), best[3]) if policy != "full" else best
            cells += [
                Cell(
                    family="toys",
                    task=f"study {place}",
                    order=0,
                    policy=policy,
                    workers=1,
                    fingerprint="",
                    figures=best,
                    worst=bound,
                )
            ]
    return Figures(scores=Scores(cells, list(ROLES)), tasks={}, roles=ROLES, most_lost=None)


def said(found: Figures) -> str:
    paragraphs = lab_words.of_figures(found, found.summary(TOTAL), against="peer")
    return " ".join("".join(run.text for run in paragraph) for paragraph in paragraphs).replace(NARROW_SPACE, " ")


def test_a_difference_that_every_study_shows_is_settled_and_has_its_size() -> None:
    told = said(figures([0.1, 0.2, 0.1, 0.2], [0.5, 0.6, 0.5, 0.6]))

    assert told.startswith(
        "At peer's compute, ours loses the best trial in 15 % of replays instead of 55 %, 40 points fewer"
    )
    assert "Its regret is 0.015 against 0.055, lower by 0.040" in told


def test_a_difference_that_studies_disagree_on_is_not_settled() -> None:
    told = said(figures([0.1, 0.6, 0.1, 0.6], [0.5, 0.2, 0.5, 0.2]))

    assert "a difference that 4 studies do not settle." in told


def test_what_bounds_leave_open_is_said() -> None:
    assert "nobody knows how often ours and peer lose the best trial" in said(
        figures([0.1, 0.2], [0.2, 0.3], worst=0.8)
    )


def test_where_nothing_was_lost_nothing_is_claimed() -> None:
    assert "neither ours nor peer loses the best trial in any replay" in said(figures([0.0, 0.0], [0.0, 0.0]))


def test_a_settled_difference_is_drawn_apart_from_one_that_reaches_nothing() -> None:
    clear = figures([0.1, 0.2, 0.1], [0.5, 0.6, 0.5])
    unclear = figures([0.1, 0.6, 0.3], [0.5, 0.2, 0.4])

    drawn = [
        lab_table.rows(found, found.summary(TOTAL), against="peer", of="lost")[0].against for found in (clear, unclear)
    ]

    assert [one is not None and one.settled for one in drawn] == [True, False]
    assert drawn[0] is not None
    assert drawn[0].text == "−40 points"
    assert drawn[0].low + drawn[0].width < 50


@pytest.mark.parametrize(
    ("lost", "verdict"),
    [
        ([0.0, 0.1, 0.1], "kept"),
        ([0.0, 0.0, 0.0], "none lost: play more"),
        ([0.1, 0.2, 0.3], "not settled"),
        ([0.3, 0.4, 0.5], "promises too much"),
    ],
)
def test_a_dial_is_kept_only_beyond_doubt(lost: list[float], verdict: str) -> None:
    found = figures(lost, [0.5, 0.5, 0.5])

    (row,) = lab_table.dial_rows(found, found.summary(TOTAL))

    assert (row.name, row.promised_text, row.verdict) == ("ours", f"20{NARROW_SPACE}%", verdict)


def test_bounds_stand_in_place_of_a_mean() -> None:
    found = figures([0.1, 0.1], [0.2, 0.2], worst=0.3)

    row = lab_table.rows(found, found.summary(TOTAL), against="peer", of="lost")[0]

    assert row.figures[2].value == f"10 to 40{NARROW_SPACE}%"
