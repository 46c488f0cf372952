"""Optuna's own pruners as a strategy: asked on rebuilt studies, believed, and their evidence recovered."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import optuna
import pytest
from optuna.study import StudyDirection

from pruning.canonical import decode, encode
from pruning.foreign.optuna_pruners import OptunaPruner
from pruning.foreign.optuna_settings import PRUNERS, make
from pruning.foreign.recorded import recorded_by
from pruning.policy import Policy
from pruning.rules.base import Curve, Kind, Verdict
from pruning.rules.reasons import MOTIVES
from pruning.rules.settings import PolicyError, plain, read
from tests.pruning.builders import HORIZON, LOOKS, at_look, play
from tests.pruning.rules.test_contract import changed, study

CASES: Sequence[tuple[str, Mapping[str, object]]] = [
    ("median", {"n_startup_trials": 2}),
    ("percentile", {"percentile": 25.0, "n_startup_trials": 2, "n_min_trials": 2}),
    ("successive_halving", {"min_resource": 2, "reduction_factor": 2}),
    ("successive_halving", {"reduction_factor": 2}),
    ("hyperband", {"min_resource": 2, "max_resource": 16, "reduction_factor": 2}),
    ("hyperband", {}),
    ("patient", {"patience": 0}),
    ("patient", {"patience": 0, "wrapped_pruner": {"pruner": "median", "settings": {"n_startup_trials": 1}}}),
    ("threshold", {"upper": 2.0}),
    ("wilcoxon", {"p_threshold": 0.3}),
]
IDS = [f"{name}-{index}" for index, (name, _) in enumerate(CASES)]
FIXED = [case for case in CASES if case not in (("successive_halving", {"reduction_factor": 2}), ("hyperband", {}))]
# Left out: an automatic first rung, before which Optuna forgets whom it saw; here everyone counts once it is known.
MIRRORED = [case for case in CASES if case[0] != "threshold"]

each = pytest.mark.parametrize(("name", "settings"), CASES, ids=IDS)


def rule(name: str, settings: Mapping[str, object]) -> OptunaPruner:
    return OptunaPruner(pruner=name, settings=settings)


def gist(verdicts: Sequence[Verdict]) -> list[tuple[object, ...]]:
    return [(one.kind, one.step, one.reason, one.evidence.get("rank")) for one in verdicts]


@each
def test_the_same_facts_give_the_same_verdict_and_a_sentence_from_the_evidence_alone(
    name: str, settings: Mapping[str, object]
) -> None:
    first, second = play(rule(name, settings), study()), play(rule(name, settings), study())

    assert [encode(dict(one.evidence)) for one in first] == [encode(dict(one.evidence)) for one in second]
    for verdict in first:
        assert OptunaPruner.clause(decode(encode(dict(verdict.evidence)))) == verdict.clause
        assert recorded_by(verdict.evidence) == f"Optuna {optuna.__version__}"
        assert str(verdict.evidence["recorded"]) in verdict.sentence()


@pytest.mark.parametrize("name", sorted(PRUNERS))
def test_every_pruner_keeps_some_and_stops_others_for_a_known_reason(name: str) -> None:
    settings = next(settings for known, settings in CASES if known == name)
    verdicts = play(rule(name, settings), study())

    assert {verdict.kind for verdict in verdicts} >= {Kind.KEEP, Kind.STOP}
    assert {verdict.reason for verdict in verdicts if verdict.kind is Kind.STOP} == {PRUNERS[name].reason}
    assert PRUNERS[name].reason in MOTIVES


@pytest.mark.parametrize(("name", "settings"), MIRRORED)
def test_maximising_the_negated_metric_gives_mirrored_verdicts(name: str, settings: Mapping[str, object]) -> None:
    mirrored = play(rule(name, settings), changed(study(), np.negative), maximize=True)

    assert gist(mirrored) == gist(play(rule(name, settings), study()))


@each
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_judged_without_a_warning(
    name: str, settings: Mapping[str, object], value: float
) -> None:
    curves = study(12)
    for number in (2, 5, 11):
        curves[number].values[3] = value

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        verdicts = play(rule(name, settings), curves)

    assert all(isinstance(verdict.sentence(), str) for verdict in verdicts)


@each
def test_settings_survive_a_round_trip_through_a_policy(name: str, settings: Mapping[str, object]) -> None:
    made = rule(name, settings)
    policy = Policy.from_mapping({"strategy": {"rule": "optuna", "pruner": name, "settings": settings}})

    assert read(OptunaPruner, plain(made), "rule") == made
    assert Policy.from_mapping(policy.to_mapping()).fingerprint == policy.fingerprint


def theirs(name: str, settings: Mapping[str, object], curves: Sequence[Curve], *, maximize: bool) -> list[bool]:
    """Run a plain Optuna study, one trial after the other, that reports at the looks; return its answers."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    pruner = make(name, settings)
    direction = StudyDirection.MAXIMIZE if maximize else StudyDirection.MINIMIZE
    run = optuna.create_study(direction=direction, pruner=pruner, study_name="espalier")
    answers: list[bool] = []
    for own in curves:
        trial = run.ask()
        for look in LOOKS:
            trial.report(float(own.until(look).values[-1]), look)
            answers.append(trial.should_prune())
            if answers[-1]:
                run.tell(trial, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            if name != "wilcoxon":  # it compares step by step: the end is no look
                trial.report(float(own.values[-1]), HORIZON)
            run.tell(trial, float(own.values[-1]))
    return answers


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize(("name", "settings"), FIXED)
def test_the_answers_are_those_of_a_real_study(name: str, settings: Mapping[str, object], maximize: bool) -> None:
    curves = changed(study(32), np.negative) if maximize else study(32)

    ours = [verdict.kind is Kind.STOP for verdict in play(rule(name, settings), curves, maximize=maximize)]

    assert ours == theirs(name, settings, curves, maximize=maximize)
    assert True in ours or (name, maximize) == ("threshold", True)


@each
def test_the_recovered_numbers_say_what_the_pruner_answered(name: str, settings: Mapping[str, object]) -> None:
    for seed in range(4):
        for verdict in play(rule(name, settings), study(seed=seed)):
            assert implied(verdict.evidence) == (verdict.kind is Kind.STOP), verdict.sentence()


def implied(evidence: Mapping[str, object]) -> bool:
    """Return what the numbers alone imply."""
    facts = dict(evidence)
    match facts["pruner"]:
        case "median" | "percentile":
            return facts["cut"] is not None and facts["value"] > facts["cut"]  # type: ignore[operator]
        case "successive_halving" | "hyperband":
            return "cut" in facts and facts["value"] > facts["cut"]  # type: ignore[operator]
        case "threshold":
            return facts["basis"] == "compared" and not facts["value"] <= facts["upper"]  # type: ignore[operator]
        case "patient":
            inner = facts.get("wrapped")
            return bool(facts["waited"]) and (inner is None or bool(inner["prunes"]))  # type: ignore[index]
    return facts.get("p") is not None and bool(facts["prunes"]) and facts["p"] < facts["p_threshold"]  # type: ignore[operator]


def test_a_trial_without_peers_goes_on() -> None:
    for name, settings in CASES:
        if name not in {"threshold", "patient"}:
            assert rule(name, settings).judge(at_look(1.0, [])).kind in {Kind.KEEP, Kind.ABSTAIN}


def test_too_few_complete_trials_are_named() -> None:
    verdict = rule("median", {}).judge(at_look(9.0, [1.0] * 8))

    assert (verdict.kind, verdict.reason) == (Kind.ABSTAIN, "few_peers")
    assert "0 complete trials, 0 of them here; 5 needed" in verdict.sentence()


def test_hyperband_draws_a_bracket_from_the_trial_and_says_which() -> None:
    settings = {"min_resource": 2, "max_resource": 16, "reduction_factor": 2}
    brackets = {
        rule("hyperband", settings).judge(at_look(1.0, [2.0], trial=number)).evidence["bracket"] for number in range(40)
    }

    assert brackets == {0, 1, 2, 3}


def test_a_trial_is_stopped_at_most_at_one_rung_a_look() -> None:
    """Two rungs may lie below one look: the numbers are those of the one at which it failed."""
    verdict = rule("successive_halving", {"min_resource": 1, "reduction_factor": 2}).judge(at_look(5.0, [1.0, 2.0]))

    assert verdict.kind is Kind.STOP
    assert (verdict.evidence["rung"], verdict.evidence["rung_step"], verdict.evidence["cut"]) == (0, 1, 1.0)


@pytest.mark.parametrize(
    ("strategy", "path", "words"),
    [
        ({"pruner": "mediam"}, "pruner", "did you mean 'median'?"),
        ({"pruner": "median", "settings": {"n_startup": 3}}, "settings.n_startup", "'n_startup_trials'"),
        ({"pruner": "median", "settings": {"n_startup_trials": -1}}, "settings.n_startup_trials", "refused by Optuna"),
        ({"pruner": "median", "settings": {"n_startup_trials": [1]}}, "settings.n_startup_trials", "not a number"),
        ({"pruner": "percentile"}, "settings.percentile", "cannot be without it"),
        ({"pruner": "percentile", "settings": {"percentile": 101}}, "settings.percentile", "between 0 and 100"),
        ({"pruner": "threshold"}, "settings", "upper"),
        ({"pruner": "threshold", "settings": {"upper": math.inf}}, "settings.upper", "finite"),
        ({"pruner": "hyperband", "settings": {"reduction_factor": 1}}, "settings.reduction_factor", ">= 2"),
        ({"pruner": "hyperband", "settings": {"min_resource": 9, "max_resource": 3}}, "settings.min_resource", "below"),
        ({"pruner": "patient"}, "settings.patience", "cannot be without it"),
        (
            {"pruner": "patient", "settings": {"patience": 1, "wrapped_pruner": {"pruner": "best"}}},
            "settings.wrapped_pruner.pruner",
            "known",
        ),
        ({"pruner": "patient", "settings": {"patience": 1, "wrapped_pruner": 3}}, "settings.wrapped_pruner", "write"),
        ({"pruner": "median", "settings": 3}, "settings", "mapping"),
    ],
)
def test_nonsense_is_refused_with_its_path_and_the_remedy(strategy: dict[str, object], path: str, words: str) -> None:
    with pytest.raises(PolicyError) as refused:
        Policy.from_mapping({"strategy": {"rule": "optuna", **strategy}})

    (problem,) = refused.value.problems
    assert problem.path == f"policy.strategy.{path}"
    assert words in problem.message
