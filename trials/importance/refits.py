"""Importance with intervals: every figure is the median of refits on redrawn trials, with the range of most of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trials.importance import trees as boosted
from trials.importance.cells import Cells
from trials.importance.quantiles import Optimum
from trials.importance.readings import Reading
from trials.importance.trees import Pair
from trials.space import Space

Floats = NDArray[np.float64]
Telling = Callable[[str, float, float], None]
FANOVA, PED_ANOVA, PERMUTATION, IMPURITY = "fanova", "ped_anova", "permutation", "impurity"
BY = (FANOVA, PED_ANOVA, PERMUTATION, IMPURITY)
GRID = 16
"""Surfaces are kept with so many cells a side."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How much is computed."""

    refits: int = 24
    most_rows: int = 10_000
    """Trials of a reading; more are thinned out at random."""
    most_grown: int = 2_000
    """Trials the trees are grown on; of more, each refit draws so many."""
    interval: float = 0.8
    seed: int = 0
    with_trees: bool = field(default_factory=boosted.is_installed)


def explain(
    space: Space,
    configurations: Sequence[Mapping[str, object]],
    cells: Cells,
    readings: Sequence[Reading],
    *,
    settings: Settings | None = None,
    tell: Telling | None = None,
) -> dict[str, Any]:
    """Return every evaluator's importance under every reading, as plain data.

    {"names": [...], "constant": [...], "interval": 0.8, "refits": 24, "readings": {key: {"n": ..., "missing": ...,
    "step": ..., "grown": ..., "by": {evaluator: [[median, low, high], ...]}, "unseen": [median, low, high],
    "pairs": [[i, j, median, low, high], ...], "surfaces": [{"pair": [i, j], "x": ..., "y": ..., "z": ...}],
    "curves": [[...], ...]}}}. tell(text, done, total) hears of every refit.
    """
    settings = settings or Settings()
    readable = [reading for reading in readings if not reading.missing and cells.factors]
    total = len(readable) * settings.refits
    found: dict[str, Any] = {}
    for place, reading in enumerate(readings):
        about: dict[str, Any] = {"n": len(reading), "missing": reading.missing, "step": reading.step}
        if not reading.missing and not cells.factors:
            about["missing"] = "No parameter varies among these trials."
        if not about["missing"]:
            done = readable.index(reading) * settings.refits

            def heard(refit: int, of: int = done, key: str = reading.key) -> None:
                if tell is not None:
                    tell(f"refit {of + refit} of {total}", of + refit, total)

            about |= _explained(space, configurations, cells, reading, settings, place, heard)
        found[reading.key] = about
    return {
        "names": list(cells.names),
        "constant": list(cells.constant),
        "interval": settings.interval,
        "refits": settings.refits,
        "readings": found,
    }


def _explained(
    space: Space,
    configurations: Sequence[Mapping[str, object]],
    cells: Cells,
    reading: Reading,
    settings: Settings,
    place: int,
    heard: Callable[[int], None],
) -> dict[str, Any]:
    random = np.random.default_rng([settings.seed, place])
    kept = np.arange(len(reading))
    if kept.size > settings.most_rows:
        kept = np.sort(random.choice(kept, settings.most_rows, replace=False))
    rows = reading.rows[kept]
    optimum = Optimum(space, [configurations[row] for row in rows], cells.names)
    refits = _Refits(cells, reading, kept, optimum, settings)
    for refit in range(settings.refits):
        refits.once(random)
        heard(refit + 1)
    return {"used": int(rows.size), "grown": min(rows.size, settings.most_grown), **refits.summary()}


class _Refits:
    """The refits of one reading and what they found."""

    def __init__(
        self, cells: Cells, reading: Reading, kept: NDArray[np.int64], optimum: Optimum, settings: Settings
    ) -> None:
        self.cells, self.reading, self.kept, self.optimum, self.settings = cells, reading, kept, optimum, settings
        self.rows = reading.rows[kept]
        self.shares: dict[str, list[Floats]] = {}
        self.pairs: list[dict[Pair, float]] = []
        self.curves: list[tuple[Floats, ...]] = []
        self.surfaces: dict[Pair, list[Floats]] = {}
        self.unseen: list[float] = []
        self.paired: list[int] | None = None

    def once(self, random: np.random.Generator) -> None:
        """Draw as many trials as there are, with repeats, and explain them; what was not drawn is unseen."""
        n = self.rows.size
        draw = random.integers(0, n, n)
        again = self.reading.again
        scores = (again(random) if again is not None else self.reading.scores)[self.kept]
        self._add(PED_ANOVA, self.optimum.shares(draw, scores))
        if not self.settings.with_trees:
            return
        seed = int(random.integers(2**31))
        grown = draw[: self.settings.most_grown]
        unseen = np.setdiff1d(np.arange(n), grown)[: self.settings.most_grown]
        trees = boosted.grow(self.cells, self.rows[grown], scores[grown], seed=seed)
        shares = boosted.decompose(trees, seed=self.settings.seed, paired=self.paired)
        # Every refit speaks of the same pairs: those of the first.
        self.paired = self.paired or sorted({index for pair in shares.pairs for index in pair}) or None
        codes, told = self.cells.codes[self.rows[unseen]], scores[unseen]
        self._add(FANOVA, shares.mains)
        self._add(PERMUTATION, boosted.permuted(trees, codes, told, seed=seed))
        self._add(IMPURITY, boosted.impurity(trees))
        self.unseen.append(boosted.explained(trees, codes, told))
        self.pairs.append(shares.pairs)
        self.curves.append(shares.curves)
        for pair, surface in shares.surfaces.items():
            self.surfaces.setdefault(pair, []).append(surface)

    def summary(self) -> dict[str, Any]:
        """Return medians with intervals, rounded to what is shown."""
        by = {key: [self._interval([share[j] for share in shares]) for j in range(len(self.cells.factors))]
              for key, shares in self.shares.items()}  # fmt: skip
        found: dict[str, Any] = {"by": by}
        if not self.unseen:
            return found
        pairs = sorted({pair for refit in self.pairs for pair in refit})
        found["unseen"] = self._interval([share for share in self.unseen if not np.isnan(share)] or [0.0])
        found["pairs"] = [[*pair, *self._interval([refit.get(pair, 0.0) for refit in self.pairs])] for pair in pairs]
        found["curves"] = [
            np.round(np.median([curves[j] for curves in self.curves], axis=0), 3).tolist()
            for j in range(len(self.cells.factors))
        ]
        found["surfaces"] = [self._surface(pair, self.surfaces[pair]) for pair in sorted(self.surfaces)]
        return found

    def _add(self, key: str, shares: Floats) -> None:
        self.shares.setdefault(key, []).append(shares)

    def _interval(self, values: Sequence[float]) -> list[float]:
        tail = (1 - self.settings.interval) / 2
        return np.round(np.quantile(values, [0.5, tail, 1 - tail]), 4).tolist()  # type: ignore[no-any-return]

    def _surface(self, pair: Pair, refits: Sequence[Floats]) -> dict[str, Any]:
        """Return the mean surface over present values, thinned to `GRID` cells a side."""
        one, other = self.cells.factors[pair.one], self.cells.factors[pair.other]
        whole = np.mean(refits, axis=0)[: one.n_cells - one.has_absent, : other.n_cells - other.has_absent]
        for axis, n in enumerate(whole.shape):
            if n > GRID and n % GRID == 0:
                shape = (GRID, n // GRID, -1) if axis == 0 else (whole.shape[0], GRID, n // GRID)
                whole = whole.reshape(shape).mean(axis=1 if axis == 0 else 2)
        return {"pair": list(pair), "z": np.round(whole, 3).tolist()}
