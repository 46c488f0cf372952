"""Other tools' settings read as policies, with what could not be carried over."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command

from pruning.foreign.tools import TOOLS, guess, notes_of, translate
from pruning.policy import Policy
from pruning.rules.settings import PolicyError
from tests.pruning.studies import a_study, events

SWEEP = Path(__file__).parent / "data" / "sweep.yaml"

READ: list[tuple[str, Any, Any, Any, dict[str, Any]]] = [
    # tool, settings, looks, strategy, safeguards
    (
        "wandb",
        {"early_terminate": {"type": "hyperband", "min_iter": 3}},
        {"first": 3, "factor": 3.0},
        {"rule": "asha", "eta": 3.0},
        {"min_peers": 0},
    ),
    (
        "wandb",
        {"type": "hyperband", "max_iter": 27, "s": 2},
        [3, 9],
        {"rule": "asha", "eta": 3.0},
        {"min_peers": 0},
    ),
    (
        "optuna",
        {"pruner": "MedianPruner", "settings": {"n_startup_trials": 7, "n_warmup_steps": 10}},
        {"first": 10, "factor": 2.0},
        {"rule": "percentile", "keep": 50.0, "peers": "finished"},
        {"min_peers": 7, "grace": 9},
    ),
    (
        "optuna",
        {"_target_": "optuna.pruners.PercentilePruner", "percentile": 25.0},
        {"factor": 2.0},
        {"rule": "percentile", "keep": 25.0},
        {"min_peers": 5},
    ),
    (
        "optuna",
        {"pruner": "SuccessiveHalvingPruner", "min_resource": 2, "min_early_stopping_rate": 1, "bootstrap_count": 3},
        {"first": 8, "factor": 4.0},
        {"rule": "asha", "eta": 4.0},
        {"min_peers": 3},
    ),
    (
        "optuna",
        {"pruner": "HyperbandPruner", "max_resource": 27},
        [1, 3, 9],
        {"rule": "hyperband", "eta": 3.0},
        {"min_peers": 0},
    ),
    (
        "optuna",
        {"pruner": "PatientPruner", "settings": {"patience": 2, "wrapped_pruner": {"pruner": "MedianPruner"}}},
        None,
        {"rule": "optuna", "pruner": "patient"},
        {"min_peers": 0},
    ),
    ("optuna", "WilcoxonPruner", None, {"rule": "optuna", "pruner": "wilcoxon"}, {"min_peers": 0}),
    (
        "ray",
        {"scheduler": "ASHAScheduler", "max_t": 100, "grace_period": 5, "reduction_factor": 3},
        [5, 15, 45],
        {"rule": "asha", "eta": 3.0},
        {"min_peers": 0},
    ),
    (
        "ray",
        {"_target_": "ray.tune.schedulers.AsyncHyperBandScheduler", "brackets": 2},
        [1, 4, 16, 64],
        {"rule": "hyperband", "eta": 4.0, "brackets": 2},
        {"min_peers": 0},
    ),
    (
        "ray",
        {"type": "median_stopping_rule", "time_attr": "training_iteration", "grace_period": 4},
        None,
        {"rule": "percentile", "keep": 50.0, "peers": "reached"},
        {"min_peers": 3, "grace": 4},
    ),
    ("ray", {"scheduler": "HyperBandScheduler"}, [1, 3, 9, 27], {"rule": "hyperband", "eta": 3.0}, {}),
]


@pytest.mark.parametrize(("tool", "settings", "looks", "strategy", "safeguards"), READ)
def test_settings_of_another_tool_are_a_policy(
    tool: str, settings: Any, looks: Any, strategy: Any, safeguards: dict[str, Any]
) -> None:
    found = translate(settings, tool, path="file")

    policy = Policy.from_mapping(found.policy)
    made = policy.to_mapping()
    assert found.policy.get("looks") == looks
    assert {**made["strategy"], **strategy} == made["strategy"]  # type: ignore[dict-item]
    assert {**made["safeguards"], **safeguards} == made["safeguards"]  # type: ignore[dict-item]
    assert policy.problems(horizon=1000) == []
    assert any("control arm" in note for note in found.notes)


@pytest.mark.parametrize(
    ("tool", "settings", "words"),
    [
        ("wandb", {"type": "hyperband", "max_iter": 27, "s": 2, "strict": True}, ["max_iter 27", "strict"]),
        ("wandb", yaml.safe_load(SWEEP.read_text()), ["metric 'val_loss' with goal 'minimize'"]),
        ("optuna", {"pruner": "MedianPruner", "interval_steps": 5}, ["every 5 steps", "rule: optuna"]),
        ("optuna", {"pruner": "SuccessiveHalvingPruner"}, ["min_resource auto"]),
        ("optuna", "WilcoxonPruner", ["a replay does not judge them again"]),
        ("ray", {"scheduler": "ASHAScheduler", "metric": "loss", "mode": "min"}, ["metric 'loss', mode 'min'"]),
        ("ray", {"scheduler": "ASHAScheduler", "time_attr": "time_total_s"}, ["looks are steps, not times"]),
        ("ray", {"scheduler": "MedianStoppingRule", "hard_stop": False}, ["hard_stop false", "running means"]),
    ],
)
def test_what_could_not_be_carried_over_is_named(tool: str, settings: Any, words: list[str]) -> None:
    notes = " ".join(translate(settings, tool, path="file").notes)

    assert [word for word in words if word not in notes] == []


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"pruner": "ThresholdPruner", "upper": 3.0, "n_warmup_steps": 4}, "gates"),
        ({"pruner": "NopPruner"}, "nothing"),
    ],
)
def test_what_is_no_strategy_here_stops_as_it_did_there(settings: Any, kind: str) -> None:
    policy = Policy.from_mapping(translate(settings, "optuna", path="file").policy)

    assert policy.strategy is None
    assert [(gate.name, getattr(gate, "upper", None), getattr(gate, "grace", None)) for gate in policy.gates] == (
        [("threshold", 3.0, 3)] if kind == "gates" else []
    )


@pytest.mark.parametrize(
    ("tool", "settings", "path", "words"),
    [
        ("wandb", {"type": "envelope", "min_iter": 1}, "type", "hyperband"),
        ("wandb", {"type": "hyperband"}, "min_iter", "either min_iter, or max_iter"),
        ("wandb", {"type": "hyperband", "max_iter": 9}, "s", "number of brackets"),
        ("wandb", {"type": "hyperband", "min_iter": 1, "eta": 1}, "eta", "above 1"),
        ("wandb", {"type": "hyperband", "min_iters": 1}, "min_iters", "'min_iter'"),
        ("wandb", {"type": "hyperband", "max_iter": 2, "s": 1}, "max_iter", "no bracket"),
        ("wandb", {"early_terminate": {"type": "hyperband", "min_iter": "3"}}, "early_terminate.min_iter", "whole"),
        ("wandb", 3, "", "such as"),
        ("optuna", {"pruner": "MedianPrunner"}, "", "'MedianPruner'"),
        ("optuna", {"pruner": "PercentilePruner"}, "percentile", "missing"),
        ("optuna", {"pruner": "MedianPruner", "n_startup": 3}, "n_startup", "'n_startup_trials'"),
        ("optuna", {"pruner": "HyperbandPruner", "reduction_factor": 1}, "reduction_factor", "below 2"),
        ("optuna", {"pruner": "SuccessiveHalvingPruner", "min_resource": 0}, "min_resource", "below 1"),
        ("optuna", {"pruner": "ThresholdPruner"}, "upper", "give one of them"),
        ("optuna", {"settings": {}}, "", "names no class"),
        ("ray", {"scheduler": "PopulationBasedTraining"}, "", "keeps the one it has"),
        ("ray", {"scheduler": "pb2"}, "", "keeps the one it has"),
        ("ray", {"scheduler": "ASHAScheduler", "grace_period": 200}, "grace_period", "between 1 and max_t"),
        ("ray", {"scheduler": "ASHAScheduler", "reduction_factor": 1}, "reduction_factor", "above 1"),
        ("ray", {"scheduler": "ASHAScheduler", "mode": "least"}, "mode", "min or max"),
        ("ray", {"scheduler": "AshaScheduler"}, "", "'ASHAScheduler'"),
    ],
)
def test_nonsense_is_refused_with_its_path_and_the_remedy(tool: str, settings: Any, path: str, words: str) -> None:
    with pytest.raises(PolicyError) as refused:
        Policy.from_mapping({"from": tool, "settings": settings})

    (problem,) = refused.value.problems
    assert problem.path == f"policy.settings.{path}".rstrip(".")
    assert words in problem.message


def test_a_plan_may_name_the_tool_and_lay_sections_of_its_own_over_it() -> None:
    data = {
        "from": "wandb",
        "settings": {"type": "hyperband", "min_iter": 2, "eta": 2},
        "safeguards": {"control_every": 10},
        "shadow": True,
    }

    policy = Policy.from_mapping(data)

    assert (policy.shadow, policy.safeguards.control_every, policy.safeguards.min_peers) == (True, 10, 0)
    assert policy.grid(horizon=16) == (2, 4, 8)
    assert len(notes_of(data)) >= 3
    assert notes_of("balanced") == ()


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"from": "sweep", "settings": {}}, "policy.from"),
        ({"settings": {"min_iter": 2}}, "policy.settings"),
        ({"preset": "fast", "settings": {}}, "policy.settings"),
        ({"from": "wandb"}, "policy.settings"),
    ],
)
def test_a_policy_from_nowhere_is_refused(data: Any, path: str) -> None:
    with pytest.raises(PolicyError) as refused:
        Policy.from_mapping(data)

    assert path in [problem.path for problem in refused.value.problems]


@pytest.mark.django_db
@pytest.mark.usefixtures("judging")
def test_the_ledger_keeps_the_translated_policy_and_the_notes() -> None:
    study = a_study(policy={"from": "wandb", "settings": {"type": "hyperband", "min_iter": 2, "eta": 2}})

    evidence = events(study)[0].evidence
    assert evidence["policy"]["strategy"]["rule"] == "asha"
    assert evidence["looks"] == [2, 4, 8]
    assert any("brackets became decision points" in note for note in evidence["not_carried_over"])


@pytest.mark.parametrize(("tool", "settings", "looks", "strategy", "safeguards"), READ)
def test_the_tool_is_told_from_the_settings_where_they_say_it(
    tool: str, settings: Any, looks: Any, strategy: Any, safeguards: Any
) -> None:
    assert guess(settings) in {tool, None}
    assert tool in TOOLS


def test_the_command_prints_a_policy_with_its_notes() -> None:
    out = StringIO()

    call_command("policy", "translate", str(SWEEP), stdout=out)

    text = out.getvalue()
    policy = Policy.from_mapping(yaml.safe_load(text)["policy"])
    assert policy.grid(horizon=27) == (3, 9)
    assert "# - strict: not carried over" in text


def test_the_command_shows_presets() -> None:
    every, one = StringIO(), StringIO()

    call_command("policy", "show", stdout=every)
    call_command("policy", "show", "fast", stdout=one)

    assert "balanced: calibrated halving" in every.getvalue()
    shown = yaml.safe_load(one.getvalue())["policy"]
    assert Policy.from_mapping(shown).fingerprint == Policy.from_mapping("fast").fingerprint


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["translate"], "needs a file"),
        (["translate", "/nowhere.yaml"], "cannot be read"),
        (["translate", str(SWEEP), "--from", "optuna"], "names no class"),
        (["show", "quick"], "unknown preset"),
    ],
)
def test_the_command_says_what_is_wrong(arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("policy", *arguments, stdout=StringIO())


def test_a_file_that_does_not_say_whose_it_is_needs_the_tool(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"type": "asha", "max_t": 16}')
    out = StringIO()

    with pytest.raises(CommandError, match="add --from"):
        call_command("policy", "translate", str(file), stdout=StringIO())
    call_command("policy", "translate", str(file), "--from", "ray", stdout=out)

    assert "rule: asha" in out.getvalue()
