"""What importance costs: one fit of every evaluator, the intervals, and the page, by the size of the study.

    ESPALIER_DATA_DIR=/var/tmp/bench python benchmarks/importance_cost.py --trials 50 10000 100000

A study of ten parameters (logarithmic, whole, categorical and conditional ones among them) is filled through the real
reviewer under the default policy, then explained by the job as it runs in a `work` process. Timed by the processor's
clock of one thread.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import workbench  # noqa: E402  # the repository is not installed
from searched import filled  # noqa: E402

if TYPE_CHECKING:
    from trials.models import Study


def timed(call: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return what a call returned, its seconds of processor time, and its wall time."""
    cpu, wall = time.process_time(), time.perf_counter()
    return call(), time.process_time() - cpu, time.perf_counter() - wall


def evaluators(study: Study) -> dict[str, float]:
    """Return the processor seconds of one fit per evaluator, on the reading that uses most trials."""
    from trials import explaining
    from trials.importance import coded, read_all, trees
    from trials.importance.quantiles import Optimum

    configurations, courses = explaining.read(study)
    space = study.plan().space
    cells = coded(space, configurations)
    reading = max((one for one in read_all(courses, cells.features()) if not one.missing), key=len)
    random = np.random.default_rng(0)
    kept = np.sort(random.permutation(len(reading))[:10_000])
    rows, scores = reading.rows[kept], reading.scores[kept]
    optimum = Optimum(space, [configurations[row] for row in rows], cells.names)
    draw = random.integers(0, rows.size, rows.size)
    grown = draw[:2_000]
    found = {"PED-ANOVA, all": timed(lambda: optimum.shares(draw, scores))[1]}
    model, found["trees, drawn"], _ = timed(lambda: trees.grow(cells, rows[grown], scores[grown], seed=0))
    code = cells.codes[rows]
    found["fANOVA with pairs"] = timed(lambda: trees.decompose(model, seed=0))[1]
    found["permutation"] = timed(lambda: trees.permuted(model, code[:2_000], scores[:2_000], seed=0))[1]
    found["impurity"] = timed(lambda: trees.impurity(model))[1]
    return found


def main() -> None:
    """Print one row per size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, nargs="+", default=[50, 10_000])
    asked = parser.parse_args()
    workbench.set_up(migrate=True)
    from django.utils import timezone

    from trials import explaining
    from trials.models import Study

    for n in asked.trials:
        name = f"importance of {n}"
        study = Study.objects.filter(name=name).first() or filled(name, n)
        print(f"{n} trials: {study.n_complete} finished, {study.n_pruned} stopped, {study.n_paused} paused", flush=True)
        for what, seconds in evaluators(study).items():
            print(f"  {what}: {seconds:.2f} s", flush=True)
        job = explaining.ask(study, at=timezone.now())
        if job is None:
            raise SystemExit(f"study {name}: a job waits already")
        result, cpu, wall = timed(lambda job=job: explaining.compute(job, lambda text, done, total: None))  # type: ignore[misc]
        job.delete()
        print(f"  all intervals, {result['refits']} refits of every reading: {cpu:.0f} s ({wall:.0f} s by the wall)")


if __name__ == "__main__":
    main()
