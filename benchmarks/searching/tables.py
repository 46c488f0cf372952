"""What the cells of a search say: means over families, paired differences, the choice that leaves a family out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from benchmarks.searching.scores import Floats

DRAWS, SEED, ROUNDING = 4000, 7, 0.002
ByFamily = Mapping[str, Floats]
"""Studies × figures (compute, regret, lost), means over orders."""


def table(figures: Mapping[str, ByFamily], against: str, frontiers: Mapping[str, list[ByFamily]]) -> Iterator[str]:
    """Yield the rows: means over families, by family, and paired differences in regret with their intervals.

    frontiers: dials, from the dearest; a variant is held against the two of a frontier between which its compute
    lies, drawn by lot so that the compute is the same.
    """
    families = list(figures[against])
    weights = weights_of(figures[against])
    yield (
        f"| Variant | Compute | Regret | Best lost | {' | '.join(families)} | Regret against {against} [95 %] | "
        + " | ".join(f"against {name} at equal compute | without the family that helps most" for name in frontiers)
        + " |"
    )
    yield "| - | -: | -: | -: |" + " -: |" * len(families) + " - |" * (1 + 2 * len(frontiers))
    for name, own in figures.items():
        compute, regret, lost = mean_of(own)
        cells = " | ".join(
            f"{compute:.0%} / {regret:.3f} / {lost:.0%}".replace("%", " %")
            for compute, regret, lost in (own[family].mean(axis=0) for family in families)
        )
        differences = [apart(own, figures[against], weights)]
        for frontier in frontiers.values():
            other = blend(own, frontier)
            differences += [apart(own, other, weights) if other else "-", _without_the_best(own, frontier, weights)]
        figures_there = f"{100 * compute:.1f} % | {regret:.4f} | {100 * lost:.0f} %"
        yield f"| {name} | {figures_there} | {cells} | {' | '.join(differences)} |"


def mean_of(figures: ByFamily) -> Floats:
    return np.asarray(np.mean([rows.mean(axis=0) for rows in figures.values()], axis=0))


def weights_of(figures: ByFamily) -> dict[str, Floats]:
    """Return how often every study is drawn in every redraw, as a share, by family."""
    random = np.random.default_rng(SEED)
    return {
        family: random.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=DRAWS) / len(rows)
        for family, rows in figures.items()
    }


def apart(own: ByFamily, other: ByFamily, weights: Mapping[str, Floats], *, figure: int = 1) -> str:
    """Say the mean difference in a figure (regret, unless asked for another) with its interval."""
    by = {family: own[family][:, figure] - other[family][:, figure] for family in own}
    low, high = np.quantile(np.mean([weights[family] @ by[family] for family in own], axis=0), [0.025, 0.975])
    return f"{np.mean([one.mean() for one in by.values()]):+.4f} [{low:+.4f}, {high:+.4f}]"


def blend(own: ByFamily, frontier: Sequence[ByFamily]) -> ByFamily | None:
    """Return the lot between two settings that costs what a variant costs; None beyond the frontier's ends."""
    compute = mean_of(own)[0]
    for dear, cheap in pairwise(frontier):
        most, least = mean_of(dear)[0], mean_of(cheap)[0]
        if least <= compute <= most:
            share = (compute - least) / (most - least)
            return {family: share * dear[family] + (1 - share) * cheap[family] for family in own}
    return None


def _without_the_best(own: ByFamily, frontier: Sequence[ByFamily], weights: Mapping[str, Floats]) -> str:
    """Say the difference at equal compute without the family that speaks most for a variant, and which that is."""
    found = []
    for family in own:
        rest, others = _but(own, family), [_but(one, family) for one in frontier]
        if (other := blend(rest, others)) is not None:
            found.append((mean_of(rest)[1] - mean_of(other)[1], family, apart(rest, other, weights)))
    if not found:
        return "-"
    _, family, said = max(found)
    return f"{said} ({family})"


def _but(figures: ByFamily, family: str) -> ByFamily:
    return {name: rows for name, rows in figures.items() if name != family}


def left_out(figures: Mapping[str, ByFamily], budget: str) -> Iterator[str]:
    """Yield what is chosen for every family by the others: least regret among those no dearer than the budget's."""
    families = list(figures[budget])
    means = {name: {family: own[family].mean(axis=0) for family in families} for name, own in figures.items()}
    yield f"| Left out | Chosen by the others | Its figures there | {budget} there |"
    yield "| - | - | - | - |"
    chosen, given = [], []
    for family in families:
        rest = [other for other in families if other != family]
        over = {name: np.mean([own[other] for other in rest], axis=0) for name, own in means.items()}
        affordable = [name for name in over if over[name][0] <= over[budget][0] + ROUNDING]
        pick = min(affordable, key=lambda name: float(over[name][1]))
        chosen.append(means[pick][family])
        given.append(means[budget][family])
        yield f"| {family} | {pick} | {_said(chosen[-1])} | {_said(given[-1])} |"
    yield f"| mean | | {_said(np.mean(chosen, axis=0))} | {_said(np.mean(given, axis=0))} |"


def _said(figures: Floats) -> str:
    return f"{100 * figures[0]:.1f} % / {figures[1]:.4f} / {100 * figures[2]:.0f} %"
