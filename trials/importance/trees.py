"""Boosted trees over the cells, and what of their variance each parameter and pair explains.

The trees are scikit-learn's. The decomposition is the functional analysis of variance of Hutter, Hoos & Leyton-Brown,
"An Efficient Approach for Assessing Hyperparameter Importance" (ICML 2014), with two departures. It decomposes the sum
of boosted trees (Friedman, "Greedy function approximation", Annals of Statistics 29, 2001) instead of the trees of a
random forest one by one: on functions whose shares are known these explain more of what they have not seen, and find
the pairs that a forest all but misses. And it gives pairs: Optuna's evaluator has none, and takes 6 s of processor time
for 1,000 trials where this takes a fraction of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trials.importance.cells import Cells, Factor

Floats = NDArray[np.float64]
N_TREES = 80
DEPTH = 4
RATE = 0.15
MIN_LEAF = 5
DRAWN = 0.7
DRAWS = 4096
"""Random configurations from which the whole variance is taken."""
MOST_PAIRED = 10
"""Pairs are made of the so many parameters that explain most by themselves."""


class Pair(NamedTuple):
    """Two parameters, by their place among the factors."""

    one: int
    other: int


@dataclass(frozen=True)
class Trees:
    """Boosted trees fitted to the cells and scores of some trials."""

    factors: tuple[Factor, ...]
    model: Any
    """scikit-learn's GradientBoostingRegressor."""
    lows: NDArray[np.int32]
    """[leaves, factors] the first cell of each leaf of every tree ..."""
    highs: NDArray[np.int32]
    """[leaves, factors] ... and the cell after its last."""
    heights: Floats
    """[leaves] what each leaf adds."""
    base: float
    """What is there before any leaf: the mean score."""

    def predict(self, codes: NDArray[np.int16]) -> Floats:
        """Return the score expected of configurations in cells, float64[n]."""
        return np.asarray(self.model.predict(codes.astype(np.float32)), dtype=np.float64)


def is_installed() -> bool:
    """Say whether scikit-learn is there; without it only PED-ANOVA can be computed."""
    from importlib.util import find_spec

    return find_spec("sklearn") is not None


def grow(cells: Cells, rows: NDArray[np.int64], scores: Floats, *, seed: int) -> Trees:
    """Fit trees to the scores of some trials; a row may stand in `rows` more than once."""
    from sklearn.ensemble import GradientBoostingRegressor

    model = GradientBoostingRegressor(
        n_estimators=N_TREES,
        max_depth=DEPTH,
        learning_rate=RATE,
        min_samples_leaf=MIN_LEAF,
        subsample=DRAWN,
        random_state=seed,
    )
    model.fit(cells.codes[rows].astype(np.float32), scores)
    n_cells = np.array([factor.n_cells for factor in cells.factors])
    boxes = [_boxes(tree.tree_, n_cells) for tree in model.estimators_.ravel()]
    lows, highs, heights = (np.concatenate([box[part] for box in boxes]) for part in range(3))
    return Trees(cells.factors, model, lows, highs, heights * RATE, float(scores.mean()))


def _boxes(tree: Any, n_cells: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int32], Floats]:
    """Return the leaves of one tree as boxes of cells, walking all nodes of a depth at once."""
    left, right, feature = tree.children_left, tree.children_right, tree.feature
    # Cells are whole numbers and scikit-learn sends x <= threshold to the left.
    first_right = np.floor(tree.threshold).astype(np.int64) + 1
    lows = np.zeros((left.size, n_cells.size), dtype=np.int32)
    highs = np.broadcast_to(n_cells, lows.shape).astype(np.int32)
    nodes = np.array([0])
    while nodes.size:
        inner = nodes[left[nodes] >= 0]
        below, above, along, cut = left[inner], right[inner], feature[inner], first_right[inner]
        for children in (below, above):
            lows[children], highs[children] = lows[inner], highs[inner]
        highs[below, along], lows[above, along] = cut, cut
        nodes = np.concatenate([below, above])
    leaves = np.flatnonzero(left < 0)
    return lows[leaves], highs[leaves], tree.value[leaves, 0, 0]


@dataclass(frozen=True)
class Shares:
    """How much of the trees' variance each parameter and each pair explains, beyond their own shares."""

    mains: Floats
    """[factors]"""
    pairs: dict[Pair, float]
    surfaces: dict[Pair, Floats]
    """What the trees expect over two parameters, all others averaged: [cells of one, cells of the other]."""
    curves: tuple[Floats, ...]
    """What they expect over each parameter: [cells]."""


def decompose(trees: Trees, *, seed: int, paired: Sequence[int] | None = None) -> Shares:
    """Return the shares of variance; all zero where the trees say the same everywhere.

    paired: the factors of which pairs are made; by default the `MOST_PAIRED` with the largest shares of their own.
    """
    weights = [factor.weights for factor in trees.factors]
    sums = [np.concatenate([[0.0], np.cumsum(weight)]) for weight in weights]
    sides = np.stack([total[trees.highs[:, j]] - total[trees.lows[:, j]] for j, total in enumerate(sums)], axis=1)
    masses = trees.heights * sides.prod(axis=1)
    mean = float(masses.sum())
    level = mean + trees.base
    curves = tuple(_curve(trees, j, masses / sides[:, j]) - mean for j in range(len(weights)))
    variance = _variance(trees, weights, seed)
    if variance <= 1e-12:
        nothing = np.zeros(len(weights))
        return Shares(nothing, {}, {}, tuple(curve + level for curve in curves))
    mains = np.array([weight @ curve**2 for weight, curve in zip(weights, curves, strict=True)]) / variance
    chosen = sorted(np.argsort(-mains)[:MOST_PAIRED].tolist() if paired is None else paired)
    pairs, surfaces = {}, {}
    for i, j in combinations(chosen, 2):
        surface = _surface(trees, i, j, masses / (sides[:, i] * sides[:, j])) - mean
        own = surface - curves[i][:, None] - curves[j][None, :]
        pairs[Pair(i, j)] = float(weights[i] @ own**2 @ weights[j]) / variance
        surfaces[Pair(i, j)] = surface + level
    return Shares(mains, pairs, surfaces, tuple(curve + level for curve in curves))


def _curve(trees: Trees, j: int, masses: Floats) -> Floats:
    """Add up leaves along one factor: each from its first cell on, less from the cell after its last."""
    n = trees.factors[j].n_cells
    steps = np.bincount(trees.lows[:, j], masses, n + 1) - np.bincount(trees.highs[:, j], masses, n + 1)
    return np.cumsum(steps)[:n]


def _surface(trees: Trees, i: int, j: int, masses: Floats) -> Floats:
    """Add up leaves over two factors, by the four corners of each box."""
    n, m = trees.factors[i].n_cells + 1, trees.factors[j].n_cells + 1
    steps = np.zeros(n * m)
    for at_i, at_j, sign in (
        (trees.lows, trees.lows, 1.0),
        (trees.lows, trees.highs, -1.0),
        (trees.highs, trees.lows, -1.0),
        (trees.highs, trees.highs, 1.0),
    ):
        steps += sign * np.bincount(at_i[:, i].astype(np.int64) * m + at_j[:, j], masses, n * m)
    return np.asarray(steps.reshape(n, m).cumsum(axis=0).cumsum(axis=1)[:-1, :-1])


def _variance(trees: Trees, weights: Sequence[Floats], seed: int) -> float:
    """Return the trees' variance over the whole space, from the same random configurations every time."""
    random = np.random.default_rng(seed)
    codes = np.stack([random.choice(weight.size, DRAWS, p=weight / weight.sum()) for weight in weights], axis=1)
    return float(trees.predict(codes.astype(np.int16)).var())


def explained(trees: Trees, codes: NDArray[np.int16], scores: Floats) -> float:
    """Return the share of the variance of unseen scores that the trees explain; below zero: worse than their mean."""
    total = float(((scores - scores.mean()) ** 2).sum()) if scores.size else 0.0
    if total == 0:
        return float("nan")
    return 1 - float(((scores - trees.predict(codes)) ** 2).sum()) / total


def permuted(trees: Trees, codes: NDArray[np.int16], scores: Floats, *, seed: int) -> Floats:
    """Return how much worse unseen scores are predicted once each parameter is shuffled, as shares of the whole.

    Breiman, "Random Forests" (Machine Learning 45, 2001), on trials the trees have not seen. Zero where shuffling
    made nothing worse.
    """
    if not scores.size:
        return np.zeros(len(trees.factors))
    random = np.random.default_rng(seed)
    before = float(((scores - trees.predict(codes)) ** 2).mean())
    rises = np.zeros(len(trees.factors))
    for j in range(rises.size):
        shuffled = codes.copy()
        shuffled[:, j] = random.permutation(codes[:, j])
        rises[j] = max(0.0, float(((scores - trees.predict(shuffled)) ** 2).mean()) - before)
    return shares_of(rises)


def impurity(trees: Trees) -> Floats:
    """Return how much each parameter's splits lower the variance within the leaves, as shares."""
    return np.asarray(trees.model.feature_importances_, dtype=np.float64)


def shares_of(amounts: Floats) -> Floats:
    """Return amounts as shares of their sum; all zero where there is none."""
    total = float(amounts.sum())
    return amounts / total if total > 0 else np.zeros_like(amounts)
