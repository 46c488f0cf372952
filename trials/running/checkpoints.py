"""Where trials keep their checkpoints, and the rows that name them.

`DATA_DIR/studies/<uid>/trials/<number>/` holds a trial's checkpoints and logs, and a scratch folder per attempt. A
path in a row is relative to the data directory of its host.
"""

from __future__ import annotations

import shutil
import socket
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from trials.models import Artifact, Attempt, Study, Trial

# How many trials keep their best checkpoint after the study's end, beside the pinned ones.
KEPT_BEST = 10
LOG_BYTES_MAX = 64 * 1_048_576


def host() -> str:
    """Return this machine's name, as rows call it."""
    return socket.gethostname()


def study_folder(study: Study) -> Path:
    """Return the folder of everything a study's trials leave on this host."""
    return Path(settings.DATA_DIR) / "studies" / str(study.uid)


def folder(trial: Trial) -> Path:
    """Return the trial's folder on this host."""
    return study_folder(trial.study) / "trials" / str(trial.number)


def log_file(attempt: Attempt) -> Path:
    """Return where an attempt's output is captured."""
    return folder(attempt.trial) / f"attempt-{attempt.number}.log"


def scratch(attempt: Attempt) -> Path:
    """Return the attempt's own folder, deleted when it ends."""
    return folder(attempt.trial) / f"attempt-{attempt.number}"


def relative(path: Path) -> str:
    """Return how rows name a path: relative to the data directory."""
    return str(path.relative_to(settings.DATA_DIR))


def path_of(artifact: Artifact) -> Path:
    """Return the file or folder that a row names, on its host."""
    return Path(settings.DATA_DIR) / artifact.path


def to_resume(trial: Trial) -> Artifact | None:
    """Return the checkpoint that the next attempt would begin with: the trial's own last one, else an inherited one."""
    own = Artifact.objects.filter(trial=trial, kind=Artifact.Kind.LAST).first()
    if own is not None or not trial.inherited_step or trial.continues is None:
        return own
    inherited = to_resume(trial.continues)
    return inherited if inherited is not None and inherited.step == trial.inherited_step else None


def is_here(artifact: Artifact) -> bool:
    """Say whether this host can open the checkpoint: it wrote it, or the store is declared shared."""
    return (artifact.host == host() or bool(getattr(settings, "SHARED_STORE", False))) and path_of(artifact).exists()


def record(attempt: Attempt, *, kind: str, step: int, path: Path, size: int, at: datetime) -> None:
    """Name a checkpoint in its row, then delete the one it replaces; a fenced attempt's is deleted instead."""
    name = relative(path)
    with transaction.atomic():
        if not Attempt.objects.select_for_update().filter(pk=attempt.pk, ended_at=None).exists():
            discard(path)
            return
        older = Artifact.objects.filter(trial=attempt.trial, kind=kind).first()
        Artifact.objects.update_or_create(
            trial=attempt.trial,
            kind=kind,
            defaults={
                "attempt": attempt,
                "step": step,
                "path": name,
                "host": host(),
                "size": size,
                "created_at": at,
            },
        )
    if older is not None and older.path != name and older.host == host():
        discard(path_of(older))


def tidy(trial: Trial) -> None:
    """Delete checkpoints that no row names: an attempt was killed between writing one and telling it."""
    named = {path_of(artifact) for artifact in Artifact.objects.filter(trial=trial)}
    place = folder(trial)
    for pattern in ("last-*", "best-*", ".*.partial"):
        for path in place.glob(pattern):
            if path not in named:
                discard(path)


def keep_the_best(study: Study) -> None:
    """Delete what an ended study need not keep on this host: every checkpoint but the best trials' best ones."""
    ranked = study.trials.filter(state=Trial.State.COMPLETE, value__isnull=False)
    best = ranked.order_by("value" if study.minimises else "-value", "number").values_list("pk", flat=True)
    kept = {*best[:KEPT_BEST], *study.trials.filter(pinned=True).values_list("pk", flat=True)}
    for artifact in Artifact.objects.filter(trial__study=study, host=host()):
        if artifact.kind == Artifact.Kind.LAST or artifact.trial_id not in kept:
            discard(path_of(artifact))
            artifact.delete()


def cut_log(log: Path) -> None:
    """Begin a log anew that has grown beyond all use; its writer appends, so it goes on at the start."""
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        with log.open("w", encoding="utf-8") as file:
            file.write(f"(what stood here was cut off at {LOG_BYTES_MAX} bytes)\n")


def discard(path: Path) -> None:
    """Delete a file or a folder; one that is gone already is fine."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
