"""The product as the page benchmarks meet it: a filled study, a person, and a server for both."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import workbench

ROOT = Path(__file__).resolve().parent.parent
STARTED_WITHIN_S = 600.0


def filled_study(trials: int, reports: int) -> Any:
    """Return the study of so many trials, filled by the real engine where the database has none yet."""
    from trials.models import Study

    name = f"{trials} trials of {reports} reports"
    found = Study.objects.filter(name=name).first()
    if found is None:
        from filling import fill

        began = time.monotonic()
        study = workbench.launched(name, "balanced", reports=reports, trials=trials)
        found = fill(study, workbench.pool(trials, reports=reports))
        print(f"Filled in {time.monotonic() - began:.0f} s.", file=sys.stderr)
    return found


def signed_in() -> str:
    """Return the session cookie of a person who may see everything."""
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.test import Client

    person, _ = User.objects.get_or_create(username="bench", defaults={"is_superuser": True})
    client = Client()
    client.force_login(person)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


@contextmanager
def served(data: Path, port: int) -> Iterator[tuple[str, int]]:
    """Serve the data directory by one gunicorn worker; yield its address and the worker's process id."""
    from django.core.management import call_command

    workbench.settle()
    call_command("collectstatic", interactive=False, verbosity=0)
    command = [sys.executable, "-m", "gunicorn", "tuning_site.wsgi", "--threads", "4", "--bind", f"127.0.0.1:{port}"]
    server = subprocess.Popen([*command, "--log-level", "warning", "--timeout", "300"], cwd=ROOT)
    base = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{base}/healthz")
        yield base, _children(server.pid)[0]
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def wait_for(url: str) -> None:
    """Wait until a server that has been started answers."""
    deadline = time.monotonic() + STARTED_WITHIN_S
    while True:
        try:
            urllib.request.urlopen(url, timeout=60).read()  # noqa: S310 - our own server
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)
        else:
            return


def cpu_seconds(pid: int) -> float:
    """Return the processor time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def tree_cpu_seconds(pid: int) -> float:
    """Return the processor time of a process and of all that it has started and that still run."""
    return cpu_seconds(pid) + sum(tree_cpu_seconds(child) for child in _children(pid))


def _children(pid: int) -> list[int]:
    """Return the processes that any thread of this one has started."""
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in found for child in path.read_text().split()]
