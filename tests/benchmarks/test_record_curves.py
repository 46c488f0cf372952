"""Recording whole curves: the same runs every time, resumable, in the layout of public curve collections."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from benchmarks.record_curves import draw, jobs_of, read_work, record, train, write
from trials.trainables.local import LocalRun
from trials.trainables.lora_lm import LoraLm
from trials.trainables.lora_lm.settings import SMALL_SETTINGS

PLAN: dict[str, Any] = yaml.safe_load((Path(__file__).resolve().parents[2] / "examples" / "lora_lm.yaml").read_text())
SPACE = PLAN["space"]


def test_a_draw_depends_on_study_and_index_alone() -> None:
    one = draw(SPACE, study_seed=1, index=4)

    assert draw(SPACE, study_seed=1, index=4) == one
    assert draw(SPACE, study_seed=2, index=4) != one
    assert draw(SPACE, study_seed=1, index=5) != one


@pytest.mark.parametrize("name", SPACE)
def test_draws_stay_in_the_space(name: str) -> None:
    values = [draw(SPACE, study_seed=0, index=index)[name] for index in range(200)]
    domain = SPACE[name]

    assert all(domain["low"] <= float(str(value)) <= domain["high"] for value in values)
    assert all(
        (int(str(value)) - domain["low"]) % domain.get("step", 1) == 0 for value in values if domain["type"] == "int"
    )


def test_studies_take_turns_after_the_repeats_and_begin_with_the_defaults() -> None:
    jobs = jobs_of(PLAN, studies=[0, 1], configurations=2, repeats=1)

    assert [job.key for job in jobs] == ["repeats/0", "study-0/0", "study-1/0", "study-0/1", "study-1/1"]
    assert [job.params == PLAN["defaults"] for job in jobs] == [True, True, True, False, False]
    assert len({job.seed for job in jobs}) == 5


def test_a_line_cut_short_by_a_kill_is_left_out(tmp_path: Path) -> None:
    work = tmp_path / "work.jsonl"
    work.write_text('{"group": "study-0", "config_id": 0}\n{"group": "study-0", "conf')

    assert [run["config_id"] for run in read_work(work)] == [0]


def test_what_is_done_is_not_trained_again(tmp_path: Path) -> None:
    work = tmp_path / "work.jsonl"
    work.write_text('{"group": "repeats", "config_id": 0}\n')
    jobs = jobs_of(PLAN, studies=[], configurations=0, repeats=1)

    assert list(record(jobs, work, settings={}, cache=tmp_path, processes=1)) == []


def test_curves_are_written_in_the_public_layout(tmp_path: Path) -> None:
    runs = [_run(group, number) for group in ("study-0", "repeats") for number in range(2)]

    write(runs, tmp_path, plan=PLAN)

    index = {entry["name"]: entry for entry in json.loads((tmp_path / "index.json").read_text())}
    curves = pd.read_parquet(tmp_path / "lora_lm__study0.parquet")
    configs = pd.read_parquet(tmp_path / "lora_lm__study0.configs.parquet")
    assert {name: entry["role"] for name, entry in index.items()} == {
        "lora_lm__repeats": "seeds",
        "lora_lm__study0": "sweep",
    }
    assert curves.groupby("config_id").size().to_dict() == {0: 3, 1: 3}
    assert configs["best_val_loss"].tolist() == [1.0, 1.0]
    assert (configs["hp_batch_size"].tolist(), configs["test_loss"].tolist()) == ([32, 32], [2.5, 2.5])


def test_a_run_is_trained_to_its_end_and_tested(tmp_path: Path) -> None:
    settings = dict(SMALL_SETTINGS)
    LoraLm().prepare(LocalRun(tmp_path / "first", settings=settings, resources={"cache": tmp_path}))
    (job,) = jobs_of(PLAN, studies=[], configurations=0, repeats=1)

    run = train(job, settings, str(tmp_path), 1)

    assert [report["step"] for report in run["reports"]] == [16, 32, 48, 64, 80, 96]
    assert [report["elapsed_s"] for report in run["reports"]] == sorted(
        report["elapsed_s"] for report in run["reports"]
    )
    assert run["test"]["test_loss"] > 0
    assert json.loads(json.dumps(run)) == run


def _run(group: str, config_id: int) -> dict[str, Any]:
    reports = [{"step": 512 * k, "elapsed_s": float(k), "val_loss": loss} for k, loss in ((1, 2.0), (2, 1.0), (3, 1.5))]
    return {
        "group": group,
        "config_id": config_id,
        "seed": config_id,
        "params": PLAN["defaults"],
        "seconds": 3.0,
        "test": {"test_loss": 2.5},
        "reports": reports,
    }
