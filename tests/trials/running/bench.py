"""A site of its own for tests of running: data directory, database, broker and workers that may be killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import psutil

ROOT = Path(__file__).resolve().parents[3]
T = TypeVar("T")
Json = Any  # plain data as `remote` answers it


class Bench:
    """Starts the parts under test and asks the database what became of it."""

    def __init__(self, folder: Path, *, port: int, **variables: str) -> None:
        self.data = folder / "data"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ESPALIER_")}
        self.environment = kept | {
            "ESPALIER_DATA_DIR": str(self.data),
            "ESPALIER_PORT": str(port),
            "ESPALIER_HASHED_STATIC": "0",
            "DJANGO_SETTINGS_MODULE": "tests.trials.running.settings",
            "PYTHONPATH": str(ROOT),
            **variables,
        }
        self._server = self.environment.get("DATABASE_URL", "")
        if self.on_postgres:
            self.environment["DATABASE_URL"] = a_database(self._server)
        self._output = (folder / "output.log").open("ab")
        self._remote: subprocess.Popen[str] | None = None
        self.up: subprocess.Popen[bytes] | None = None

    @property
    def on_postgres(self) -> bool:
        """Say whether this site keeps its data in PostgreSQL."""
        return self.environment.get("DATABASE_URL", "").startswith("postgres")

    def start_remote(self) -> None:
        """Create the tables and start the process that looks into them."""
        self.manage("migrate", "--verbosity", "0")
        command = [sys.executable, "-m", "tests.trials.running.remote"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self._output}
        self._remote = subprocess.Popen(command, cwd=ROOT, env=self.environment, text=True, **pipes)  # type: ignore[call-overload]

    def manage(self, *arguments: str) -> None:
        """Run one management command to its end."""
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True, stdout=self._output, stderr=self._output)

    def start_up(self, *arguments: str) -> None:
        """Start `manage.py up` and wait until it serves."""
        said = self.data.parent / "up.log"
        with said.open("wb") as output:
            self.up = subprocess.Popen(
                [sys.executable, "-u", "manage.py", "up", *arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        wait_for(lambda: "Serving" in said.read_text(), seconds=120, what="`up` to serve")

    def said(self) -> str:
        """Return what `up` has said."""
        return (self.data.parent / "up.log").read_text()

    def ask(self, do: str, **arguments: Json) -> Json:
        """Have the remote carry out one command."""
        assert self._remote is not None
        assert self._remote.stdin is not None
        assert self._remote.stdout is not None
        self._remote.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self._remote.stdin.flush()
        return json.loads(self._remote.stdout.readline())

    def trial(self, study_id: int) -> Json:
        """Return the study's first trial, or an empty row while it has none."""
        found = self.ask("trials", study_id=study_id)
        return found[0] if found else {"state": "", "last_step": None, "n_attempts": 0}

    def await_end(self, study_id: int, *, seconds: float) -> Json:
        """Wait until the study has ended; return its trials."""
        wait_for(
            lambda: self.ask("study", study_id=study_id)["state"] == "ENDED", seconds=seconds, what="the study to end"
        )
        return self.ask("trials", study_id=study_id)

    def await_step(self, study_id: int, step: int, *, seconds: float = 120) -> Json:
        """Wait until the study's first trial runs and has reported `step`; return it."""

        def reached() -> bool:
            row = self.trial(study_id)
            return row["state"] == "RUNNING" and (row["last_step"] or 0) >= step

        wait_for(reached, seconds=seconds, what=f"step {step}")
        return self.trial(study_id)

    def training(self) -> list[psutil.Process]:
        """Return the processes that train: the nurseries' children."""
        assert self.up is not None
        descendants = psutil.Process(self.up.pid).children(recursive=True)
        nurseries = [process for process in descendants if "trials.running.nursery" in " ".join(cmdline(process))]
        pids = {process.pid for process in nurseries}
        return [process for process in nurseries if process.ppid() in pids]

    def part(self, name: str) -> psutil.Process:
        """Return the main process of one worker of `up`."""
        assert self.up is not None
        for process in psutil.Process(self.up.pid).children():
            if any(word.startswith(f"{name}-") for word in cmdline(process)):
                return process
        raise LookupError(f"{name} does not run")

    def stop(self) -> None:
        """Stop whatever still runs."""
        if self.up is not None and self.up.poll() is None:
            self.up.send_signal(signal.SIGTERM)
            self.up.wait(timeout=20)
        if self._remote is not None:
            self._remote.communicate()
        if self.on_postgres and self.environment["DATABASE_URL"] != self._server:
            drop_database(self._server, self.environment["DATABASE_URL"])
        self._output.close()


def a_database(url: str) -> str:
    """Create a database of its own on the server of `url`; return where it is."""
    import psycopg

    name = f"bench_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def drop_database(server: str, url: str) -> None:
    """Drop the database at `url`, whoever may still be connected."""
    import psycopg

    name = urlsplit(url).path.lstrip("/")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def cmdline(process: psutil.Process) -> list[str]:
    """Return a process's command line; nothing for one that is gone."""
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def wait_for(reached: Callable[[], bool], *, seconds: float, what: str) -> float:
    """Wait until something holds; return how long that took."""
    started = time.monotonic()
    while not reached():
        if time.monotonic() - started > seconds:
            raise AssertionError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(0.1)
    return time.monotonic() - started
