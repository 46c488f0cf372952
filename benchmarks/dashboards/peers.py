"""The dashboards a study of ours is shown in: how each is filled and started, its pages, and when a page is done."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import opening
import serving

HERE = Path(__file__).resolve().parent
COMPARED = 12


@dataclass(frozen=True)
class Page:
    """A page for one job, and a JavaScript function that tells whether it shows all that it shows by itself."""

    path: str
    shows: str
    drawn: str = opening.DRAWN


@dataclass
class Peer(ABC):
    """A dashboard that is installed in an environment of its own."""

    python: Path
    folder: Path
    port: int
    copied: Mapping[str, Any] = field(default_factory=dict)
    """What its copying program has said: the ids that its addresses need."""

    name = ""
    copying = ""
    """The program that copies a study into its database."""
    ready = "/"

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def version(self) -> str:
        """Return the version that is installed."""
        ask = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"
        return subprocess.check_output([self.python, "-c", ask, self.name], text=True).strip()

    @property
    def database(self) -> str:
        return f"sqlite:///{self.folder / self.name}.sqlite3"

    def fill(self, study: Path) -> None:
        """Copy a study, as `copying.write` wrote it."""
        command = [self.python, HERE / self.copying, study, self.database.removeprefix("sqlite:///")]
        self.copied = json.loads(subprocess.check_output(command, text=True))

    @contextmanager
    def served(self) -> Iterator[int]:
        """Start it as its documentation says; yield the server's process id."""
        # Neither telemetry nor a look for updates: nothing outside this machine is asked.
        environment = {**os.environ, "PATH": f"{self.python.parent}:{os.environ['PATH']}"}
        environment |= {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
        with (self.folder / f"{self.name}.log").open("w") as log:
            server = subprocess.Popen(
                self.command(), env=environment, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
            try:
                serving.wait_for(self.base + self.ready)
                yield server.pid
            finally:
                os.killpg(server.pid, signal.SIGTERM)
                server.wait()

    @abstractmethod
    def command(self) -> list[str]:
        """Return how it is started."""

    @abstractmethod
    def pages(self, with_curves: int) -> dict[str, Page]:
        """Return its page for each job; `with_curves` trials have reported."""


class OptunaDashboard(Peer):
    """https://github.com/optuna/optuna-dashboard"""

    name, copying, ready = "optuna-dashboard", "optuna_study.py", "/dashboard"

    def command(self) -> list[str]:
        return [str(self.python.parent / "optuna-dashboard"), self.database, "--port", str(self.port)]

    def pages(self, with_curves: int) -> dict[str, Page]:
        root = f"/dashboard/studies/{self.copied['study']}"
        counts = f"""() => {{
          const traces = (id) => document.querySelectorAll(`#${{id}} .trace`).length;
          const small = ['plot-history', 'graph-hyperparameter-importances', 'graph-timeline'];
          return small.every(traces) && traces('graph-intermediate-values') >= {with_curves};
        }}"""
        listed = "() => /Trial \\d+\\n/.test(document.body.innerText)"
        last = COMPARED - 1
        details = f"() => document.body.innerText.includes('Trial {last} (trial_id=')"
        numbers = ",".join(map(str, range(COMPARED)))
        return {
            "overview": Page(root, "history, importance, the last 100 trials in time, a line for every trial", counts),
            "trials": Page(f"{root}/trials", "all trials, number and state, the first one's details", listed),
            "compare of 12": Page(f"{root}/trials?numbers={numbers}", "every trial's details as text", details),
        }


class MLflow(Peer):
    """https://mlflow.org/docs/latest/self-hosting/architecture/tracking-server"""

    name, copying, ready = "mlflow", "mlflow_study.py", "/health"

    def command(self) -> list[str]:
        program = str(self.python.parent / "mlflow")
        return [program, "server", "--backend-store-uri", self.database, "--port", str(self.port)]

    def pages(self, with_curves: int) -> dict[str, Page]:
        experiment = self.copied["experiment"]
        runs = quote(json.dumps(self.copied["runs"][:COMPARED]))
        root = f"/#/experiments/{experiment}/runs"
        chart = "() => document.querySelectorAll('.js-plotly-plot .trace').length >= 10"
        table = "() => document.querySelectorAll('.ag-row').length >= 10"
        parallel = f"""() => document.querySelector('.parcoords')
          && document.body.innerText.includes('trial {COMPARED - 1}')"""
        compared = f"/#/compare-runs?runs={runs}&experiments={quote(json.dumps([experiment]))}"
        return {
            "overview": Page(f"{root}?compareRunsMode=CHART", "the newest 10 runs' curves, 100 names", chart),
            "trials": Page(root, "the newest 100 runs, without parameters and metrics", table),
            "compare of 12": Page(compared, "parallel coordinates, a column for each run", parallel),
        }


PEERS: tuple[type[Peer], ...] = (MLflow, OptunaDashboard)
