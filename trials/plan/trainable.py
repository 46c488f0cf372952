"""Ask a registered trainable what a plan needs to know of it."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured

from trials.plan.fields import Problems
from trials.plan.model import TrainableSpec
from trials.plan.parts import TrainableFacts
from trials.trainables import registry


def trainable_facts(spec: TrainableSpec, problems: Problems, *, path: str) -> TrainableFacts | None:
    """Return what the trainable says; complain at `path` if it is not registered or its settings are wrong."""
    names = sorted(registry.names())
    if spec.name not in names:
        remedy = f"; the registered ones are {', '.join(names)}" if names else "; none is"
        problems.add(path, f"{spec.name!r} is not a trainable registered in the settings{remedy}")
        return None
    try:
        trainable = registry.get(spec.name)
    except ImproperlyConfigured as error:
        problems.add(path, f"{spec.name!r} is registered but cannot be used: {error}")
        return None
    complaints = registry.check_settings(spec.name, spec.settings)
    for complaint in complaints:
        field, separator, message = complaint.partition(": ")
        problems.add(f"{path}.settings.{field}" if separator else f"{path}.settings", message or complaint)
    return TrainableFacts(
        name=spec.name,
        step_unit=trainable.step_unit,
        metrics=trainable.metrics,
        parameters={info.name: info for info in trainable.parameters},
        horizon=None if complaints else trainable.horizon(spec.settings),
        report_steps=() if complaints else tuple(trainable.report_steps(spec.settings)),
    )
