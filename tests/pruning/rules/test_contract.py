"""What every rule promises, whatever it judges by."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from collections.abc import Sequence as Row

import numpy as np
import pytest

from pruning.canonical import decode, encode
from pruning.rules import GATES, RULES, STRATEGIES
from pruning.rules.asha import Asha
from pruning.rules.base import Curve, Kind, Rule, Verdict
from pruning.rules.composition import Member
from pruning.rules.gradient import Gradient
from pruning.rules.halving import Halving
from pruning.rules.hyperband import Hyperband
from pruning.rules.miscalibration import Miscalibration
from pruning.rules.percentile import Percentile
from pruning.rules.reading import read_rule, rule_data
from pruning.rules.reasons import MOTIVES, SAFEGUARDS
from pruning.rules.robustness import Robustness
from pruning.rules.sequence import Sequence
from pruning.rules.vote import Vote
from tests.pruning.builders import HORIZON, at_look, curve, play

SAMPLES: dict[str, Callable[[], Rule]] = {
    # Rules that cannot be made without a setting.
    "threshold": lambda: GATES["threshold"](upper=3.0),  # type: ignore[call-arg]
    # Rules on another metric, here on the only other one that `play` tells.
    "gradient": lambda: Gradient(metric="train_loss", floor=1.5),
    "miscalibration": lambda: Miscalibration(metric="train_loss", limit=0.99),
    "robustness": lambda: Robustness(metric="train_loss", against="val_loss", factor=1.1),
    # Groups that hold all the trials of a test.
    "halving": lambda: Halving(cohort=8, eta=2.0),
    "hyperband": lambda: Hyperband(brackets=1),
    # Rules made of rules.
    "sequence": lambda: Sequence(of=(Member(rule=Percentile(), until_members=3), Member(rule=Asha()))),
    "vote": lambda: Vote(of=(Member(rule=Asha()), Member(rule=Percentile()))),
}
ABSOLUTE = {"gradient", "miscalibration", "robustness", "threshold"}  # limits in a metric's own unit
TAUGHT = {"bandit", "calibrated_halving", "posterior"}  # what the study has taught them decides, not a rank alone
GATHERING = {"halving"}  # its trials wait for their cohort, and are cut when it is whole
RACES = {"racing"}  # against one rival, not by rank
CUTS = sorted(set(STRATEGIES) - RACES - TAUGHT - GATHERING)
AFFINE = sorted(set(RULES) - ABSOLUTE)


def sample(name: str) -> Rule:
    return SAMPLES[name]() if name in SAMPLES else RULES[name]()


def study(n: int = 24, seed: int = 5) -> list[Curve]:
    """Return falling curves on a grid of sixty-fourths, some of which run away: scaling by 4 rounds nothing."""
    random = np.random.default_rng(seed)
    curves = []
    for number in range(n):
        floor, speed = random.uniform(0.5, 2.5), random.uniform(0.1, 0.6)
        values = floor + 2 * np.exp(-speed * np.arange(HORIZON)) + random.normal(0, 0.02, HORIZON)
        if number % 8 == 3:
            values[6:] = values[5] * 3.0 ** np.arange(1, HORIZON - 5)
        curves.append(Curve.of(range(1, HORIZON + 1), np.round(values * 64) / 64))
    return curves


def changed(curves: Row[Curve], change: Callable[[np.ndarray], np.ndarray]) -> list[Curve]:
    return [Curve.of(one.steps, change(one.values)) for one in curves]


def gist(verdicts: Row[Verdict]) -> list[tuple[object, ...]]:
    return [(v.kind, v.step, v.reason, v.evidence.get("rank"), v.evidence.get("quota")) for v in verdicts]


@pytest.mark.parametrize("name", sorted(RULES))
def test_the_same_facts_give_the_same_verdict(name: str) -> None:
    first, second = play(sample(name), study()), play(sample(name), study())

    assert [encode(dict(v.evidence)) for v in first] == [encode(dict(v.evidence)) for v in second]
    assert gist(first) == gist(second)


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_rule_keeps_some_and_speaks_against_others(name: str) -> None:
    kinds = {verdict.kind for verdict in play(sample(name), study())}

    assert Kind.KEEP in kinds
    assert kinds & {Kind.STOP, Kind.FINISH, Kind.WARN, Kind.PAUSE}


@pytest.mark.parametrize("name", AFFINE)
def test_maximising_the_negated_metric_gives_mirrored_verdicts(name: str) -> None:
    plainly = play(sample(name), study())
    mirrored = play(sample(name), changed(study(), np.negative), maximize=True)

    assert gist(mirrored) == gist(plainly)


@pytest.mark.parametrize("name", AFFINE)
def test_an_affine_change_of_the_metric_changes_nothing(name: str) -> None:
    scaled = changed(study(), lambda values: values * 4 + 8)

    assert gist(play(sample(name), scaled)) == gist(play(sample(name), study()))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", [0, 7, HORIZON - 1], ids=["first", "middle", "last"])
@pytest.mark.parametrize("name", sorted(RULES))
def test_a_value_that_is_not_finite_never_helps_its_trial(name: str, place: int, value: float) -> None:
    curves = study()
    curves[-1].values[place] = value

    last = [verdict for verdict in play(sample(name), curves) if verdict.step == place + 1][-1:]

    for verdict in last:
        is_cut = verdict.evidence.get("by") == "value" and verdict.evidence.get("cuts_at", verdict.step) == verdict.step
        if is_cut and not math.isfinite(float(str(verdict.evidence["value"]))):
            assert verdict.kind in {Kind.STOP, Kind.PAUSE}
        else:
            assert verdict.kind in {Kind.KEEP, Kind.STOP, Kind.WARN, Kind.FINISH, Kind.ABSTAIN, Kind.PAUSE}


@pytest.mark.parametrize("name", sorted(set(STRATEGIES) - RACES))
def test_a_strategy_ranks_a_value_that_is_not_finite_last(name: str) -> None:
    facts = at_look(math.nan, [1.0, 2.0, 3.0, 4.0, 5.0])

    assert sample(name).judge(facts).evidence["rank"] == 6


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_peers_that_are_not_finite_do_not_change_the_order_of_the_others(name: str) -> None:
    with_nan = at_look(2.5, [math.nan, 1.0, 2.0, math.inf, 3.0])
    with_worse = at_look(2.5, [9.0, 1.0, 2.0, 9.5, 3.0])

    assert gist([sample(name).judge(with_nan)]) == gist([sample(name).judge(with_worse)])


@pytest.mark.parametrize("name", sorted(set(STRATEGIES) - GATHERING))
def test_a_trial_without_peers_goes_on(name: str) -> None:
    assert sample(name).judge(at_look(1.0, [])).kind in {Kind.KEEP, Kind.ABSTAIN}


@pytest.mark.parametrize("name", CUTS)
def test_ties_go_to_the_earlier_trial(name: str) -> None:
    earliest = at_look(1.0, [1.0] * 8, trial=-1)
    latest = at_look(1.0, [1.0] * 8, trial=99)

    assert sample(name).judge(earliest).kind is Kind.KEEP
    assert sample(name).judge(latest).kind is Kind.STOP
    assert "ties go to the earlier trial" in sample(name).judge(latest).sentence()


@pytest.mark.parametrize("name", sorted(RULES))
def test_repeated_and_unordered_reports_read_as_the_ordered_curve(name: str) -> None:
    curves = study()
    muddled = [Curve.of([*one.steps[::-1], 3], [*one.values[::-1], one.values[2]]) for one in curves]

    assert gist(play(sample(name), muddled)) == gist(play(sample(name), curves))


@pytest.mark.parametrize("name", sorted(RULES))
def test_sparse_curves_are_judged_where_they_report(name: str) -> None:
    sparse = [Curve.of(one.steps[1::2], one.values[1::2]) for one in study()]

    assert {verdict.step for verdict in play(sample(name), sparse)} <= set(range(2, HORIZON + 1, 2))


@pytest.mark.parametrize("name", sorted(RULES))
def test_an_empty_curve_is_kept_or_ranked_worst_without_error(name: str) -> None:
    facts = at_look(1.0, [2.0, 3.0]) if name in STRATEGIES else at_look(1.0, [])

    assert isinstance(sample(name).judge(facts).sentence(), str)


@pytest.mark.parametrize("name", sorted(RULES))
def test_the_sentence_comes_from_the_evidence_alone(name: str) -> None:
    for verdict in play(sample(name), study()):
        stored = decode(encode(dict(verdict.evidence)))

        assert type(sample(name)).clause(stored) == verdict.clause


@pytest.mark.parametrize("name", sorted(RULES))
def test_every_reason_is_a_known_code(name: str) -> None:
    reasons = {verdict.reason for verdict in play(sample(name), study())} - {""}

    assert reasons <= {*MOTIVES, *SAFEGUARDS}
    assert set(type(sample(name)).reasons) <= set(MOTIVES)


@pytest.mark.parametrize("name", sorted(RULES))
def test_settings_survive_a_round_trip(name: str) -> None:
    rule = sample(name)

    assert read_rule(rule_data(rule), RULES, "rule") == rule


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_renamed_metric_changes_only_the_words(name: str) -> None:
    facts = at_look(9.0, [1.0, 2.0, 3.0, 4.0, 5.0])
    renamed = at_look(9.0, [1.0, 2.0, 3.0, 4.0, 5.0], metric="other")

    assert gist([sample(name).judge(renamed)]) == gist([sample(name).judge(facts)])


@pytest.mark.parametrize("name", CUTS)
def test_numbers_in_a_ranking_stand_for_what_they_say(name: str) -> None:
    verdict = sample(name).judge(at_look(4.5, [1.25, 2.5, 3.75, 5.0, 6.25, 7.5, 8.75, 0.5], eliminated=3))

    said = re.search(r"val_loss ([\d.]+) ranks (\d+) of (\d+); the best (\w+) go(?:es)? on", verdict.sentence())
    assert said is not None
    value, rank, population, quota = said.groups()
    assert (float(value), int(rank), int(population)) == (4.5, 5, 12)
    assert {"one": "1"}.get(quota, quota) == str(verdict.evidence["quota"])


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_the_order_of_arrival_of_the_peers_changes_nothing(name: str) -> None:
    peers = [3.0, 1.0, 2.0, 5.0, 4.0]
    facts = at_look(2.5, peers)
    population = at_look(2.5, peers).peers
    assert population is not None

    again = sample(name).judge(facts)

    assert encode(dict(again.evidence)) == encode(dict(sample(name).judge(at_look(2.5, peers)).evidence))


def test_a_resumed_curve_reads_as_an_uninterrupted_one() -> None:
    whole = curve(5.0, 4.0, 3.0, 2.0)
    resumed = Curve.of([1, 2, 3, 2, 3, 4], [5.0, 4.5, 3.5, 4.0, 3.0, 2.0])

    assert resumed.steps.tolist() == whole.steps.tolist()
    assert resumed.values.tolist() == whole.values.tolist()
