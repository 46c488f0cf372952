"""Fine-tuning: equal examples, resumable bit for bit, stopping at once."""

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.trials.trainables.conftest import MakeRun
from trials.trainables.base import Value
from trials.trainables.local import LocalRun, stop_at
from trials.trainables.lora_lm import LoraLm
from trials.trainables.lora_lm.settings import METRICS, SMALL_SETTINGS

REPEATABLE = [metric.name for metric in METRICS if metric.repeatable]
LORA = LoraLm()
SMALL = dict(SMALL_SETTINGS)
# Warm enough to move, short enough for a test.
QUICK: dict[str, Value] = {"batch_size": 8, "sequence_length": 16, "warmup_steps": 2, "learning_rate": 1e-2}
BUSY: dict[str, Value] = {**QUICK, "lora_dropout": 0.2, "grad_accumulation": 2, "batch_size": 5, "scheduler": "cosine"}


def trained(make_run: MakeRun, **given: Any) -> LocalRun:
    run = make_run(**{"params": QUICK, "settings": SMALL, **given})
    LORA.train(run)
    return run


def repeatable(run: LocalRun) -> list[tuple[int, dict[str, float]]]:
    return [(p.step, {name: p.metrics[name] for name in REPEATABLE if name in p.metrics}) for p in run.points]


@pytest.mark.parametrize("batch_size", [7, 16, 96, 200])
def test_reports_stand_at_the_same_steps_whatever_the_batch_size(make_run: MakeRun, batch_size: int) -> None:
    run = trained(make_run, params={**QUICK, "batch_size": batch_size})

    assert [point.step for point in run.points] == [16, 32, 48, 64, 80, 96]


@pytest.mark.parametrize("batch_size", [7, 32, 200])
def test_every_trial_trains_on_equally_many_examples(make_run: MakeRun, batch_size: int) -> None:
    run = trained(make_run, params={**QUICK, "batch_size": batch_size})

    assert torch.load(run.last_checkpoint, weights_only=True)["consumed"] == 96


def test_accumulated_batches_are_one_update(make_run: MakeRun) -> None:
    run = trained(make_run, params={**QUICK, "batch_size": 4, "grad_accumulation": 2})

    assert torch.load(run.last_checkpoint, weights_only=True)["scheduler"] == {"updates": 12}


def test_accumulating_equals_one_larger_batch(make_run: MakeRun) -> None:
    parts = trained(make_run, params={**QUICK, "batch_size": 4, "grad_accumulation": 4})
    whole = trained(make_run, params={**QUICK, "batch_size": 16})

    assert parts.values("val_loss") == pytest.approx(whole.values("val_loss"), rel=1e-4)


def test_training_lowers_the_loss(make_run: MakeRun) -> None:
    losses = list(trained(make_run).values("val_loss").values())

    assert losses[-1] < losses[0] - 0.01


def test_every_declared_metric_is_reported_and_no_other(make_run: MakeRun) -> None:
    run = trained(make_run)

    assert {name for point in run.points for name in point.metrics} == {metric.name for metric in METRICS}


def test_robustness_is_measured_every_few_reports(make_run: MakeRun) -> None:
    assert list(trained(make_run).values("long_perplexity")) == [32, 64, 96]


def test_the_learning_rate_warms_up_and_then_stays(make_run: MakeRun) -> None:
    rates = trained(make_run, params={**QUICK, "warmup_steps": 8}).values("learning_rate")

    assert rates == pytest.approx({16: 2.5e-3, 32: 5e-3, 48: 7.5e-3, 64: 1e-2, 80: 1e-2, 96: 1e-2})


@pytest.mark.parametrize("scheduler", ["linear", "cosine"])
def test_a_falling_schedule_ends_low(make_run: MakeRun, scheduler: str) -> None:
    rates = list(trained(make_run, params={**QUICK, "scheduler": scheduler}).values("learning_rate").values())

    assert rates == sorted(rates, reverse=True)
    assert 0 < rates[-1] < 0.15 * 1e-2


@pytest.mark.parametrize(
    ("params", "stop"),
    [
        pytest.param(QUICK, 16, id="plain"),
        pytest.param(BUSY, 64, id="with dropout, accumulation and a schedule"),
        pytest.param({**BUSY, "optimizer": "adafactor"}, 32, id="adafactor"),
        pytest.param({**QUICK, "batch_size": 40}, 16, id="a batch over several reports"),
    ],
)
def test_a_resumed_trial_equals_an_uninterrupted_one_bit_for_bit(
    make_run: MakeRun, params: dict[str, Value], stop: int
) -> None:
    whole = trained(make_run, params=params)
    stopped = trained(make_run, params=params, judge=stop_at(stop))

    resumed = trained(make_run, params=params, checkpoint=stopped.last_checkpoint)

    assert repeatable(stopped) + repeatable(resumed) == repeatable(whole)
    one, other = (torch.load(run.last_checkpoint, weights_only=True)["adapters"] for run in (whole, resumed))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_the_same_seed_repeats_itself_and_another_does_not(make_run: MakeRun) -> None:
    one, same, other = (trained(make_run, params=BUSY, seed=seed) for seed in (5, 5, 6))

    assert repeatable(one) == repeatable(same)
    assert repeatable(one) != repeatable(other)


def test_a_trial_told_to_stop_returns_at_once(make_run: MakeRun) -> None:
    run = trained(make_run, judge=stop_at(32))

    assert run.events == [("save", 16), ("report", 16), ("save", 32), ("report", 32)]


def test_a_checkpoint_lies_there_before_its_report(make_run: MakeRun) -> None:
    assert [kind for kind, _ in trained(make_run).events] == ["save", "report"] * 6


def test_resuming_a_finished_trial_reports_nothing(make_run: MakeRun) -> None:
    finished = trained(make_run)

    assert trained(make_run, checkpoint=finished.last_checkpoint).points == []


def test_a_loss_that_is_not_a_number_is_reported_as_such(make_run: MakeRun) -> None:
    run = trained(make_run, params={**QUICK, "learning_rate": 1e30, "grad_clip": 0.0, "warmup_steps": 0})

    assert math.isnan(run.points[-1].metrics["val_loss"])
    assert math.isnan(run.points[-1].metrics["ece"])
    assert len(run.points) == 6


def test_the_best_checkpoint_is_the_one_with_the_lowest_validation_loss(make_run: MakeRun) -> None:
    run = trained(make_run)
    values = run.values("val_loss")

    best = torch.load(run.best_checkpoint, weights_only=True)["best"]

    assert (best["step"], best["val_loss"]) == (min(values, key=values.__getitem__), min(values.values()))


def test_the_test_split_is_evaluated_from_a_checkpoint(make_run: MakeRun) -> None:
    run = trained(make_run)
    found = LORA.evaluate(make_run(params=QUICK, settings=SMALL, checkpoint=run.best_checkpoint))

    assert set(found) == {"test_loss", "test_perplexity", "test_ece"}
    assert found["test_perplexity"] == pytest.approx(math.exp(found["test_loss"]))
    assert found["test_loss"] == pytest.approx(run.best_value("val_loss"), rel=0.1)


def test_evaluating_without_a_checkpoint_is_refused(make_run: MakeRun) -> None:
    with pytest.raises(ValueError, match="checkpoint: there is none to evaluate"):
        LORA.evaluate(make_run(params=QUICK, settings=SMALL))


def test_alpha_is_sixteen_times_the_rank_unless_given(make_run: MakeRun) -> None:
    plain = trained(make_run, judge=stop_at(16), params={**QUICK, "lora_rank": 2})
    given = trained(make_run, judge=stop_at(16), params={**QUICK, "lora_rank": 2, "lora_alpha": 32.0})

    assert repeatable(plain) == repeatable(given)


def test_attention_only_trains_fewer_adapters(make_run: MakeRun) -> None:
    everywhere, attention = (
        torch.load(
            trained(make_run, judge=stop_at(16), settings={**SMALL, "target_modules": target}).last_checkpoint,
            weights_only=True,
        )["adapters"]
        for target in ("all", "attention")
    )

    assert len(attention) == 2 * 4
    assert len(everywhere) == 2 * 7


def test_a_registered_folder_serves_as_base(make_run: MakeRun, cache: Path) -> None:
    own = trained(make_run, judge=stop_at(16))
    folder = next(path for path in cache.glob("base-*") if path.is_dir() and _steps(path) == SMALL["base_steps"])

    run = trained(
        make_run,
        judge=stop_at(16),
        settings={**SMALL, "base": "mine"},
        resources={"cache": cache, "mine": folder},
    )

    assert repeatable(run) == repeatable(own)


def test_a_base_that_is_not_registered_cannot_be_opened(make_run: MakeRun) -> None:
    with pytest.raises(KeyError, match="/etc"):
        trained(make_run, settings={**SMALL, "base": "/etc"})


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        pytest.param({"bases": "x"}, "bases: there is no such setting", id="typo"),
        pytest.param({"examples": 0}, "examples: 0 is below 1", id="no examples"),
        pytest.param({"examples": 4, "reports": 8}, "reports: 8 is more than the 4 examples", id="too many reports"),
        pytest.param({"target_modules": "mlp"}, "target_modules: 'mlp' is not one of all, attention", id="target"),
        pytest.param(
            {"base_width": 100, "base_heads": 3}, "base_width: 100 is no multiple of twice the heads", id="heads"
        ),
    ],
)
def test_bad_settings_are_named(given: dict[str, object], complaint: str) -> None:
    problems = LORA.check_settings(given)

    assert [problem.startswith(complaint) for problem in problems] == [True]


def test_a_sequence_longer_than_the_text_is_refused(make_run: MakeRun) -> None:
    with pytest.raises(ValueError, match="sequence_length: 10000000 is longer than the training text"):
        trained(make_run, params={**QUICK, "sequence_length": 10_000_000})


def test_the_default_plan_reports_every_512_examples() -> None:
    assert list(LORA.report_steps({})) == list(range(512, 8_193, 512))
    assert LORA.horizon({}) == 8_192


def test_describing_it_imports_neither_django_nor_torch() -> None:
    code = (
        "import json, sys; from trials.trainables.lora_lm import LoraLm; LoraLm().report_steps({});"
        "from trials.trainables.digits_cnn import DigitsCnn; from trials.trainables.boosted_trees import BoostedTrees;"
        "print(json.dumps(sorted({'django', 'torch', 'transformers', 'sklearn'} & set(sys.modules))))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert json.loads(found.stdout) == []


def _steps(folder: Path) -> int:
    return int(json.loads((folder / "manifest.json").read_text())["steps"])
