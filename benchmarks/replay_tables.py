"""Tables of replays: means over orders, then tasks, then families; intervals by bootstrap over tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Cell = dict[str, Any]
DRAWS = 4000
FIGURES = ("compute", "regret", "lost", "material")


def tables(cells: Sequence[Cell], policies: Sequence[str], *, against: Sequence[str] = ()) -> str:
    """Return the tables as Markdown: all families together, differences, every family, every task."""
    figures = _Figures(cells, policies)
    differences = [line for name in against for line in (*_differences(figures, name), "")]
    return "\n".join([*_total(figures), "", *differences, *_families(figures), "", *_tasks(figures)])


class _Figures:
    """Means over orders by task and policy: an array of tasks × policies × figures."""

    def __init__(self, cells: Sequence[Cell], policies: Sequence[str]) -> None:
        self.policies = list(policies)
        self.tasks = sorted({(cell["family"], cell["task"]) for cell in cells})
        self.families = sorted({family for family, _ in self.tasks})
        self.orders = len({cell["order"] for cell in cells})
        found: dict[tuple[str, str], list[list[float]]] = {}
        for cell in cells:
            found.setdefault((cell["task"], cell["policy"]), []).append([float(cell[name]) for name in FIGURES])
        self.means = np.array(
            [[np.mean(found[task, policy], axis=0) for policy in self.policies] for _, task in self.tasks]
        )

    def of_family(self, family: str) -> NDArray[np.float64]:
        """Return the means of one family's tasks."""
        return np.asarray(self.means[[place for place, (name, _) in enumerate(self.tasks) if name == family]])

    def total(self, of: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return the mean over families of `of` (a mean, or a mean of a resample) of each family's tasks."""
        return np.mean([of(self.of_family(family)) for family in self.families], axis=0)

    def draws(self) -> NDArray[np.float64]:
        """Return totals of resampled tasks, within families; the same resamples for all policies."""
        random = np.random.default_rng(0)
        return np.array(
            [
                self.total(lambda tasks: tasks[random.integers(len(tasks), size=len(tasks))].mean(axis=0))
                for _ in range(DRAWS)
            ]
        )


def _total(figures: _Figures) -> list[str]:
    total, draws = figures.total(lambda tasks: tasks.mean(axis=0)), figures.draws()
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    lines = [
        f"{len(figures.tasks)} tasks, {len(figures.families)} families, {figures.orders} orders.",
        "",
        "| Policy | Compute | Regret [95 %] | Best lost [95 %] | Regret > 0.05 |",
        "| - | -: | - | - | -: |",
    ]
    for place, policy in enumerate(figures.policies):
        compute, regret, lost, material = total[place]
        lines.append(
            f"| {policy} | {100 * compute:.1f} % | {regret:.4f} [{low[place, 1]:.4f}, {high[place, 1]:.4f}] "
            f"| {100 * lost:.0f} % [{100 * low[place, 2]:.0f}, {100 * high[place, 2]:.0f}] | {100 * material:.0f} % |"
        )
    return lines


def _differences(figures: _Figures, reference: str) -> list[str]:
    """Return every policy's difference to one of them, paired by task and order."""
    place = figures.policies.index(reference)
    total, draws = figures.total(lambda tasks: tasks.mean(axis=0)), figures.draws()
    low, high = np.quantile(draws - draws[:, place : place + 1], [0.025, 0.975], axis=0)
    lines = [
        f"Differences to {reference} [95 %]:",
        "",
        "| Policy | Compute | Regret | Best lost |",
        "| - | - | - | - |",
    ]
    for other, policy in enumerate(figures.policies):
        compute, regret, lost, _ = total[other] - total[place]
        if other != place:
            lines.append(
                f"| {policy} | {100 * compute:+.1f} [{100 * low[other, 0]:+.1f}, {100 * high[other, 0]:+.1f}] points "
                f"| {regret:+.4f} [{low[other, 1]:+.4f}, {high[other, 1]:+.4f}] "
                f"| {100 * lost:+.0f} [{100 * low[other, 2]:+.0f}, {100 * high[other, 2]:+.0f}] points |"
            )
    return lines


def _families(figures: _Figures) -> list[str]:
    lines = [
        "Compute / regret / best lost by family:",
        "",
        f"| Policy | {' | '.join(figures.families)} |",
        f"| - | {' | '.join('-' for _ in figures.families)} |",
    ]
    for place, policy in enumerate(figures.policies):
        means = [figures.of_family(family).mean(axis=0)[place] for family in figures.families]
        lines.append(f"| {policy} | {' | '.join(map(_triple, means))} |")
    return lines


def _tasks(figures: _Figures) -> list[str]:
    lines = [
        "Compute / regret / best lost by task:",
        "",
        f"| Task | {' | '.join(figures.policies)} |",
        f"| - | {' | '.join('-' for _ in figures.policies)} |",
    ]
    for place, (_, task) in enumerate(figures.tasks):
        lines.append(f"| {task} | {' | '.join(map(_triple, figures.means[place]))} |")
    return lines


def _triple(figures: NDArray[np.float64]) -> str:
    compute, regret, lost, _ = figures.tolist()
    return f"{100 * compute:.0f} % / {regret:.3f} / {100 * lost:.0f} %"
