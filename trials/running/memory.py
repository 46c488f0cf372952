"""Telling a child that the kernel killed for memory from one that somebody killed."""

from __future__ import annotations

from pathlib import Path

VMSTAT = Path("/proc/vmstat")


def kills_so_far(path: Path = VMSTAT) -> int:
    """Return how many processes the kernel has killed for memory since it started; 0 where it does not tell."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
