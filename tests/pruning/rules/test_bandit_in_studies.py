"""The bandit in whole studies."""

import pytest

from pruning.looks import Geometric
from pruning.policy import Policy
from pruning.rules.bandit import Bandit
from pruning.rules.divergence import Divergence
from pruning.safeguards import Safeguards
from pruning.simulate import Ended, Pool, Run, outcome_of, simulate
from tests.pruning import negative_controls as studies


def policy(strategy: Bandit) -> Policy:
    return Policy(
        looks=Geometric(first=1, factor=2.0),
        gates=(Divergence(grace=studies.REPORTS),),
        strategy=strategy,
        safeguards=Safeguards(min_peers=0, top_k=0, control_every=0),
    )


def played(pool: Pool, strategy: Bandit) -> Run:
    return simulate(pool, policy(strategy), seed=1)


ALL = [
    Bandit(),
    Bandit(index="ucb"),
    Bandit(action="pause"),
    Bandit(index="ucb", action="pause"),
    Bandit(index="thompson", action="pause"),
]
NAMES = [f"{one.index}, {one.action}" for one in ALL]


@pytest.mark.parametrize("strategy", ALL, ids=NAMES)
def test_on_curves_that_never_cross_it_saves_compute_and_keeps_the_best(strategy: Bandit) -> None:
    pool = studies.ordered(2)

    found = outcome_of(pool, played(pool, strategy))

    assert found.compute < 0.75
    assert not found.lost


@pytest.mark.parametrize("strategy", ALL, ids=NAMES)
def test_every_study_ends_with_someone_at_the_end_and_nobody_forgotten(strategy: Bandit) -> None:
    run = played(studies.reversed_order(1), strategy)

    ended = [fate.ended for fate in run.fates]
    assert ended.count(Ended.COMPLETE) >= 3
    assert Ended.WAITING not in ended
    assert all(fate.reports for fate in run.fates)


@pytest.mark.parametrize("strategy", [ALL[2], ALL[4]], ids=[NAMES[2], NAMES[4]])
def test_where_early_leaders_end_worst_pausing_finds_the_late_ones(strategy: Bandit) -> None:
    pool = studies.reversed_order(0)

    assert outcome_of(pool, played(pool, strategy)).regret < 0.1


def test_where_all_diverge_the_study_ends_too() -> None:
    run = played(studies.diverging(0), Bandit(action="pause"))

    assert {fate.ended for fate in run.fates} == {Ended.PRUNED}
