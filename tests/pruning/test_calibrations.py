"""Calibrations: when one is due, how long it stays in force, and whom its links are measured on."""

from dataclasses import replace

import pytest

from pruning.calibrated_population import CalibratedPopulation
from pruning.canonical import decode, encode
from pruning.rules.calibrated_halving import CalibratedHalving
from pruning.rules.calibration import Calibration, Terms, calibrate, is_due
from tests.pruning.calibrated import HORIZON, LOOKS, RULE, arrival, study


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
