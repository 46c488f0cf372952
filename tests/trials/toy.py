"""A trainable for tests of plans and doors: it declares every kind of parameter and trains nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trials.trainables.base import MetricInfo, ParameterInfo, Run


class Toy:
    """Four epochs of nothing."""

    name = "toy"
    title = "A toy"
    step_unit = "epochs"
    parameters = (
        ParameterInfo(name="learning_rate", kind="float", default=1e-3, low=0.0, high=1.0),
        ParameterInfo(name="layers", kind="int", default=2, low=1, high=8),
        ParameterInfo(name="optimizer", kind="categorical", default="adamw", choices=("adamw", "sgd")),
        ParameterInfo(name="alpha", kind="float", default=None, low=0.0, high=10.0),
    )
    metrics = (
        MetricInfo(name="val_loss", direction="minimize"),
        MetricInfo(name="accuracy", direction="maximize"),
        MetricInfo(name="speed"),
    )
    preload = ()
    small_settings: Mapping[str, object] = {}

    def check_settings(self, settings: Mapping[str, object]) -> Sequence[str]:
        return [f"{name}: there is no such setting; remove it" for name in settings if name not in {"epochs", "data"}]

    def resource_names(self, settings: Mapping[str, object]) -> Sequence[str]:
        return [str(settings["data"])] if "data" in settings else []

    def horizon(self, settings: Mapping[str, object]) -> int:
        return int(str(settings.get("epochs", 4)))

    def report_steps(self, settings: Mapping[str, object]) -> Sequence[int]:
        return range(1, self.horizon(settings) + 1)

    def prepare(self, run: Run) -> None: ...

    def train(self, run: Run) -> None:
        run.report(1, {"val_loss": 1.0})

    def evaluate(self, run: Run) -> Mapping[str, float]:
        return {"test_loss": 0.5}


TRAINABLES = {"toy": {"class": f"{__name__}.{Toy.__qualname__}", "resources": {"letters": "/srv/letters"}}}
