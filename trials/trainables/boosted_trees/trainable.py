"""What `boosted_trees` is, in the words every trainable uses; scikit-learn is imported when training starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trials.trainables.base import Defaults, MetricInfo, ParameterInfo, Run
from trials.trainables.fields import read_settings, setting, settings_problems, with_defaults

PARAMETERS = (
    ParameterInfo(name="learning_rate", kind="float", default=0.1, low=1e-6, high=10.0),
    ParameterInfo(name="max_leaf_nodes", kind="int", default=31, low=2, high=1024),
    ParameterInfo(name="min_samples_leaf", kind="int", default=20, low=1, high=200),
    ParameterInfo(name="l2_regularization", kind="float", default=0.0, low=0.0, high=1e4),
    ParameterInfo(
        name="max_features", kind="float", default=1.0, low=0.01, high=1.0, help="Share of features tried at a split."
    ),
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A plan's fixed settings of `boosted_trees`."""

    rounds: int = setting(200, low=1, high=100_000)
    report_every: int = setting(10, low=1)
    folds: int = setting(5, low=2, high=20)


class BoostedTrees(Defaults):
    """A table of 569 rows and two classes, judged by the mean log loss over the folds."""

    name = "boosted_trees"
    title = "Boosted trees on the breast cancer data"
    step_unit = "rounds"
    parameters = PARAMETERS
    metrics = (
        MetricInfo(name="val_loss", direction="minimize", unit="nats", labels=("fold",)),
        MetricInfo(name="train_loss", direction="minimize", unit="nats", labels=("fold",)),
        MetricInfo(name="val_accuracy", direction="maximize"),
    )
    preload = ("numpy", "sklearn.ensemble", "sklearn.datasets", "sklearn.model_selection")
    small_settings: Mapping[str, object] = {"rounds": 20, "report_every": 5, "folds": 3}

    def check_settings(self, settings: Mapping[str, object]) -> Sequence[str]:
        """Name unknown settings, wrong types, values out of range and rounds that are never reported."""
        problems = settings_problems(Settings, settings)
        if problems:
            return problems
        read = Settings(**settings)  # type: ignore[arg-type]  # checked above
        if read.rounds % read.report_every:
            problems.append(f"report_every: {read.report_every} does not divide the {read.rounds} rounds; make it so")
        return problems

    def horizon(self, settings: Mapping[str, object]) -> int:
        """Return the number of boosting rounds."""
        return read_settings(Settings, settings).rounds

    def report_steps(self, settings: Mapping[str, object]) -> Sequence[int]:
        """Return the rounds after which every fold is evaluated."""
        read = read_settings(Settings, settings)
        return range(read.report_every, read.rounds + 1, read.report_every)

    def train(self, run: Run) -> None:
        """Train one trial to its horizon or until an answer halts."""
        from trials.trainables.boosted_trees.training import train_trial

        settings = read_settings(Settings, run.settings)
        params = with_defaults(PARAMETERS, run.params)
        train_trial(run, params, folds=settings.folds, steps=self.report_steps(run.settings))

    def evaluate(self, run: Run) -> Mapping[str, float]:
        """Return loss and accuracy, on the rows held out for testing, of as many rounds as the checkpoint has."""
        from trials.trainables.boosted_trees.training import evaluate_checkpoint

        return evaluate_checkpoint(run, with_defaults(PARAMETERS, run.params), steps=self.report_steps(run.settings))
