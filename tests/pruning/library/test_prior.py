"""A prior from similar studies."""

import pytest

from pruning.library.neighbours import ranked
from pruning.library.prior import Prior, expected, prior_from
from pruning.links import LIBRARY
from tests.pruning.library.cards import a_card, a_task, some_measures

FIRM = (0.9, 0.92, 0.94, 0.96, 0.98, 0.99)


def of(n: int, **task: object) -> Prior:
    cards = [a_card(f"study {place}", measures=some_measures(FIRM), task=a_task(**task)) for place in range(n)]
    return prior_from(ranked(cards, a_task()))


def test_with_fewer_than_three_studies_the_general_profile_holds() -> None:
    assert of(2) == Prior()
    assert of(2).agreement == LIBRARY
    assert of(2).studies == ()


def test_three_similar_studies_are_believed_but_for_the_share_of_the_general_profile() -> None:
    found = of(3)

    assert found.studies == ("study 0", "study 1", "study 2")
    assert all(general < value < firm for general, value, firm in zip(LIBRARY, found.agreement, FIRM, strict=True))
    assert found.weight == 6


def test_studies_too_unlike_are_not_heard() -> None:
    assert of(5, tags=("vision",), metric="accuracy").studies == ()


def test_farther_studies_weigh_less() -> None:
    near, farther = of(3), of(3, tags=("text",))

    assert all(one > other for one, other in zip(near.agreement, farther.agreement, strict=True))
    assert farther.distance == pytest.approx(0.5)


def test_more_training_never_knows_less() -> None:
    falling = (0.9, 0.2, 0.3, 0.4, 0.5, 0.6)
    cards = [a_card(f"study {place}", measures=some_measures(falling)) for place in range(3)]
    found = prior_from(ranked(cards, a_task()))

    assert list(found.agreement) == sorted(found.agreement)


def test_a_study_says_nothing_about_shares_before_its_first_report() -> None:
    late = some_measures(FIRM)
    late = type(late)(profile=late.profile[3:], n_trials=50)
    found = prior_from(ranked([a_card(f"study {place}", measures=late) for place in range(3)], a_task()))

    assert found.agreement[:2] == LIBRARY[:2]
    assert found.agreement[3] > LIBRARY[3]


def test_a_prior_survives_being_written_down() -> None:
    assert Prior.from_mapping(of(4).to_mapping()) == of(4)
    assert Prior.from_mapping(Prior().to_mapping()) == Prior()


def test_between_the_shares_it_is_read_off_the_line() -> None:
    agreement, deviation = expected(of(3), 0.05)

    assert of(3).agreement[1] < agreement < of(3).agreement[2]
    assert deviation > 0
