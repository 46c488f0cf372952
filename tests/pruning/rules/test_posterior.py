"""The learning-curve posterior: whom it stops, when it has nothing to say, and that its numbers are what it says."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from pruning.calibrated_population import CalibratedPopulation
from pruning.looks import Geometric
from pruning.policy import Policy
from pruning.rules.base import Curve, Facts, Kind, SettingError, Verdict
from pruning.rules.divergence import Divergence
from pruning.rules.experience import Experience
from pruning.rules.posterior import Posterior
from pruning.safeguards import Safeguards
from pruning.simulate import Ended, Pool, outcome_of, simulate
from tests.pruning import negative_controls as studies

HORIZON, LOOKS = 32, (4, 8, 16)
STEPS = np.arange(1, HORIZON + 1)


def curve(end: float, gain: float = 1.0, power: float = 0.7, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """Return a power law that ends near `end`."""
    values: np.ndarray = end + gain * (STEPS**-power - HORIZON**-power)
    return values + np.random.default_rng(seed).normal(0, noise, HORIZON)


PEERS = [curve(end, gain, power) for end, gain, power in zip(
    (1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.2, 2.4),
    (1.0, 1.3, 0.8, 1.1, 1.2, 0.9, 1.0, 1.2),
    (0.6, 0.7, 0.8, 0.5, 0.7, 0.9, 0.6, 0.7),
    strict=True,
)]  # fmt: skip


def facts(own: np.ndarray, peers: list[np.ndarray] = PEERS, *, step: int = 16, maximize: bool = False) -> Facts:
    """Return the facts of a trial at a decision point after all peers have ended."""
    population = CalibratedPopulation(looks=LOOKS, horizon=HORIZON)
    sign = -1 if maximize else 1

    def tell(number: int, values: np.ndarray, until: int) -> None:
        keys = np.where(np.isfinite(values), sign * values, math.inf)
        for look in [look for look in (*LOOKS, HORIZON) if look <= until]:
            population.observe(number, look, value=float(keys[look - 1]), best=float(keys[:look].min()))

    for number, values in enumerate(peers):
        tell(number, values, HORIZON)
        population.complete(number)
    tell(len(peers), own, step)
    return Facts(
        metric="val_loss",
        maximize=maximize,
        step=step,
        horizon=HORIZON,
        trial=len(peers),
        curve=Curve.of(STEPS[:step], own[:step]),
        looks=LOOKS,
        peers=population,
    )


def judged(own: np.ndarray, step: int = 16, rule: Posterior | None = None, **more: object) -> Verdict:
    return (rule or Posterior()).judge(facts(own, step=step, **more))  # type: ignore[arg-type]  # the names are those of facts


# --- Whom it stops


@pytest.mark.parametrize(
    ("end", "step", "kind"),
    [
        (0.8, 16, Kind.KEEP),
        (0.8, 8, Kind.KEEP),
        (1.0, 16, Kind.KEEP),  # too close to call
        (2.3, 4, Kind.KEEP),  # the first bad look
        (2.3, 8, Kind.STOP),
        (2.3, 16, Kind.STOP),
        (1.6, 16, Kind.STOP),
    ],
)
def test_a_trial_stops_at_the_second_look_at_which_it_has_no_chance(end: float, step: int, kind: Kind) -> None:
    assert judged(curve(end), step).kind is kind


def test_more_looks_may_be_asked_for() -> None:
    three = Posterior(in_a_row=3)

    assert [judged(curve(2.3), step, three).kind for step in LOOKS] == [Kind.KEEP, Kind.KEEP, Kind.STOP]
    assert judged(curve(2.3), 4, Posterior(in_a_row=1)).kind is Kind.STOP


def test_the_looks_before_are_judged_by_what_is_known_today() -> None:
    evidence = judged(curve(2.3), 8).evidence

    assert evidence["low_looks"] == 2
    before = evidence["before"][0]  # type: ignore[index]  # a list of one
    alone = judged(curve(2.3), 4, Posterior(in_a_row=1)).evidence
    assert {name: before[name] for name in ("mu", "sd", "probability")} == {
        name: alone[name] for name in ("mu", "sd", "probability")
    }


def test_being_among_the_best_five_is_easier_than_being_the_best() -> None:
    own = curve(1.5)

    first, five = judged(own), judged(own, rule=Posterior(k=5))

    assert (first.kind, five.kind) == (Kind.STOP, Kind.KEEP)
    assert (five.evidence["cut"], five.evidence["cut_trial"]) == (pytest.approx(1.8), 4)
    assert "the chance to be among the best 5 (cut 1.8000)" in five.sentence()


def test_a_gain_may_be_asked_for() -> None:
    own = curve(0.9)

    assert judged(own).kind is Kind.KEEP
    assert judged(own, rule=Posterior(min_gain=0.5)).kind is Kind.STOP


def test_a_best_that_beats_the_cut_already_is_sure_of_it() -> None:
    own = curve(0.5)
    own[12:] = 3.0

    verdict = judged(own)

    assert verdict.kind is Kind.KEEP
    assert verdict.evidence["probability"] == 1.0


# --- Values that are no numbers


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("by", ["best", "value"])
def test_a_last_value_that_is_not_finite_has_no_chance(by: str, value: float) -> None:
    own = curve(0.8)
    own[15] = value

    verdict = judged(own, rule=Posterior(by=by))

    assert (verdict.kind, verdict.reason) == (Kind.STOP, "unpromising")
    assert verdict.evidence["probability"] == 0.0
    assert "is not a number" in verdict.sentence()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_in_the_middle_is_left_out(value: float) -> None:
    own = curve(0.8)
    own[5] = value

    assert judged(own).kind is Kind.KEEP
    assert judged(own, rule=Posterior(by="value")).evidence["points"] == 15


def test_a_peer_that_ended_without_a_number_teaches_nothing_and_changes_nothing() -> None:
    plainly = judged(curve(1.5))

    again = judged(curve(1.5), peers=[*PEERS, np.full(HORIZON, math.nan)])

    assert [again.evidence[name] for name in ("mu", "sd", "probability", "cut")] == [
        plainly.evidence[name] for name in ("mu", "sd", "probability", "cut")
    ]


# --- When it has nothing to say


def test_with_few_ended_trials_there_is_no_verdict() -> None:
    verdict = judged(curve(2.3), peers=PEERS[:4])

    assert (verdict.kind, verdict.reason) == (Kind.ABSTAIN, "few_peers")
    assert re.fullmatch(r"val_loss 2\.35\d\d has 4 of 5 ended trials to be forecast from", verdict.clause)


def test_ended_trials_that_were_not_seen_here_do_not_help() -> None:
    moment = facts(curve(2.3))
    population = CalibratedPopulation(looks=LOOKS, horizon=HORIZON)
    for number, values in enumerate(PEERS):
        population.observe(number, HORIZON, value=float(values[-1]), best=float(values.min()))
        population.complete(number)

    verdict = Posterior().judge(replace(moment, peers=population))

    assert verdict.kind is Kind.ABSTAIN
    assert verdict.clause.endswith("has 0 of 5 ended trials to be forecast from")


def test_a_trial_that_reports_at_other_steps_than_its_peers_is_forecast_all_the_same() -> None:
    moment = facts(curve(2.3))
    places = [0, 2, 6, 10, 15]
    sparse = replace(moment, curve=Curve.of(STEPS[places], moment.curve.values[places]))

    assert Posterior(in_a_row=1).judge(sparse).kind is Kind.STOP


def test_with_few_reports_there_is_no_verdict() -> None:
    moment = facts(curve(2.3), step=4)
    sparse = replace(moment, curve=Curve.of([2, 4], moment.curve.values[[1, 3]]))

    verdict = Posterior().judge(sparse)

    assert (verdict.kind, verdict.reason) == (Kind.ABSTAIN, "grace")
    assert verdict.clause == "val_loss 2.5905 after 2 reports; a forecast takes 4"


def test_a_trial_is_not_a_peer_of_itself() -> None:
    moment = facts(PEERS[0], PEERS)
    again = replace(moment, trial=0)  # a configuration that has ended and is continued

    assert Posterior().judge(again).evidence["cut_trial"] == 1


# --- What it says


def test_the_numbers_of_the_sentence_are_those_of_the_evidence() -> None:
    verdict = judged(curve(1.6, seed=2, noise=0.01))

    said = re.fullmatch(
        r"Stopped at step 16: val_loss ([\d.]+) is expected to end at ([\d.]+) ± ([\d.]+); "
        r"the chance to be the best \(cut ([\d.]+)\) is (under )?([\d.]+) %, below ([\d.]+) % at (\d) looks in a row\.",
        verdict.sentence(),
    )
    assert said is not None, verdict.sentence()
    for text, name in zip(said.groups()[:4], ("value", "mu", "sd", "cut"), strict=True):
        assert float(text) == pytest.approx(verdict.evidence[name], abs=5e-5)
    assert 100 * float(str(verdict.evidence["probability"])) <= float(said[6])
    assert (float(said[7]), int(said[8])) == (100 * Posterior().alpha, verdict.evidence["low_looks"])


def test_the_evidence_names_the_event_and_the_shapes() -> None:
    evidence = judged(curve(1.6)).evidence

    assert (evidence["probability_of"], evidence["k"]) == ("best_k", 1)
    assert len(evidence["shapes"]) == 3  # type: ignore[arg-type]  # a mapping
    assert (evidence["points"], evidence["ended_here"], evidence["cut_trial"]) == (16, 8, 0)


def test_maximising_mirrors_the_forecast() -> None:
    plainly = judged(curve(1.6))

    mirrored = judged(-curve(1.6), peers=[-peer for peer in PEERS], maximize=True)

    assert mirrored.evidence["mu"] == -float(str(plainly.evidence["mu"]))
    assert mirrored.evidence["probability"] == plainly.evidence["probability"]


# --- What the peers teach


def test_deviations_widen_by_how_far_the_peers_ended_from_their_forecasts() -> None:
    surprising = [
        np.where(STEPS < 24, peer, peer - drop)
        for peer, drop in zip(PEERS, (0.0, 1.5, 0.1, 0.0, 1.4, 0.0, 0.2, 1.6), strict=True)
    ]

    assert float(str(judged(curve(1.6), peers=surprising).evidence["sd"])) > 3 * float(
        str(judged(curve(1.6)).evidence["sd"])
    )


def test_the_widening_brings_peers_of_another_seed_into_their_intervals() -> None:
    random = np.random.default_rng(9)
    inside, n = 0, 0
    for _ in range(12):
        ends, gains, powers = random.uniform(1, 2, 25), random.uniform(0.5, 1.5, 25), random.uniform(0.3, 1.2, 25)
        every = [
            curve(*each, noise=0.02, seed=int(random.integers(1 << 30)))
            for each in zip(ends, gains, powers, strict=True)
        ]
        for own in every[20:]:
            evidence = judged(own, 8, Posterior(by="value"), peers=every[:20]).evidence
            inside += abs(float(str(evidence["mu"])) - own[-1]) < 1.96 * float(str(evidence["sd"]))
            n += 1

    assert inside / n >= 0.88


def test_one_runaway_peer_does_not_decide_what_is_usual() -> None:
    runaway = PEERS[0] * np.where(STEPS < 20, 1, 1e6)
    moment = facts(curve(1.6), [*PEERS, runaway])

    found = Experience.at(16, facts=moment, by="value", window=500, least=5)

    assert found is not None
    assert float(found.prior.end_variance[0]) < 20
    assert judged(curve(0.8), rule=Posterior(by="value"), peers=[*PEERS, runaway]).kind is Kind.KEEP


def test_the_newest_ended_trials_are_the_prior() -> None:
    moved = [peer - 0.5 for peer in PEERS]

    windowed = judged(curve(1.6), rule=Posterior(window=8), peers=[*PEERS, *moved])

    assert windowed.evidence["ended_here"] == 8
    assert windowed.evidence["prior_end"] == judged(curve(1.6), peers=moved).evidence["prior_end"]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("alpha", 0.0), ("alpha", 1.0), ("k", 0), ("in_a_row", 0), ("min_reports", 1), ("min_ended", 2),
        ("min_gain", -1.0), ("min_gain", math.nan), ("by", "mean"), ("window", 4),
    ],
)  # fmt: skip
def test_nonsense_is_refused_with_the_remedy(setting: str, value: object) -> None:
    with pytest.raises(SettingError, match=setting):
        Posterior(**{setting: value})  # type: ignore[arg-type]  # on purpose


# --- Whole studies


def power_laws(seed: int) -> Pool:
    random = np.random.default_rng(seed)
    steps = np.arange(1, studies.REPORTS + 1)
    spans = ((0.5, 2.5), (0.5, 3.0), (0.3, 1.2))
    ends, gains, powers = (random.uniform(low, high, (studies.TRIALS, 1)) for low, high in spans)
    return studies.pool(ends + gains * steps**-powers + random.normal(0, 0.01, (studies.TRIALS, studies.REPORTS)))


POLICY = Policy(
    looks=Geometric(first=1, factor=2.0),
    gates=(Divergence(grace=studies.REPORTS),),
    strategy=Posterior(),
    safeguards=Safeguards(min_peers=0, top_k=0, control_every=0),
)


def test_on_power_laws_it_spends_less_than_half_and_keeps_the_best() -> None:
    found = [outcome_of(power_laws(seed), simulate(power_laws(seed), POLICY)) for seed in range(4)]

    assert np.mean([outcome.compute for outcome in found]) < 0.5
    assert sum(outcome.lost for outcome in found) <= 1


def test_where_curves_say_nothing_of_the_end_it_all_but_stops_pruning() -> None:
    found = [outcome_of(pool, simulate(pool, POLICY)) for pool in map(studies.independent, range(3))]

    assert np.mean([outcome.compute for outcome in found]) > 0.8


def test_where_early_leaders_end_worst_it_learns_so() -> None:
    found = [outcome_of(pool, simulate(pool, POLICY)) for pool in map(studies.reversed_order, range(3))]

    assert max(outcome.regret for outcome in found) < 0.1


def test_every_trial_ends_complete_or_stopped() -> None:
    run = simulate(power_laws(0), POLICY)

    assert {fate.ended for fate in run.fates} == {Ended.COMPLETE, Ended.PRUNED}
    assert {one.verdict.kind for one in run.verdicts} >= {Kind.KEEP, Kind.STOP, Kind.ABSTAIN}
