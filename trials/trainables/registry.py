"""The trainables this installation may run, by name.

`settings.TRAINABLES` maps a name to `{"class": "package.module.Class", "resources": {"name": "/a/path"}}`. A
plan, a request or a row can only ever give a name that stands there: never a class and never a path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from trials.trainables.base import Trainable


class UnknownTrainable(LookupError):
    """A name that is not registered."""

    def __init__(self, name: str) -> None:
        known = ", ".join(names()) or "none"
        super().__init__(f"trainable: {name!r} is not registered in TRAINABLES; registered are {known}")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the settings say of one trainable."""

    name: str
    class_path: str
    """The class as `package.module.Class`."""
    resources: Mapping[str, Path]
    """The only files and folders that its runs may open, by the names plans give them."""


def names() -> tuple[str, ...]:
    """Return the registered names, sorted."""
    return tuple(sorted(settings.TRAINABLES))


def entry(name: str) -> Entry:
    """Return what the settings say of a trainable.

    Raises `UnknownTrainable` for a name that is not registered and `ImproperlyConfigured` for an entry
    without a class.
    """
    if name not in settings.TRAINABLES:
        raise UnknownTrainable(name)
    registered: Any = settings.TRAINABLES[name]  # written by hand: believe nothing of it
    if not isinstance(registered, Mapping) or not isinstance(registered.get("class"), str):
        raise ImproperlyConfigured(f"TRAINABLES[{name!r}]: {registered!r} names no class; give its dotted path")
    resources = {key: Path(path).absolute() for key, path in registered.get("resources", {}).items()}
    return Entry(name=name, class_path=registered["class"], resources=resources)


def get(name: str) -> Trainable:
    """Return the trainable registered under `name`; raise `UnknownTrainable` if there is none."""
    class_path = entry(name).class_path
    try:
        return cast("Trainable", import_string(class_path)())
    except ImportError as error:
        raise ImproperlyConfigured(f"TRAINABLES[{name!r}]: {class_path} cannot be imported: {error}") from error


def check_settings(name: str, settings: Mapping[str, object]) -> Sequence[str]:
    """Return what is wrong with a plan's fixed settings, each as `field: what, and the remedy`.

    Beyond what the trainable itself says: every resource that a run with these settings would open is registered.
    """
    trainable = get(name)
    problems = trainable.check_settings(settings)
    return problems or _missing_resources(entry(name), trainable, settings)


def _missing_resources(registered: Entry, trainable: Trainable, settings: Mapping[str, object]) -> list[str]:
    problems = []
    for resource in trainable.resource_names(settings):
        if resource not in registered.resources:
            field = next((key for key, value in settings.items() if value == resource), "resources")
            known = ", ".join(sorted(registered.resources)) or "none"
            problems.append(
                f"{field}: {resource!r} is not a resource registered for {registered.name} in TRAINABLES; "
                f"registered are {known}"
            )
    return problems
