"""Styles and scripts under their hashed names, collected again whenever their sources are others than before."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders

MANIFEST = "staticfiles.json"
SOURCES = "sources.sha256"


def are_collected() -> bool:
    """Say whether static files were ever copied to STATIC_ROOT under their hashed names."""
    return (Path(settings.STATIC_ROOT) / MANIFEST).exists()


def are_fresh() -> bool:
    """Say whether what was collected comes from just the files that are there now.

    Dates alone do not tell: a data directory that was copied or restored is younger than the files of an upgrade.
    """
    noted = Path(settings.STATIC_ROOT) / SOURCES
    return are_collected() and noted.exists() and noted.read_text() == sources()


def note(digest: str) -> None:
    """Note what was collected from; whoever runs `collectstatic`, the storage calls this at its end."""
    (Path(settings.STATIC_ROOT) / SOURCES).write_text(digest)


def sources() -> str:
    """Return one digest of the names, sizes and times of all static files, those of installed packages included."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in sorted(finder.list([]), key=lambda found: found[0]):
            stat = Path(storage.path(path)).stat()
            digest.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()
