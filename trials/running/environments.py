"""Where attempts ran, by an allow-list: never the process environment, so no secret can slip in."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import psutil
from django.conf import settings

from trials.models import Environment
from trials.running import devices
from trials.running.checkpoints import host
from trials.sanitise import clean_json

GIT_SECONDS = 10


def here(*, at: datetime) -> Environment:
    """Return the row of this host's environment, stored once by its digest."""
    found = facts()
    digest = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
    row, _ = Environment.objects.get_or_create(digest=digest, defaults={"facts": found, "created_at": at})
    return row


@lru_cache(maxsize=1)
def facts() -> Mapping[str, object]:
    """Return what is recorded about this host and its software, gathered once per process."""
    found: Mapping[str, object] = clean_json(
        {
            "python": platform.python_version(),
            "implementation": platform.python_implementation(),
            "system": f"{platform.system()} {platform.release()}",
            "host": host(),
            "cpu": cpu_model(),
            "cores": len(os.sched_getaffinity(0)),
            "memory_bytes": psutil.virtual_memory().total,
            "devices": [{"name": device.name, "memory_bytes": device.memory_bytes} for device in devices.all_devices()],
            "driver": devices.driver(),
            "git": git_state(Path(settings.BASE_DIR)),
            "packages": packages(),
        }
    )
    return found


def packages() -> dict[str, str]:
    """Return the installed packages and their versions."""
    found = {str(item.metadata["Name"]).lower(): item.version for item in importlib.metadata.distributions()}
    return dict(sorted(found.items()))


def cpu_model(path: Path = Path("/proc/cpuinfo")) -> str:
    """Return the processor's name, as the kernel tells it."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def git_state(folder: Path) -> dict[str, str] | None:
    """Return the commit, and a digest of what differs from it; None outside a repository or without git."""
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None
    changed = _git(folder, "diff", "HEAD", "--no-ext-diff", "--no-color") or b""
    dirty = hashlib.sha256(changed).hexdigest() if changed else ""
    return {"commit": commit.decode().strip(), "dirty_digest": dirty}


def _git(folder: Path, *arguments: str) -> bytes | None:
    command = ["git", "-C", str(folder), "-c", "core.fsmonitor=false", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=GIT_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
