"""Cells whose figures are known."""

from __future__ import annotations

from pruning.backtest import Cell


def a_cell(policy: str, task: str, order: int, regret: float, *, worst: float | None = None, family: str = "f") -> Cell:
    """Return a cell with this regret; worst: the regret in the worst case, if two trials broke off."""
    return Cell(
        family=family,
        task=task,
        order=order,
        policy=policy,
        workers=4,
        fingerprint=policy,
        figures=figures(regret),
        worst=figures(regret if worst is None else worst),
        gone_on=0 if worst is None else 2,
    )


def figures(regret: float) -> tuple[float, ...]:
    """Return half of the compute, the regret, and what follows from it."""
    return (0.5, regret, float(regret > 0), float(regret > 0.05))
