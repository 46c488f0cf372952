"""What `digits_cnn` is, in the words every trainable uses; torch is imported when training starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trials.trainables.base import Defaults, MetricInfo, ParameterInfo, Run, Value
from trials.trainables.fields import read_settings, setting, settings_problems, with_defaults

PARAMETERS = (
    ParameterInfo(name="learning_rate", kind="float", default=1e-3, low=0.0, high=100.0),
    ParameterInfo(name="width", kind="int", default=16, low=1, high=256, help="Channels of the first layer."),
    ParameterInfo(name="dropout", kind="float", default=0.1, low=0.0, high=0.9),
    ParameterInfo(name="weight_decay", kind="float", default=1e-4, low=0.0, high=1.0),
    ParameterInfo(name="batch_size", kind="int", default=64, low=1, high=1024),
    ParameterInfo(name="optimizer", kind="categorical", default="adamw", choices=("adamw", "sgd")),
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A plan's fixed settings of `digits_cnn`."""

    epochs: int = setting(30, low=1, high=10_000)


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """The tunable parameters of one trial, typed."""

    learning_rate: float
    width: int
    dropout: float
    weight_decay: float
    batch_size: int
    optimizer: str

    @classmethod
    def from_params(cls, params: Mapping[str, Value]) -> Configuration:
        """Fill in the defaults; raise ValueError for a parameter nobody knows."""
        return cls(**with_defaults(PARAMETERS, params))  # type: ignore[arg-type]  # PARAMETERS says the types


class DigitsCnn(Defaults):
    """Images of 8 x 8 pixels, ten classes, judged by accuracy on a validation split."""

    name = "digits_cnn"
    title = "Convolutional network on handwritten digits"
    step_unit = "epochs"
    parameters = PARAMETERS
    metrics = (
        MetricInfo(name="val_accuracy", direction="maximize"),
        MetricInfo(name="val_loss", direction="minimize", unit="nats"),
        MetricInfo(name="train_loss", direction="minimize", unit="nats"),
        MetricInfo(name="grad_norm"),
    )
    preload = ("torch", "numpy", "sklearn.datasets")
    small_settings: Mapping[str, object] = {"epochs": 4}

    def check_settings(self, settings: Mapping[str, object]) -> Sequence[str]:
        """Name unknown settings, wrong types and values out of range."""
        return settings_problems(Settings, settings)

    def horizon(self, settings: Mapping[str, object]) -> int:
        """Return the number of epochs."""
        return read_settings(Settings, settings).epochs

    def report_steps(self, settings: Mapping[str, object]) -> Sequence[int]:
        """Return every epoch."""
        return range(1, self.horizon(settings) + 1)

    def train(self, run: Run) -> None:
        """Train one trial to its horizon or until an answer halts."""
        from trials.trainables.digits_cnn.training import train_trial

        train_trial(run, Configuration.from_params(run.params), epochs=self.horizon(run.settings))

    def evaluate(self, run: Run) -> Mapping[str, float]:
        """Return accuracy and loss of the checkpoint on the images held out for testing."""
        from trials.trainables.digits_cnn.training import evaluate_checkpoint

        return evaluate_checkpoint(run, Configuration.from_params(run.params))
