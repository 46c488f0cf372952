"""What the server has not taken yet, on disk, so that not even a crash of the training program loses it.

A file per attempt: a line that names the server, then one request a line in the order they were made. Batches are
numbered, so sending one twice changes nothing; the file is removed when all of it has arrived.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from trials.client.link import Body

logger = logging.getLogger("espalier.client")


def default_folder() -> Path:
    """Return `$ESPALIER_SPOOL`, else a folder in the user's cache."""
    named = os.environ.get("ESPALIER_SPOOL")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else cache / "espalier" / "spool"


class Spool:
    """The undelivered requests of one attempt."""

    def __init__(self, folder: Path, *, url: str, attempt: int) -> None:
        digest = hashlib.sha256(url.encode()).hexdigest()[:12]
        self.path = folder / f"{digest}-{attempt}.jsonl"
        self._url = url
        self._is_broken = False

    def add(self, path: str, body: Body) -> None:
        """Append one request; a disk that takes nothing is said once and held against nobody."""
        try:
            self._append(json.dumps({"path": path, "body": body}))
        except OSError as error:
            if not self._is_broken:
                logger.warning("cannot write the spool %s: %s; reports wait in memory", self.path, error)
            self._is_broken = True

    def clear(self) -> None:
        """Forget everything: it has arrived, or nobody wants it any more."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)

    def _append(self, line: str) -> None:
        is_new = not self.path.exists()
        if is_new:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            if is_new:
                file.write(json.dumps({"url": self._url}) + "\n")
            file.write(line + "\n")


def read_spool(path: Path) -> tuple[str, list[tuple[str, Body]]]:
    """Return (server, requests) of a spool file; a last line that a crash cut short is left out."""
    lines = list(_lines(path))
    if not lines or "url" not in lines[0]:
        raise ValueError(f"{path} is not a spool file")
    return str(lines[0]["url"]), [(str(line["path"]), line["body"]) for line in lines[1:]]


def _lines(path: Path) -> Iterator[Body]:
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            return
        if isinstance(line, dict):
            yield line
