"""The figures of a backtest as plain data for JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from pruning.backtest.cells import FIGURES
from pruning.backtest.scores import DRAWS, SEED, Estimate, Scores, Summary
from pruning.backtest.tasks import Skipped, Task
from pruning.simulate.outcome import MATERIAL

FORMAT = 1


def report(
    scores: Scores,
    tasks: Sequence[Task],
    *,
    against: str,
    workers: int,
    skipped: Sequence[Skipped],
    policies: Mapping[str, Mapping[str, str]],
) -> dict[str, object]:
    """Return `studies`, `families` and `total`, each by policy, and what they rest on.

    policies: fingerprints by policy and study. Where recordings that break off leave a figure open, `mean` is null,
    `at_least` and `at_most` bound it, and the interval reaches from the best case's lower end to the worst's upper;
    `expected`, with an interval of its own, is the figure as if what breaks off had gone on like the study's control
    arm, and null where the arm is too small to tell. `control` says how many complete curves of it there are.
    """
    known = {task.name: task for task in tasks}
    total = scores.total()
    return {
        "format": FORMAT,
        "settings": {
            "orders": scores.orders,
            "workers": workers,
            "against": against,
            "bootstrap": {"draws": DRAWS, "seed": SEED, "interval": 0.95},
            "material": MATERIAL,
        },
        "policies": {name: dict(found) for name, found in policies.items()},
        "studies": {
            study: {"family": family} | _of_task(known[study]) | _of_summary(scores.study(study), against)
            for family, study in scores.studies
        },
        "families": {family: _of_summary(scores.family(family), against) for family in scores.families},
        "total": None if total is None else _of_summary(total, against),
        "skipped": [{"study": one.task, "policy": one.policy or None, "reason": one.reason} for one in skipped],
    }


def _of_task(task: Task) -> dict[str, object]:
    return {
        "metric": task.pool.metric,
        "direction": "maximize" if task.pool.maximize else "minimize",
        "horizon": task.pool.horizon,
        "complete": task.complete,
        "censored": task.censored,
        "control": task.control,
        "curves": task.digest,
        "warnings": list(task.warnings),
    }


def _of_summary(summary: Summary, against: str) -> dict[str, object]:
    return {
        "n_studies": summary.studies,
        "n_judged": summary.judged,
        "interval_over": summary.over,
        "by_policy": {policy: _of_policy(summary, policy, against) for policy in summary.policies},
    }


def _of_policy(summary: Summary, policy: str, against: str) -> dict[str, object]:
    found: dict[str, object] = {figure: _plain(summary.estimate(policy, figure)) for figure in FIGURES}
    found["gone_on_unseen"] = summary.gone_on[summary.policies.index(policy)]
    if against in summary.policies and policy != against:
        found["difference"] = {figure: _plain(summary.difference(policy, against, figure)) for figure in FIGURES}
    return found


def _plain(one: Estimate) -> dict[str, float | None]:
    return {"mean": one.mean, **asdict(one)}
