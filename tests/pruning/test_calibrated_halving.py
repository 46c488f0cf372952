"""Calibrated halving: how many go on, what a verdict says and cites, and which settings are refused."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from pruning.calibrated_population import CalibratedPopulation
from pruning.canonical import decode, encode
from pruning.rules.base import Kind, SettingError
from pruning.rules.calibrated_halving import CalibratedHalving, explanation
from pruning.rules.calibration import RungCalibration, calibrate
from tests.pruning.calibrated import HORIZON, LOOKS, RULE, arrival, study
from tests.pruning.rules import test_contract as contract


def test_the_sentence_tells_what_step_value_rank_quota_and_cut() -> None:
    population = CalibratedPopulation(looks=(8,), horizon=HORIZON)
    for trial in range(89):
        value = 1.0 + trial * 1.1 / 30 if trial <= 30 else 2.11 + trial / 1000 if trial < 60 else 3.0
        population.observe(trial, 8, value=value, best=value)
    terms = RULE.terms
    made = calibrate(population, looks=(8,), horizon=HORIZON, terms=terms, version=4)
    population.restate(replace(made, arrivals=89, rungs=(known_rung(8, keep=0.345),)))

    verdict = RULE.judge(replace(arrival(population, 2.81, step=8), looks=(8,)))

    assert verdict.sentence() == ("Stopped at step 8: val_loss 2.8100 ranks 61 of 90; the best 31 go on (cut 2.1000).")
    assert (verdict.kind, verdict.reason, verdict.motive) == (Kind.STOP, "outpaced", "speed")
    assert verdict.evidence["calibration"] == 4


def known_rung(step: int, *, keep: float) -> RungCalibration:
    """Return a rung of a calibration that keeps this share."""
    made = calibrate(study(), looks=LOOKS, horizon=HORIZON, terms=RULE.terms)
    return replace(made.at(2), step=step, keep=keep)


def test_what_goes_on_is_explained_by_the_order_it_can_vouch_for() -> None:
    evidence = {
        "chain": [],
        "agreement": 0.718,
        "agreement_error": 0.0812,
        "pairs": 22,
        "quota": 31,
        "aim": "risk",
        "risk": 0.2,
    }

    assert explanation(evidence) == (
        "the order at this step agrees 0.72 ± 0.08 with the end (22 trials), so the best 31 are kept to hold the "
        "risk of losing the winner under 20 %"
    )
    assert explanation({**evidence, "aim": "payoff"}).endswith("which finds the most winners for the compute")
    assert explanation({"chain": None}) == ""


def test_a_promise_that_rests_on_past_studies_alone_says_so() -> None:
    rule = CalibratedHalving(risk=0.1, min_pairs=0, min_pairs_jump=0)

    verdict = rule.judge(arrival(study(finished=0), 50.0))

    assert verdict.evidence["pairs"] == 0
    said = explanation(verdict.evidence)
    assert said.startswith("in past studies the order at this step agrees 0.")
    assert "(no trial of this one tells yet)" in said
    assert said.endswith("to hold the risk of losing the winner under 10 % if this study is like them")


def test_an_unknown_agreement_prunes_nothing() -> None:
    verdict = RULE.judge(arrival(study(finished=4), 50.0))

    assert (verdict.kind, verdict.reason) == (Kind.ABSTAIN, "few_peers")
    assert verdict.sentence().endswith(
        "ranks 61 of 61; what the order here is worth is not known yet (4 trials at the end), so all go on."
    )
    assert verdict.evidence["quota"] == verdict.evidence["population"]


def test_nobody_is_stopped_before_enough_have_come() -> None:
    population = study()

    verdict = RULE.judge(arrival(study(n=6, finished=6), 50.0))

    assert RULE.judge(arrival(population, 50.0)).kind is Kind.STOP
    assert (verdict.kind, verdict.reason) == (Kind.ABSTAIN, "few_peers")
    assert "nobody is stopped before 8 have come this far" in verdict.sentence()


def test_a_good_trial_goes_on_and_a_bad_one_does_not() -> None:
    assert RULE.judge(arrival(study(), -3.0)).kind is Kind.KEEP
    assert RULE.judge(arrival(study(), 3.0)).kind is Kind.STOP


def test_an_order_that_tells_little_keeps_more() -> None:
    sure = RULE.judge(arrival(study(agreement=0.98), 3.0)).evidence
    unsure = RULE.judge(arrival(study(agreement=0.3), 3.0)).evidence

    assert sure["keep"] < 0.3 < 0.6 < unsure["keep"]  # type: ignore[operator]


def test_the_dial_and_the_tail_change_how_many_go_on() -> None:
    def keep(rule: CalibratedHalving) -> float:
        return float(str(rule.judge(arrival(study(), 3.0)).evidence["keep"]))

    assert keep(CalibratedHalving(risk=0.4)) < keep(RULE) < keep(CalibratedHalving(risk=0.05))
    assert keep(CalibratedHalving(tail=0.1)) > keep(RULE)
    assert keep(CalibratedHalving(lcb=3.0)) > keep(RULE)


def test_maximising_mirrors_the_verdict() -> None:
    plain = RULE.judge(arrival(study(), 0.7)).evidence
    mirrored = RULE.judge(arrival(study(maximize=True), -0.7, maximize=True)).evidence

    for name in ("rank", "quota", "keep", "agreement", "population"):
        assert plain[name] == mirrored[name]


def test_a_monotone_change_of_the_metric_changes_nothing() -> None:
    plain = RULE.judge(arrival(study(), 0.7)).evidence
    scaled = RULE.judge(arrival(study(change=1000.0), 700.0)).evidence

    for name in ("rank", "quota", "keep", "agreement", "population"):
        assert plain[name] == scaled[name]


def test_trials_eliminated_below_count_in_the_population() -> None:
    population = study()
    for trial in range(25, 60):
        population.eliminate(trial, 2)

    evidence = RULE.judge(arrival(population, 3.0, step=4)).evidence

    assert (evidence["reached"], evidence["eliminated"], evidence["population"]) == (26, 35, 61)


def test_the_evidence_cites_the_chain_and_the_calibration_holds_every_link_of_it() -> None:
    population = study()
    verdict = RULE.judge(arrival(population, 3.0))
    stored = decode(encode(dict(verdict.evidence)))
    rung = decode(encode(population.calibration(RULE.terms).to_mapping()))["rungs"][0]

    assert stored["chain"] == [rung["chain"][0]["start"], *(link["end"] for link in rung["chain"])]
    assert {link["pairs"] for link in rung["chain"]} == {25}
    assert {"raw", "restriction", "corrected", "prior", "prior_weight", "z", "error", "lcb"} <= set(rung["chain"][0])
    assert CalibratedHalving.clause(stored) == verdict.clause


def test_the_same_facts_give_the_same_bits() -> None:
    first, second = (RULE.judge(arrival(study(), 0.7)) for _ in range(2))

    assert encode(dict(first.evidence)) == encode(dict(second.evidence))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"risk": 0.0}, "risk: 0.0 is not between 0 and 1"),
        ({"risk": 1.0}, "risk: 1.0 is not between 0 and 1"),
        ({"risk": math.nan}, "risk: nan is not between 0 and 1"),
        ({"action": "kill"}, "action: 'kill' is not one of stop, pause"),
        ({"aim": "profit"}, "aim: 'profit' is not one of risk, payoff"),
        ({"by": "mean"}, "by: 'mean' is not one of value, best"),
        ({"tail": 1.0}, "tail: 1.0 is not between 0 and 1"),
        ({"lcb": -1.0}, "lcb: -1.0 is negative"),
        ({"prior_weight": 0.0}, "prior_weight: 0.0 is negative, zero"),
        ({"wait": 0}, "wait: 0 is below 1"),
        ({"min_members": 0}, "min_members: 0 is below 1"),
        ({"min_keep": 0}, "min_keep: 0 is below 1"),
        ({"min_pairs": -1}, "min_pairs: -1 is negative"),
        ({"prior": (0.5,)}, "prior: [0.5] is not 6 numbers"),
        ({"prior": (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)}, "prior: "),
    ],
)
def test_a_wrong_setting_is_refused_with_the_remedy(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(SettingError) as caught:
        CalibratedHalving(**wrong)  # type: ignore[arg-type]  # wrong on purpose

    assert str(caught.value).startswith(message)


# --- What every cut promises

TRUSTING = CalibratedHalving(min_pairs=0, min_pairs_jump=0, min_members=2, prior_weight=50.0)
"""Believes its prior, so that it prunes in studies of a few trials too."""
NAME = "calibrated_halving"


@pytest.mark.parametrize(
    "promise",
    [contract.test_ties_go_to_the_earlier_trial, contract.test_numbers_in_a_ranking_stand_for_what_they_say],
    ids=lambda promise: promise.__name__.removeprefix("test_"),
)
def test_it_keeps_what_other_cuts_promise_once_it_knows_enough(
    promise: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(contract.SAMPLES, NAME, lambda: TRUSTING)

    promise(NAME)

    assert contract.sample(NAME) is TRUSTING
