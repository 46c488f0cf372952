import random
from dataclasses import dataclass

import pytest

from pruning.population import Population, key
from pruning.rules.groups import Group


def filled(order: list[int]) -> Population:
    population = Population()
    for trial in order:
        population.observe(trial, 4, value=float(trial % 5), best=float(trial % 3))
    return population


def test_ranks_are_those_of_the_sorted_pairs() -> None:
    rung = filled(list(range(20))).rung(4)

    pairs = sorted((float(trial % 5), trial) for trial in range(20))
    assert [rung.rank(*pair) for pair in pairs] == list(range(1, 21))
    assert list(rung.values()) == pairs


def test_the_digest_does_not_depend_on_the_order_of_arrival() -> None:
    shuffled = list(range(50))
    random.Random(3).shuffle(shuffled)

    assert filled(shuffled).rung(4).digest == filled(list(range(50))).rung(4).digest


def test_the_digest_tells_an_altered_value() -> None:
    population = filled(list(range(5)))
    before = population.rung(4).digest

    population.observe(2, 4, value=2.0000001, best=0.0)

    assert population.rung(4).digest != before


def test_a_rung_built_late_equals_one_kept_from_the_start() -> None:
    early, late = Population(), Population()
    early.rung(8)
    early.rung(8, who="finished")
    for population in (early, late):
        population.observe(1, 4, value=1.0, best=1.0)
        population.observe(1, 8, value=0.5, best=0.5)
        population.eliminate(2, 4)
        population.eliminate(3, 4)
        population.restore(3)
        population.finish(4, 5, 0.7)
        population.complete(1)

    assert early.rung(8).digest == late.rung(8).digest
    assert early.rung(8).values() == late.rung(8).values() == ((0.5, 1), (0.7, 4))
    assert early.rung(8, who="finished").values() == late.rung(8, who="finished").values() == ((0.5, 1),)


def test_an_eliminated_trial_counts_only_above_its_step() -> None:
    population = Population()
    population.eliminate(1, 4)

    assert [population.rung(step).eliminated for step in (2, 4, 8)] == [0, 0, 1]


def test_a_resumed_trial_is_no_longer_eliminated() -> None:
    population = Population()
    population.eliminate(1, 4)
    population.observe(1, 8, value=1.0, best=1.0)

    assert population.rung(8).eliminated == 0
    assert population.rung(16).eliminated == 0


def test_a_later_observation_of_the_same_step_replaces_the_older() -> None:
    population = Population()
    population.rung(4)
    population.observe(1, 4, value=9.0, best=9.0)
    population.observe(1, 4, value=3.0, best=3.0)

    assert population.rung(4).values() == ((3.0, 1),)


def test_a_finish_carries_its_best_value_forward() -> None:
    population = Population()
    population.finish(7, 5, 0.25)

    assert population.rung(4).values() == ()
    assert population.rung(8).values() == ((0.25, 7),)


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), float("-inf")])
def test_what_is_not_finite_is_worst(value: float | None) -> None:
    assert key(value, maximize=False) == float("inf")
    assert key(value, maximize=True) == float("inf")


def test_there_is_no_negative_zero() -> None:
    assert str(key(0.0, maximize=True)) == "0.0"


# --- Groups


@dataclass(frozen=True)
class Parity:
    """Even and odd trial numbers."""

    def group_of(self, trial: int) -> int:
        return trial % 2


EVEN, ODD = Group(Parity(), 0), Group(Parity(), 1)


def test_a_group_is_ranked_among_its_own() -> None:
    population = Population()
    for trial in range(6):
        population.observe(trial, 2, value=float(trial), best=float(trial))

    assert population.rung(2, among=EVEN).values() == ((0.0, 0), (2.0, 2), (4.0, 4))
    assert population.rung(2, among=ODD).rank(3.0, 3) == 2
    assert population.rung(2).rank(3.0, 3) == 4


def test_groups_follow_every_event_as_if_asked_for_only_then() -> None:
    early, late = Population(), Population()
    for group in (EVEN, ODD):
        early.rung(4, among=group)
        early.rung(4, who="finished", among=group)
    for population in (early, late):
        for trial in range(8):
            population.observe(trial, 2, value=float(-trial), best=float(-trial))
        for trial in (1, 2, 4):
            population.eliminate(trial, 2)
        for trial in (0, 3, 4, 6):
            population.observe(trial, 4, value=float(trial), best=float(-trial))
        population.observe(3, 4, value=0.5, best=-9.0)
        population.restore(1)
        population.finish(5, 2, -5.0)
        population.complete(0)
        population.complete(3)

    for group in (EVEN, ODD):
        for who in ("reached", "finished"):
            kept, anew = (one.rung(4, who=who, among=group) for one in (early, late))
            assert (kept.values(), kept.eliminated, kept.digest) == (anew.values(), anew.eliminated, anew.digest)
    assert late.rung(4, among=EVEN).eliminated == 1
    assert late.rung(4, among=ODD).values() == ((-5.0, 5), (0.5, 3))


def test_an_empty_group_has_a_rung_of_nobody() -> None:
    population = Population()
    population.observe(0, 2, value=1.0, best=1.0)

    assert (population.rung(2, among=ODD).reached, population.rung(2, among=ODD).eliminated) == (0, 0)
