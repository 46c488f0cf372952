"""The share of wrong stops, on cases small enough to count by hand."""

import math

import pytest

from pruning.intervals import clopper_pearson
from pruning.judgement.best_k import Judgement, Member, Share, judge
from pruning.judgement.shadow import Fate, State

OTHERS = [(1.0, 0), (2.0, 1), (3.0, 2), (4.0, 3)]
"""(key, number): the best two end at 1 and 2."""


def member(number: int, key: float | None, state: State = State.STOPPED) -> Member:
    return Member(number=number, fate=Fate(state), key=key)


def judged(*members: Member, k: int = 2, is_closed: bool = True, others: list[tuple[float, int]] = OTHERS) -> Judgement:
    return judge(members, others, k=k, is_closed=is_closed)


@pytest.mark.parametrize(
    ("key", "is_wrong"),
    [
        pytest.param(0.5, True, id="better than all"),
        pytest.param(1.5, True, id="second"),
        pytest.param(2.5, False, id="third"),
        pytest.param(math.inf, False, id="not a number ranks last"),
    ],
)
def test_a_stop_was_wrong_if_the_trial_ended_among_the_best_k(key: float, is_wrong: bool) -> None:
    assert judged(member(9, key)).best_k.hits == int(is_wrong)


@pytest.mark.parametrize(
    ("number", "is_wrong"), [pytest.param(-1, True, id="earlier"), pytest.param(9, False, id="later")]
)
def test_a_tie_goes_to_the_earlier_trial(number: int, is_wrong: bool) -> None:
    assert judged(member(number, 2.0)).best_k.hits == int(is_wrong)


def test_would_be_stopped_members_are_not_what_the_others_are_measured_against() -> None:
    both = [(0.1, 8), (0.2, 9), *OTHERS]

    found = judged(member(8, 0.1), member(9, 0.2), member(7, 1.5), others=both)

    assert found.wrong == (7, 8, 9)
    assert found.best == ((1.0, 0), (2.0, 1))


@pytest.mark.parametrize("state", [State.WENT_ON, State.FINISHED])
def test_members_that_would_not_have_been_stopped_count_among_the_others(state: State) -> None:
    found = judged(member(8, 0.1, state), member(9, 1.5), others=[(0.1, 8), *OTHERS])

    assert (found.met, found.best) == (1, ((0.1, 8), (1.0, 0)))
    assert found.wrong == ()


def test_an_unknown_end_is_shown_and_widens_the_interval_on_both_sides() -> None:
    found = judged(member(6, 1.5), member(7, 9.0), member(8, 9.5), member(9, None))

    assert (found.best_k.hits, found.best_k.known, found.unknown) == (1, 3, (9,))
    assert found.best_k.low == clopper_pearson(1, 4)[0]
    assert found.best_k.high == clopper_pearson(2, 4)[1]


def test_with_fewer_than_k_others_nobody_can_tell() -> None:
    found = judged(member(8, 0.5), member(9, 9.0), k=5)

    assert (found.best_k.known, found.unknown) == (0, (8, 9))
    assert found.best_k.high == 1.0


def test_a_paused_shadow_counts_once_the_study_has_closed() -> None:
    paused = member(9, 9.0, State.PAUSED)

    assert judged(paused).best_k.known == 1
    assert judged(paused, is_closed=False).best_k.known == 0
    assert judged(paused, is_closed=False).paused == (9,)


def test_a_shadow_that_is_paused_in_a_running_study_may_still_leave_the_sample() -> None:
    settled = [member(6, 1.5), member(7, 9.0)]

    found = judged(*settled, member(8, 1.6, State.PAUSED), member(9, 9.0, State.PAUSED), is_closed=False)

    assert (found.best_k.hits, found.best_k.known, found.best_k.unknown) == (1, 2, 2)
    assert found.best_k.low == clopper_pearson(1, 4)[0]
    assert found.best_k.high == clopper_pearson(2, 3)[1]


def test_beating_the_winner_is_measured_in_units_of_the_metric() -> None:
    found = judged(member(6, 0.25), member(7, 0.75), member(8, 1.5))

    assert found.winner.hits == 2
    assert found.gain == 0.75
    assert judged(member(8, 1.5)).gain is None


def test_the_upper_limit_on_lost_winners_is_that_of_the_share() -> None:
    found = judged(*(member(number, 9.0) for number in range(10, 25)))

    assert clopper_pearson(0, 15)[1] == pytest.approx(0.218, abs=1e-3)
    assert found.most_winners(87) == 19
    assert found.most_winners(0) == 0
    assert judged().most_winners(87) == 87


def test_two_of_seven_says_little_and_says_so() -> None:
    found = judged(*(member(number, 1.5 if number < 22 else 9.0) for number in range(20, 27)), k=3)

    assert (found.best_k.hits, found.best_k.known) == (2, 7)
    assert (round(found.best_k.low, 2), round(found.best_k.high, 2)) == (0.04, 0.71)


def test_no_member_is_no_evidence() -> None:
    assert judged().best_k == Share(hits=0, known=0, unknown=0, low=0.0, high=1.0)
