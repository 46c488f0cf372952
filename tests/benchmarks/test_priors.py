"""What past studies are worth is measured with priors that know nothing of the study that is played."""

import pytest

from benchmarks.searching import priors
from benchmarks.searching.priors import of_other_families, of_similar
from pruning.library.neighbours import ranked
from pruning.library.prior import prior_from
from pruning.library.starter import starter
from pruning.links import LIBRARY


def test_similar_studies_speak_but_never_the_study_itself() -> None:
    card = next(card for card in starter() if card.family == "taskset")

    prior = of_similar(card.name)

    assert len(prior.studies) >= 3
    assert card.name not in prior.studies


def test_a_study_without_three_like_it_keeps_the_general_profile() -> None:
    assert of_similar("bert_ft__rte").agreement == LIBRARY


def test_no_recorded_study_has_three_like_it_outside_its_own_family() -> None:
    cards = starter()
    told = {
        card.name: prior_from(ranked((other for other in cards if other.family != card.family), card.descriptors))
        for card in cards
    }

    assert [name for name, prior in told.items() if prior.studies] == []
    assert sum(bool(of_similar(card.name).studies) for card in cards) == 17


def test_other_families_speak_and_the_studys_own_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    without = of_other_families("brax_ppo")

    monkeypatch.setattr(priors, "starter", lambda: tuple(card for card in starter() if card.family != "brax_ppo"))
    of_other_families.cache_clear()

    assert of_other_families("brax_ppo") == without
    of_other_families.cache_clear()


def test_every_family_counts_the_same_however_many_studies_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    once = of_other_families("stepback")

    doubled = (*starter(), *(card for card in starter() if card.family == "taskset"))
    monkeypatch.setattr(priors, "starter", lambda: doubled)
    of_other_families.cache_clear()

    assert of_other_families("stepback") == pytest.approx(once)
    assert list(once) == sorted(once)
    of_other_families.cache_clear()
