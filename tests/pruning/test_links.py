import math

import numpy as np
import pytest

from pruning.links import LIBRARY, Chain, Link, Members, Shrinkage, Spared, best_chains, measure, prior_agreement
from pruning.normal import cdf, correlation, quantile, scores
from pruning.quotas import LEVELS, best_payoff, survival, winner_score, within_risk

HORIZON = 16


def members(step: int, keys: dict[int, float]) -> Members:
    return Members.of(step, [(key, trial) for trial, key in keys.items()])


def line(n: int, *, step: int = 2) -> Members:
    """Return trials 0, 1, 2... in this order."""
    return members(step, {trial: float(trial) for trial in range(n)})


def link(start: int, end: int, agreement: float, pairs: int = 50) -> Link:
    """Return a link that nothing was taken off."""
    return Link(
        start=start, end=end, pairs=pairs, raw=None, restriction=1.0, corrected=None,
        prior=0.5, prior_weight=6.0, z=math.atanh(agreement), error=0.1, lcb=0.0,
    )  # fmt: skip


def test_normal_scores_depend_on_the_order_alone() -> None:
    keys = np.array([3.0, 1.0, 2.0, 9.0])

    assert scores(keys).tolist() == scores(np.exp(keys)).tolist()
    assert np.argsort(scores(keys)).tolist() == [1, 2, 0, 3]


def test_tied_keys_share_their_mean_rank_and_infinite_ones_tie_as_worst() -> None:
    found = scores(np.array([math.inf, 1.0, math.inf, 1.0]))

    assert found[0] == found[2] == quantile(0.75)
    assert found[1] == found[3] == -found[0]


def test_no_member_has_no_score() -> None:
    assert scores(np.zeros(0)).size == 0
    assert len(members(2, {})) == 0


def test_the_correlation_is_pearsons() -> None:
    first, second = np.random.default_rng(0).normal(size=(2, 40))

    assert correlation(first, second) == pytest.approx(np.corrcoef(first, second)[0, 1], abs=1e-12)


def test_weights_count_a_pair_so_many_times() -> None:
    first, second = np.random.default_rng(1).normal(size=(2, 12))
    weights = np.where(np.arange(12) < 4, 3.0, 1.0)
    repeated = np.repeat(np.arange(12), weights.astype(int))

    weighted = correlation(first, second, weights)

    assert weighted == pytest.approx(correlation(first[repeated], second[repeated]), abs=1e-12)


def test_nothing_correlates_with_what_does_not_vary() -> None:
    assert correlation(np.ones(5), np.arange(5.0)) is None


def test_the_range_restriction_is_corrected() -> None:
    random = np.random.default_rng(4)
    early = random.normal(size=6000)
    late = 0.7 * early + math.sqrt(1 - 0.49) * random.normal(size=6000)
    best = np.argsort(early)[:1500]  # only the best quarter went on

    found = measure(
        members(2, dict(enumerate(early))),
        members(8, {int(trial): float(late[trial]) for trial in best}),
        horizon=HORIZON,
        is_jump=False,
        shrinkage=Shrinkage(),
    )

    assert found is not None
    assert found.raw is not None
    assert found.corrected is not None
    assert found.raw < 0.5
    assert found.corrected == pytest.approx(0.7, abs=0.05)
    assert found.pairs == 1500


def test_the_restriction_is_clipped_at_four() -> None:
    wide = members(2, {trial: float(trial) for trial in range(5000)})

    found = measure(
        wide,
        members(8, {trial: float(trial) for trial in range(2500, 2506)}),
        horizon=HORIZON,
        is_jump=False,
        shrinkage=Shrinkage(),
    )

    assert found is not None
    assert found.restriction == 4.0


def test_the_estimate_is_drawn_towards_the_prior_on_fishers_scale() -> None:
    early = line(11)
    late = members(8, {trial: float((trial * 7) % 11) for trial in range(11)})

    found = measure(early, late, horizon=HORIZON, is_jump=False, shrinkage=Shrinkage(prior_weight=6.0, lcb=1.0))

    assert found is not None
    assert found.corrected is not None
    prior = prior_agreement(2 / HORIZON) / prior_agreement(8 / HORIZON)
    z = (8 * math.atanh(found.corrected) + 6 * math.atanh(prior)) / 14
    assert found.z == pytest.approx(z)
    assert found.error == pytest.approx(1 / math.sqrt(14))
    assert found.pessimistic == pytest.approx(math.tanh(z - 1 / math.sqrt(14)))


@pytest.mark.parametrize(
    ("pairs", "is_jump", "is_known"), [(4, False, False), (5, False, True), (7, True, False), (8, True, True)]
)
def test_a_link_is_unknown_with_few_pairs(pairs: int, is_jump: bool, is_known: bool) -> None:
    found = measure(line(20), line(pairs, step=8), horizon=HORIZON, is_jump=is_jump, shrinkage=Shrinkage())

    assert (found is not None) is is_known


def test_a_link_is_unknown_where_everyone_ties() -> None:
    tied = members(8, dict.fromkeys(range(20), 1.0))

    assert measure(line(20), tied, horizon=HORIZON, is_jump=False, shrinkage=Shrinkage()) is None


def test_a_perfect_order_stays_finite() -> None:
    found = measure(line(500), line(500, step=8), horizon=HORIZON, is_jump=False, shrinkage=Shrinkage())

    assert found is not None
    assert 0.99 < found.agreement < 1


def test_flagged_controls_lower_a_link_from_ten_on() -> None:
    # Twenty went on in order; the flagged ones, spared among many, end best.
    early = line(40)
    late = {trial: float(trial) for trial in range(20)} | {trial: -float(trial) for trial in range(30, 40)}
    plain, nine, ten = (
        measure(
            early,
            members(8, late),
            horizon=HORIZON,
            is_jump=False,
            shrinkage=Shrinkage(),
            spared=dict.fromkeys(range(30, 30 + flagged), Spared(2, 20.0)),
        )
        for flagged in (0, 9, 10)
    )

    assert plain is not None
    assert nine is not None
    assert ten is not None
    assert (nine.pessimistic, nine.weighted) == (plain.pessimistic, None)
    assert ten.flagged == 10
    assert ten.weighted is not None
    assert ten.pessimistic < plain.pessimistic


def test_controls_that_agree_do_not_raise_a_link() -> None:
    early, late = line(40), line(40, step=8)
    plain, weighted = (
        measure(early, late, horizon=HORIZON, is_jump=False, shrinkage=Shrinkage(), spared=spared)
        for spared in ({}, dict.fromkeys(range(25, 40), Spared(2, 20.0)))
    )

    assert plain is not None
    assert weighted is not None
    assert weighted.pessimistic <= plain.pessimistic


def test_the_best_chain_of_evidence_counts() -> None:
    chains = best_chains([2, 4, 8, 16], [link(2, 4, 0.9), link(4, 16, 0.8), link(2, 16, 0.6), link(8, 16, 0.95)])

    assert [(one.start, one.end) for one in chains[2].links] == [(2, 4), (4, 16)]
    assert chains[2].pessimistic == pytest.approx(0.72)
    assert chains[2].agreement == pytest.approx(0.72)
    assert chains[16].pessimistic == 1.0


def test_a_point_without_a_chain_to_the_end_is_unknown() -> None:
    assert 2 not in best_chains([2, 4, 16], [link(2, 4, 0.9)])


def test_a_negative_link_is_worth_nothing() -> None:
    assert Chain(links=(link(2, 4, -0.5), link(4, 16, -0.9))).pessimistic == 0.0


def test_the_error_of_a_chain_comes_from_its_links() -> None:
    chain = Chain(links=(link(2, 4, 0.9, pairs=30), link(4, 16, 0.8, pairs=9)))

    expected = math.hypot(0.8 * (1 - 0.81) * 0.1, 0.9 * (1 - 0.64) * 0.1)
    assert chain.error == pytest.approx(expected)
    assert chain.pairs == 9


@pytest.mark.parametrize(
    ("share", "agreement"), [(0.02, LIBRARY[0]), (0.16, LIBRARY[3]), (1.0, 1.0), (0.001, LIBRARY[0])]
)
def test_the_prior_is_the_librarys_at_its_points(share: float, agreement: float) -> None:
    assert prior_agreement(share) == pytest.approx(agreement)


def test_the_winner_survives_as_often_as_the_formula_says() -> None:
    # 4,000 studies of 50 trials whose order agrees 0.7 with the end.
    random = np.random.default_rng(7)
    final = random.normal(size=(4000, 50))
    early = 0.7 * final + math.sqrt(1 - 0.49) * random.normal(size=final.shape)
    ranks = (early < early[np.arange(4000), final.argmin(axis=1)][:, None]).sum(axis=1) + 1

    for keep in (0.2, 0.5):
        level = int(np.argmin(abs(LEVELS - keep)))
        observed = float((ranks <= LEVELS[level] * 50).mean())
        assert observed == pytest.approx(survival(0.7, 50)[level], abs=0.04)


def test_an_order_that_says_nothing_loses_the_winner_as_chance_would() -> None:
    assert survival(0.0, 100) == pytest.approx(LEVELS, abs=1e-12)


def test_a_heavy_tail_loses_more_by_every_cut() -> None:
    assert (survival(0.9, 100, tail=0.1)[80:-1] < survival(0.9, 100)[80:-1]).all()


@pytest.mark.parametrize("risk", [0.05, 0.2, 0.5])
def test_the_risk_is_spread_within_the_dial(risk: float) -> None:
    shares = within_risk([0.5, 0.6, 0.7, 0.9], [1, 2, 4, 8], trials=100, risk=risk, tail=0.0)

    survives = math.prod(1 - share.risk for share in shares)
    assert 1 - risk <= survives < 1 - 0.8 * risk
    assert [share.keep for share in shares] == sorted((share.keep for share in shares), reverse=True)


def test_a_larger_dial_and_a_surer_order_keep_fewer() -> None:
    def kept(agreement: float, risk: float) -> float:
        return within_risk([agreement], [1.0], trials=100, risk=risk, tail=0.0)[0].keep

    assert kept(0.7, 0.3) < kept(0.7, 0.1)
    assert kept(0.9, 0.2) < kept(0.5, 0.2)


def test_the_shares_are_the_cheapest_of_their_risk() -> None:
    agreements, costs = [0.6, 0.8], [1.0, 4.0]
    shares = within_risk(agreements, costs, trials=60, risk=0.2, tail=0.0)
    cost = sum(share.keep * price for share, price in zip(shares, costs, strict=True))
    first, second = survival(0.6, 60), survival(0.8, 60)

    every = [
        LEVELS[one] + 4 * LEVELS[two]
        for one in range(LEVELS.size)
        for two in range(LEVELS.size)
        if first[one] * second[two] >= 0.8 and LEVELS[two] <= LEVELS[one]
    ]
    assert cost <= 1.02 * min(every)


def test_unknown_agreement_keeps_everyone_and_raises_nobody_else() -> None:
    shares = within_risk([None, 0.8, None], [1, 2, 4], trials=50, risk=0.2, tail=0.0)

    assert (shares[0].keep, shares[0].risk, shares[2].keep) == (1.0, 0.0, 1.0)
    assert shares[1].keep < 0.5


def test_payoff_keeps_the_most_winners_per_compute() -> None:
    agreements, costs = [0.6, 0.8], [1.0, 4.0]
    shares = best_payoff(agreements, costs, first_cost=1.0, trials=60, tail=0.0)
    cost = 1 + sum(share.keep * price for share, price in zip(shares, costs, strict=True))
    price = cost / math.prod(1 - share.risk for share in shares)
    first, second = survival(0.6, 60), survival(0.8, 60)

    every = [
        (1 + LEVELS[one] + 4 * LEVELS[two]) / (first[one] * second[two])
        for one in range(LEVELS.size)
        for two in range(one + 1)
    ]
    assert price <= 1.02 * min(every)


def test_the_best_of_more_trials_is_expected_further_out() -> None:
    assert winner_score(1) == 0.0
    assert winner_score(100) < winner_score(10) < 0
    assert cdf(winner_score(9)) == pytest.approx(0.1)
