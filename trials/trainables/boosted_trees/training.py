"""Boost the trees of every fold together, a few rounds at a time.

A checkpoint holds only how many rounds were made. scikit-learn stores a fitted model by pickle alone, and a
pickle runs code when it is read; the same rounds can be fitted again, tree for tree, in a second or two. They
are fitted in the same portions: features are drawn anew at each portion.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold, train_test_split
from threadpoolctl import threadpool_limits

from trials.trainables.base import Run, Value

SPLIT_SEED = 0
TEST_SHARE = 0.2

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Rows:
    """Features (n, 30) and classes (n,)."""

    features: Array
    classes: Array

    def __getitem__(self, index: Array) -> Rows:
        return Rows(self.features[index], self.classes[index])


@dataclass(frozen=True)
class Fold:
    """One model in the making, with the rows it learns from and those it is judged on."""

    model: Any
    train: Rows
    validation: Rows

    def fit_until(self, rounds: int) -> None:
        """Add trees until there are `rounds` of them."""
        self.model.set_params(max_iter=rounds)
        self.model.fit(self.train.features, self.train.classes)


def load_rows() -> tuple[Rows, Rows]:
    """Return the rows for tuning and those for testing, split the same way for every seed of a trial."""
    features, classes = load_breast_cancer(return_X_y=True)
    parts = train_test_split(features, classes, test_size=TEST_SHARE, random_state=SPLIT_SEED, stratify=classes)
    return Rows(parts[0], parts[2]), Rows(parts[1], parts[3])


def train_trial(run: Run, params: Mapping[str, Value], *, folds: int, steps: Sequence[int]) -> None:
    """Boost from the start, or on from the run's checkpoint, until the last round or a halting answer."""
    rows, _ = load_rows()
    made, best = _read_checkpoint(run.checkpoint)
    splits = StratifiedKFold(folds, shuffle=True, random_state=SPLIT_SEED).split(rows.features, rows.classes)
    parts = [Fold(_model(params, run.seed), rows[train], rows[validation]) for train, validation in splits]

    def write(path: Path) -> None:
        path.write_text(json.dumps({"rounds": step, "best": best}))

    with threadpool_limits(limits=run.threads):
        for step in steps:
            for part in parts:
                part.fit_until(step)
            if step <= made:
                continue
            losses = [_losses(part) for part in parts]
            mean = float(np.mean([loss["val_loss"] for loss in losses]))
            best, is_best = min(best, mean), mean < best
            run.save(step, write, best=is_best)
            # The folds first: the mean, told last, is what the study decides on.
            for number, loss in enumerate(losses):
                run.report(step, loss, {"fold": str(number)})
            if run.report(step, {"val_loss": mean, **_accuracy(parts)}).halts:
                return


def evaluate_checkpoint(run: Run, params: Mapping[str, Value], *, steps: Sequence[int]) -> dict[str, float]:
    """Fit all rows for tuning, for as many rounds as the checkpoint has, and judge on the rows for testing."""
    if run.checkpoint is None:
        raise ValueError("checkpoint: there is none to evaluate; train the trial first")
    rounds, _ = _read_checkpoint(run.checkpoint)
    rows, test = load_rows()
    whole = Fold(_model(params, run.seed), rows, test)
    with threadpool_limits(limits=run.threads):
        for step in steps:
            if step <= rounds:
                whole.fit_until(step)
        return {"test_loss": _losses(whole)["val_loss"], "test_accuracy": _accuracy([whole])["val_accuracy"]}


def _model(params: Mapping[str, Value], seed: int) -> Any:
    return HistGradientBoostingClassifier(**params, warm_start=True, early_stopping=False, random_state=seed)


def _losses(part: Fold) -> dict[str, float]:
    return {"val_loss": _log_loss(part.model, part.validation), "train_loss": _log_loss(part.model, part.train)}


def _log_loss(model: Any, rows: Rows) -> float:
    return float(log_loss(rows.classes, model.predict_proba(rows.features), labels=[0, 1]))


def _accuracy(parts: Sequence[Fold]) -> dict[str, float]:
    scores = [part.model.score(part.validation.features, part.validation.classes) for part in parts]
    return {"val_accuracy": float(np.mean(scores))}


def _read_checkpoint(path: Path | None) -> tuple[int, float]:
    if path is None:
        return 0, math.inf
    state = json.loads(path.read_text())
    return int(state["rounds"]), float(state["best"])
