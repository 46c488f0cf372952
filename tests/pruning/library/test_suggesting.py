"""Policies ranked by what they did on similar studies."""

import pytest

from pruning.library.card import Card
from pruning.library.neighbours import ranked
from pruning.library.suggesting import Candidate, Ranked, suggested
from tests.pruning.library.cards import a_card, a_play, a_task, known

CANDIDATES = {name: Candidate(name=name, fingerprint=name) for name in ("careful", "bold")}


def a_study(place: int, *, bold_regret: float = 0.3, **task: object) -> Card:
    played = [a_play("careful", compute=0.5, regret=0.0), a_play("bold", compute=0.2, regret=bold_regret)]
    return a_card(f"study {place}", played=played, task=a_task(**task))


def order(cards: list[Card]) -> list[Ranked]:
    return suggested(ranked(cards, a_task()), CANDIDATES)


def test_the_policy_with_less_regret_and_compute_comes_first() -> None:
    found = order([a_study(place) for place in range(3)])

    assert [one.candidate.name for one in found] == ["careful", "bold"]
    assert found[0].utility == pytest.approx(-0.05)
    assert found[0].sentence == (
        "On 3 similar studies (mean distance 0.00) it trained 50 % of the steps, lost the best trial in 10 % of the "
        "runs, and ended with a regret of 0.000."
    )


def test_saved_compute_outweighs_a_little_regret() -> None:
    assert order([a_study(place, bold_regret=0.01) for place in range(3)])[0].candidate.name == "bold"


def test_a_policy_that_did_well_by_luck_pays_for_its_scatter() -> None:
    found = order([a_study(place, bold_regret=regret) for place, regret in enumerate([0.0, 0.0, 0.07])])

    assert found[0].candidate.name == "careful"


def test_fewer_than_three_studies_support_nothing() -> None:
    assert order([a_study(place) for place in range(2)]) == []


def test_studies_too_unlike_do_not_count_as_support() -> None:
    far = [a_study(place, tags=("vision",), metric="accuracy") for place in range(5)]

    assert order(far) == []


def test_a_policy_of_the_same_name_with_other_settings_is_another_one() -> None:
    cards = [a_card(f"study {place}", played=[a_play("bold", fingerprint="an older one")]) for place in range(3)]

    assert order(cards) == []


def test_figures_that_recordings_leave_open_are_told_as_the_worst_case() -> None:
    played = a_play("careful")
    open_ended = type(played)(**{**played.__dict__, "lost": known(0.0, worst=0.4)})
    (found,) = order([a_card(f"study {place}", played=[open_ended]) for place in range(3)])

    assert "it in the worst case of what their recordings leave open trained 40 %" in found.sentence
    assert "lost the best trial in 40 % of the runs" in found.sentence
