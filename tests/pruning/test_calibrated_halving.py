import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from pruning.calibrated_population import CalibratedPopulation
from pruning.canonical import decode, encode
from pruning.population import key
from pruning.rules.base import Curve, Facts, Kind, SettingError
from pruning.rules.calibrated_halving import CalibratedHalving, explanation
from pruning.rules.calibration import Calibration, RungCalibration, Terms, calibrate, is_due
from pruning.rules.resuming import Resuming, Waiting
from tests.pruning.rules import test_contract as contract

LOOKS, HORIZON = (2, 4, 8), 16
RULE = CalibratedHalving()
PAUSING = CalibratedHalving(action="pause", wait=20)


def study(
    n: int = 60,
    *,
    finished: int = 25,
    agreement: float = 0.9,
    seed: int = 3,
    maximize: bool = False,
    change: float = 1.0,
) -> CalibratedPopulation:
    """Return a study whose first `finished` trials have come to their end and the others to the first look.

    agreement: of the values at every look with the final ones.
    """
    random = np.random.default_rng(seed)
    final = random.normal(size=n)
    population = CalibratedPopulation(looks=LOOKS, horizon=HORIZON)
    for step in (*LOOKS, HORIZON):
        noise = random.normal(size=n)
        mixed = final if step == HORIZON else agreement * final + math.sqrt(1 - agreement**2) * noise
        for trial in range(n if step == LOOKS[0] else finished):
            told = key(change * float(mixed[trial]) * (-1 if maximize else 1), maximize=maximize)
            population.observe(trial, step, value=told, best=told)
    for trial in range(finished):
        population.complete(trial)
    return population


def arrival(population: CalibratedPopulation, value: float, *, step: int = 2, maximize: bool = False) -> Facts:
    """Return the facts of a new trial, number 99, that has just come to a decision point with this value."""
    told = key(value, maximize=maximize)
    population.observe(99, step, value=told, best=told)
    return Facts(
        metric="val_loss",
        maximize=maximize,
        step=step,
        horizon=HORIZON,
        trial=99,
        curve=Curve.of([step], [value]),
        looks=LOOKS,
        peers=population,
    )


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


def test_a_calibration_survives_its_ledger_row_bit_for_bit() -> None:
    made = calibrate(study(), looks=LOOKS, horizon=HORIZON, terms=CalibratedHalving(tail=0.1).terms, version=7)

    again = Calibration.from_mapping(decode(encode(made.to_mapping())))

    assert again == made
    assert again.digest == made.digest


def test_a_calibration_stays_in_force_until_enough_observations_have_come() -> None:
    population = study()
    first = population.calibration(RULE.terms)
    for trial in range(100, 100 + max(5, first.arrivals // 12) - 1):
        population.observe(trial, 2, value=1.0, best=1.0)
    before = population.calibration(RULE.terms)
    population.observe(999, 2, value=1.0, best=1.0)
    after = population.calibration(RULE.terms)

    assert before is first
    assert (first.version, after.version) == (1, 2)
    assert after.trials > first.trials


@pytest.mark.parametrize(
    ("arrivals", "last", "due"), [(4, 0, False), (5, 0, True), (129, 120, False), (130, 120, True)]
)
def test_a_calibration_is_due_every_twelfth_of_the_arrivals_but_not_oftener_than_every_fifth(
    arrivals: int, last: int, due: bool
) -> None:
    assert is_due(arrivals=arrivals, last=last) is due


def test_a_stored_calibration_is_the_one_cited() -> None:
    population, elsewhere = study(), study(agreement=0.3)
    stored = replace(elsewhere.calibration(RULE.terms), version=12)
    population.restate(stored)

    verdict = RULE.judge(arrival(population, 0.7))

    assert verdict.evidence["calibration"] == 12
    assert verdict.evidence["calibration_digest"] == stored.digest
    assert verdict.evidence["agreement"] == stored.at(2).chain.agreement  # type: ignore[union-attr]


def test_flagged_controls_are_heard() -> None:
    plain, contradicted = study(), study()
    for trial in range(12):
        contradicted.flag(trial, step=2, weight=20.0)

    links = contradicted.calibration(RULE.terms).links

    assert {link.flagged for link in links} == {12}
    assert all(link.weighted is not None for link in links)
    assert all(link.weighted is None for link in plain.calibration(RULE.terms).links)


def test_a_control_trial_counts_from_the_first_point_that_would_have_cut_it() -> None:
    population = study()
    for trial in range(12):
        population.flag(trial, step=8, weight=20.0)
        population.flag(trial, step=4, weight=20.0)

    flagged = {(link.start, link.end): link.flagged for link in population.calibration(RULE.terms).links}

    assert flagged[2, 4] == 0  # up to step 4 it was like any other
    assert flagged[2, 8] == flagged[4, 8] == flagged[8, HORIZON] == 12


def test_links_are_measured_over_the_newest_trials() -> None:
    population = study(n=60, finished=60, agreement=0.2)
    rising = CalibratedPopulation(looks=LOOKS, horizon=HORIZON)
    for step in (*LOOKS, HORIZON):
        for trial in range(60):
            told = float(trial) if trial >= 30 else float(population.key_of(trial, step) or 0.0)
            rising.observe(trial, step, value=told, best=told)

    everyone = rising.calibration(RULE.terms)
    newest = rising.calibration(CalibratedHalving(window=30).terms)

    assert {link.pairs for link in everyone.links} == {60}
    assert {(link.pairs, link.raw) for link in newest.links} == {(30, 1.0)}


def test_without_peers_there_is_no_decision_point() -> None:
    with pytest.raises(ValueError, match="step 2 is no decision point"):
        RULE.judge(replace(arrival(study(), 1.0), peers=None))


def test_a_step_outside_the_calibration_is_named() -> None:
    with pytest.raises(KeyError, match="step 3 is no decision point"):
        calibrate(study(), looks=LOOKS, horizon=HORIZON, terms=Terms()).at(3)


# --- Pausing and resuming


def test_pausing_waits_until_enough_have_come() -> None:
    verdict = PAUSING.judge(arrival(study(n=12, finished=6), -3.0))

    assert (verdict.kind, verdict.reason) == (Kind.PAUSE, "few_peers")
    assert verdict.sentence().endswith(
        "ranks 1 of 13; nobody goes on before 20 have come this far. Its checkpoint is kept."
    )


def test_outside_the_quota_a_trial_is_paused() -> None:
    assert (PAUSING.judge(arrival(study(), 3.0)).kind, PAUSING.judge(arrival(study(), -3.0)).kind) == (
        Kind.PAUSE,
        Kind.KEEP,
    )


def template(population: CalibratedPopulation) -> Facts:
    return Facts(
        metric="val_loss", maximize=False, step=0, horizon=HORIZON, trial=0, curve=Curve.of([], []), looks=LOOKS,
        peers=population,
    )  # fmt: skip


def waiting(population: CalibratedPopulation, trial: int, step: int = 2, keep: float | None = None) -> Waiting:
    found = population.key_of(trial, step, by="best")
    assert found is not None
    return Waiting(trial=trial, step=step, key=found, keep=keep)


def ranked(population: CalibratedPopulation, step: int) -> list[int]:
    return [trial for _, trial in population.rung(step, by="best").values()]


def test_the_best_within_the_quota_is_resumed_first() -> None:
    population = study()
    order = ranked(population, 2)
    paused = [waiting(population, trial, keep=0.9) for trial in order[3:7]]

    verdict = PAUSING.next_to_resume(template(population), paused, is_closing=False)

    assert verdict is not None
    assert (verdict.kind, verdict.reason, verdict.evidence["trial"]) == (Kind.RESUME, "rank", order[3])
    assert verdict.sentence().startswith("Resumed at step 2: val_loss ")


def test_a_higher_decision_point_comes_first() -> None:
    population = study()
    low, high = ranked(population, 2)[0], ranked(population, 8)[1]
    paused = [waiting(population, low), waiting(population, high, step=8)]

    verdict = PAUSING.next_to_resume(template(population), paused, is_closing=False)

    assert verdict is not None
    assert (verdict.step, verdict.evidence["trial"]) == (8, high)


def test_nobody_outside_the_quota_is_resumed() -> None:
    population = study()
    paused = [waiting(population, ranked(population, 2)[-1])]

    assert PAUSING.next_to_resume(template(population), paused, is_closing=True) is None


def test_a_trial_is_thawed_when_the_quota_has_grown() -> None:
    population = study(agreement=0.3)
    place = int(population.calibration(PAUSING.terms).at(2).keep * 60) - 1
    paused = [waiting(population, ranked(population, 2)[place], keep=0.1)]

    verdict = PAUSING.next_to_resume(template(population), paused, is_closing=False)

    assert verdict is not None
    assert verdict.reason == "recalibrated"
    assert verdict.evidence["keep_before"] == 0.1


def test_decision_points_open_early_when_no_new_trial_comes() -> None:
    population = study(n=12, finished=6)
    paused = [waiting(population, ranked(population, 2)[0])]

    verdict = PAUSING.next_to_resume(template(population), paused, is_closing=True)

    assert PAUSING.next_to_resume(template(population), paused, is_closing=False) is None
    assert verdict is not None
    assert verdict.reason == "slack"


def test_a_trial_that_is_not_a_number_is_never_resumed() -> None:
    population = study()
    paused = [Waiting(trial=59, step=2, key=math.inf)]

    assert PAUSING.next_to_resume(template(population), paused, is_closing=True) is None


def test_the_rule_is_one_that_resumes() -> None:
    assert isinstance(PAUSING, Resuming)


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
