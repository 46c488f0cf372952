"""Recorded curves one may choose from: folders that the settings name, and studies that ended here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from pruning.backtest import Skipped, Task
from pruning.curves import folder, studies
from pruning.models import PolicyVersion, PruningEvent
from trials.models import Study
from trials.models.project import Person
from trials.models.study import StudyQuerySet


@dataclass(frozen=True)
class Registered:
    """A folder of recorded curves that the settings name, with its families."""

    name: str
    families: Mapping[str, int]
    """How many tasks each has that can be chosen from."""
    problem: str = ""
    """Why it cannot be read."""


def registered() -> list[Registered]:
    """Return every registered folder by name."""
    return [_read(name, path) for name, path in sorted(_folders().items())]


def finished_for(user: Person) -> StudyQuerySet:
    """Return the ended studies that the person may see, newest first."""
    return Study.objects.visible_to(user).filter(state=Study.State.ENDED).order_by("-ended_at", "-pk")


def versions_for(user: Person) -> list[PolicyVersion]:
    """Return the stored policies under which a study that the person may see was registered or amended."""
    mine = Study.objects.visible_to(user).values("uid")
    kinds = (PruningEvent.Kind.LAUNCHED, PruningEvent.Kind.AMENDED)
    seen = PruningEvent.objects.filter(study_uid__in=mine, kind__in=kinds).values("policy")
    found = PolicyVersion.objects.filter(fingerprint__in=seen).select_related("policy")
    return list(found.order_by("policy__name", "number"))


def version_name(version: PolicyVersion) -> str:
    """Return what a stored policy is called in tables."""
    return f"{version.policy.name} version {version.number}"


def found(
    chosen: Sequence[Study], folders: Mapping[str, Sequence[str]]
) -> Iterator[tuple[Task | Skipped, Study | None]]:
    """Yield what a backtest plays, with its study where it is one; of two with one name the first is played."""
    names: set[str] = set()
    for one, study in _every(chosen, folders):
        name = one.name if isinstance(one, Task) else ""
        if name in names:
            yield Skipped(task=name, reason="another source has a task of this name, which is played"), study
            continue
        names.add(name)
        yield one, study


def _every(
    chosen: Sequence[Study], folders: Mapping[str, Sequence[str]]
) -> Iterator[tuple[Task | Skipped, Study | None]]:
    for name, families in sorted(folders.items()):
        path = _folders().get(name)
        if path is None:
            yield (
                Skipped(task=name, reason="this folder of curves is no longer registered: ask who runs the site"),
                None,
            )
            continue
        try:
            for one in folder.tasks(path, families=families):
                yield one, None
        except folder.NotInLayout as error:
            yield Skipped(task=name, reason=_told(error, name, path)), None
    for study in chosen:
        yield studies.task_of(study), study


def _folders() -> Mapping[str, Path]:
    found: Mapping[str, Path] = settings.RECORDED_CURVES
    return found


def _read(name: str, path: Path) -> Registered:
    try:
        entries = folder.index(path)
    except folder.NotInLayout as error:
        return Registered(name, {}, _told(error, name, path))
    return Registered(name, Counter(entry["benchmark"] for entry in entries if entry["role"] != folder.REPLICATES))


def _told(error: Exception, name: str, path: Path) -> str:
    """Return why a folder cannot be read; where it lies is nobody's business."""
    return str(error).replace(str(path), name)
