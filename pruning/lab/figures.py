"""The figures of a backtest that has been played, read back from its cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, lru_cache

from pruning.backtest import Cell, Scores
from pruning.backtest.cells import FIGURES
from pruning.backtest.roles import REFERENCE, Role, role_of
from pruning.backtest.scores import Summary
from pruning.lab.asking import makers_of
from pruning.models import Backtest, BacktestCell, BacktestTask

ORACLE = "oracle"
TOTAL = "total"


@dataclass(frozen=True)
class View:
    """What a table is about: all studies, a family or one study."""

    key: str
    """`total`, `family:NAME` or `study:PLACE`."""
    label: str


@dataclass(kw_only=True)
class Figures:
    """What was played, ready to be summed up; the same code and cells as `manage.py backtest`."""

    scores: Scores
    tasks: Mapping[int, BacktestTask]
    """By place; of their pictures only what `scores` needs."""
    roles: Mapping[str, Role]
    """By the policy's name, the oracle's too where there is one."""
    most_lost: int | None
    """The place of the study in which policies lost the best most often."""
    _kept: dict[str, Summary] = field(default_factory=dict)

    @cached_property
    def views(self) -> list[View]:
        """Return everything there is a table of, the total first."""
        total = [View(TOTAL, f"All {len(self.scores.compared)} studies")] if self.scores.compared else []
        families = (
            [View(f"family:{name}", name) for name in self.scores.families] if len(self.scores.families) > 1 else []
        )
        played = {study for _, study in self.scores.studies}
        studies = [View(f"study:{place}", task.name) for place, task in self.tasks.items() if task.name in played]
        return [*(total if len(studies) > 1 else []), *families, *studies]

    def summary(self, view: View) -> Summary:
        """Return the figures of a view; drawing their intervals takes a moment, so they are kept."""
        if view.key not in self._kept:
            self._kept[view.key] = self._summed_up(view)
        return self._kept[view.key]

    def _summed_up(self, view: View) -> Summary:
        kind, _, name = view.key.partition(":")
        if kind == "family":
            return self.scores.family(name)
        if kind == "study":
            return self.scores.study(self.tasks[int(name)].name)
        total = self.scores.total()
        assert total is not None, "there is no view of a total without one"  # noqa: S101 - `views` sees to it
        return total

    def dial(self, summary: Summary) -> list[tuple[str, float]]:
        """Return (policy, risk) of those that promise to hold one, the most careful first."""
        found = [(name, self.roles[name].risk) for name in summary.policies]
        return sorted(((name, risk) for name, risk in found if risk is not None), key=lambda one: one[1])


def figures_of(backtest: Backtest) -> Figures:
    """Return the figures of a backtest that is done."""
    return _figures(backtest.pk, backtest.job_id, backtest.created_at)


@lru_cache(maxsize=8)
def _figures(backtest_id: int, job_id: int, created_at: datetime) -> Figures:
    """Return what no longer changes once a job is done; the key outlives a row number that a rollback gave back."""
    backtest = Backtest.objects.get(pk=backtest_id)
    tasks = list(backtest.tasks.defer("picture", "names", "values").order_by("place"))
    oracles = dict(backtest.tasks.values_list("pk", "picture__oracle"))
    roles = {name: role_of(make) for name, make in makers_of(backtest.policies).items()}
    cells = _cells(tasks)
    names = [name for name in backtest.policy_names if any(cell.policy == name for cell in cells)]
    if tasks and all(oracles[task.pk] for task in tasks) and ORACLE not in names:
        cells += [_oracle(task, int(order), compute) for task in tasks for order, compute in oracles[task.pk].items()]
        names.append(ORACLE)
        roles[ORACLE] = Role(REFERENCE)
    return Figures(
        scores=Scores(cells, names),
        tasks={task.place: task for task in tasks},
        roles=roles,
        most_lost=_most_lost(tasks, [cell for cell in cells if roles[cell.policy].kind != REFERENCE] or cells),
    )


def _most_lost(tasks: list[BacktestTask], cells: list[Cell]) -> int | None:
    """Return the place of the study whose cells lost the best most often; of equals the first."""
    lost = Counter({cell.task: 0 for cell in cells})
    lost.update(cell.task for cell in cells if cell.worst[FIGURES.index("lost")])
    played = [task for task in tasks if task.name in lost]
    return max(played, key=lambda task: (lost[task.name], -task.place)).place if played else None


def _cells(tasks: list[BacktestTask]) -> list[Cell]:
    by_task = {task.pk: task for task in tasks}
    found: dict[tuple[int, str], list[Cell]] = {}
    for row in BacktestCell.objects.filter(task__in=tasks).only("task_id", "fingerprint", "line"):
        found.setdefault((row.task_id, row.fingerprint), []).append(row.to_cell())
    return [
        replace(cell, family=task.family, policy=name)
        for pk, task in by_task.items()
        for name, fingerprint in task.policies.items()
        for cell in found.get((pk, fingerprint), ())
    ]


def _oracle(task: BacktestTask, order: int, compute: float) -> Cell:
    figures = (compute, 0.0, 0.0, 0.0)
    return Cell(
        family=task.family,
        task=task.name,
        order=order,
        policy=ORACLE,
        workers=1,
        fingerprint="",
        figures=figures,
        worst=figures,
    )
