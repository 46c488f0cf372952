"""Train many configurations of a plan to their ends, unpruned, and keep their whole curves.

    python benchmarks/record_curves.py --studies 0 1 2 --configurations 50 --jobs 2

Each study seed draws its own configurations at random from the plan's space; configuration 0 is the plan's
defaults. Runs already in the work file are not trained again, so the program may be killed and started at
will. The curves are written as Parquet, one task per study seed and one for repeats of the defaults:
`<task>.parquet` has a row per report, `<task>.configs.parquet` a row per run, `index.json` an entry per task.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from trials.trainables.base import Answer, Value  # noqa: E402  # the repository is not installed
from trials.trainables.local import LocalRun  # noqa: E402
from trials.trainables.lora_lm import LoraLm  # noqa: E402

JSONDict = dict[str, Any]
REPEATS = "repeats"
WRITE_EVERY = 10


@dataclass(frozen=True)
class Job:
    """One configuration to train with one seed."""

    group: str
    """`study-0` and so on, or `repeats`."""
    config_id: int
    seed: int
    params: Mapping[str, Value] = field(hash=False)

    @property
    def key(self) -> str:
        """Return the name under which the work file knows it."""
        return f"{self.group}/{self.config_id}"


def draw(space: Mapping[str, JSONDict], *, study_seed: int, index: int) -> dict[str, Value]:
    """Draw one configuration at random; the same one for the same study seed and index."""
    rng = np.random.default_rng([study_seed, index])
    return {name: _draw_one(domain, rng) for name, domain in space.items()}


def jobs_of(plan: JSONDict, *, studies: list[int], configurations: int, repeats: int) -> list[Job]:
    """List the runs, the studies in turn, so that a part of them is already useful."""
    defaults = plan["defaults"]
    jobs = [Job(REPEATS, number, 9_000 + number, defaults) for number in range(repeats)]
    for index in range(configurations):
        for study in studies:
            params = draw(plan["space"], study_seed=study, index=index) if index else defaults
            jobs.append(Job(f"study-{study}", index, 1_000 * study + index, params))
    return jobs


def train(job: Job, settings: JSONDict, cache: str, threads: int) -> JSONDict:
    """Train one job to its end and evaluate its best checkpoint on the test split."""
    trainable = LoraLm()
    started = time.perf_counter()
    elapsed: list[float] = []

    def stamp(step: int, metrics: Mapping[str, float]) -> Answer:
        elapsed.append(round(time.perf_counter() - started, 3))
        return Answer()

    with tempfile.TemporaryDirectory() as directory:
        run = LocalRun(Path(directory), job.params, settings, seed=job.seed, threads=threads, judge=stamp)
        run.resources = {"cache": Path(cache)}
        trainable.train(run)
        seconds = time.perf_counter() - started
        run.checkpoint = run.best_checkpoint
        test = dict(trainable.evaluate(run))
    return {
        "group": job.group,
        "config_id": job.config_id,
        "seed": job.seed,
        "params": dict(job.params),
        "seconds": round(seconds, 2),
        "test": test,
        "reports": [
            {"step": point.step, "elapsed_s": at, **point.metrics}
            for point, at in zip(run.points, elapsed, strict=True)
        ],
    }


def record(jobs: list[Job], work: Path, *, settings: JSONDict, cache: Path, processes: int) -> Iterator[JSONDict]:
    """Train what the work file does not hold yet, adding each run to it as it ends."""
    done = {f"{run['group']}/{run['config_id']}" for run in read_work(work)}
    waiting = [job for job in jobs if job.key not in done]
    work.parent.mkdir(parents=True, exist_ok=True)
    with multiprocessing.get_context("spawn").Pool(processes, maxtasksperchild=25) as pool, work.open("a") as lines:
        handles = [pool.apply_async(train, (job, settings, str(cache), 1)) for job in waiting]
        for handle in handles:
            run = handle.get()
            lines.write(json.dumps(run) + "\n")
            lines.flush()
            yield run


def read_work(work: Path) -> list[JSONDict]:
    """Return the runs of the work file; a last line cut short by a kill is left out."""
    if not work.exists():
        return []
    return [json.loads(line) for line in work.read_text().splitlines() if line.endswith("}")]


def write(runs: list[JSONDict], out: Path, *, plan: JSONDict) -> None:
    """Write one task per group, and the index of all tasks."""
    out.mkdir(parents=True, exist_ok=True)
    index_path = out / "index.json"
    index = json.loads(index_path.read_text()) if index_path.exists() else []
    entries = {entry["name"]: entry for entry in index}
    for group in sorted({run["group"] for run in runs}):
        chosen = sorted((run for run in runs if run["group"] == group), key=lambda run: run["config_id"])
        entry = write_task(f"lora_lm__{group.replace('-', '')}", chosen, out, plan=plan)
        entries[entry["name"]] = entry
    index_path.write_text(json.dumps([entries[name] for name in sorted(entries)], indent=1) + "\n")


def write_task(name: str, runs: list[JSONDict], out: Path, *, plan: JSONDict) -> JSONDict:
    """Write the two files of one task and return its entry for the index."""
    rows = [
        {"config_id": run["config_id"], "report": number, **report}
        for run in runs
        for number, report in enumerate(run["reports"])
    ]
    curves = pd.DataFrame(rows).astype({"config_id": "int32", "report": "int32", "step": "int64"})
    configs = pd.DataFrame([_config_row(run, plan) for run in runs]).astype({"config_id": "int32"})
    curves.to_parquet(out / f"{name}.parquet", compression="zstd", index=False)
    configs.to_parquet(out / f"{name}.configs.parquet", compression="zstd", index=False)
    metrics = [column for column in curves if column not in {"config_id", "report", "step", "elapsed_s"}]
    objective = plan["objectives"][0]
    return {
        "name": name,
        "benchmark": "lora_lm",
        "task": "fine-tune stdlib-tiny on the Python language reference",
        "role": "seeds" if name.endswith(REPEATS) else "sweep",
        "objective": objective["metric"],
        "mode": objective["direction"][:3],
        "step_unit": LoraLm.step_unit,
        "n_configs": len(configs),
        "n_rows": len(curves),
        "metrics": metrics,
        "hyperparameters": [f"hp_{parameter}" for parameter in plan["space"]],
        "settings": plan["trainable"]["settings"],
        "source": {"program": "benchmarks/record_curves.py", "plan": plan["name"], "licence": "Apache-2.0"},
    }


def _config_row(run: JSONDict, plan: JSONDict) -> JSONDict:
    metric = plan["objectives"][0]["metric"]
    best = min(run["reports"], key=lambda report: report[metric])
    return {
        "config_id": run["config_id"],
        "n_reports": len(run["reports"]),
        "last_step": run["reports"][-1]["step"],
        "group": run["group"],
        "seed": run["seed"],
        **{f"hp_{name}": value for name, value in run["params"].items()},
        "best_step": best["step"],
        f"best_{metric}": best[metric],
        **run["test"],
        "seconds": run["seconds"],
        "source": f"record_curves.py#{run['group']}/{run['config_id']}",
    }


def _draw_one(domain: JSONDict, rng: np.random.Generator) -> Value:
    low, high = domain["low"], domain["high"]
    if domain["type"] == "int":
        step = domain.get("step", 1)
        return int(low + step * rng.integers((high - low) // step + 1))
    if domain.get("log"):
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))
    return float(rng.uniform(low, high))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--plan", type=Path, default=HERE.parent / "examples" / "lora_lm.yaml")
    parser.add_argument("--studies", type=int, nargs="*", default=[0, 1, 2], help="one study per seed")
    parser.add_argument("--configurations", type=int, default=50, help="configurations per study")
    parser.add_argument("--repeats", type=int, default=3, help="extra seeds of the defaults")
    parser.add_argument("--jobs", type=int, default=2, help="runs trained at once, one thread each")
    parser.add_argument("--cache", type=Path, required=True, help="folder of the pre-trained base")
    parser.add_argument("--work", type=Path, default=HERE / "data" / "lora_lm.runs.jsonl", help="a line a run")
    parser.add_argument("--out", type=Path, default=HERE / "data")
    return parser.parse_args()


def main() -> None:
    """Prepare the base, train what is missing, write the curves."""
    chosen = _arguments()
    plan: JSONDict = yaml.safe_load(chosen.plan.read_text())
    settings = plan["trainable"]["settings"]
    with tempfile.TemporaryDirectory() as directory:
        first = LocalRun(Path(directory), {}, settings, threads=chosen.jobs, resources={"cache": chosen.cache})
        LoraLm().prepare(first)
    jobs = jobs_of(plan, studies=chosen.studies, configurations=chosen.configurations, repeats=chosen.repeats)
    runs = record(jobs, chosen.work, settings=settings, cache=chosen.cache, processes=chosen.jobs)
    for ended, run in enumerate(runs, start=1):
        best = min(report["val_loss"] for report in run["reports"])
        print(
            f"{time.strftime('%H:%M:%S')} {run['group']}/{run['config_id']} val_loss {best:.4f} "
            f"test_loss {run['test']['test_loss']:.4f} in {run['seconds']:.0f} s",
            flush=True,
        )
        if ended % WRITE_EVERY == 0:
            write(read_work(chosen.work), chosen.out, plan=plan)
    write(read_work(chosen.work), chosen.out, plan=plan)


if __name__ == "__main__":
    main()
