"""The way in: a client finds or launches a study, a study gives out trials."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from trials.client.errors import NotAllowed, NotFound, Refused
from trials.client.link import Body, Link
from trials.client.run import BEAT_SECONDS, TrialRun
from trials.client.spool import Spool, default_folder, read_spool

# Before training has begun there is nothing to lose by waiting for a server that restarts.
ASKING_PATIENCE_SECONDS = 60.0
PATIENCE_SECONDS = 5.0


class Client:
    """A connection to one Espalier server.

    url, token: where it is and who one is; `$ESPALIER_URL` and `$ESPALIER_TOKEN` if left out. A token of scope
        `report` claims and reports; launching needs `write`.
    spool: folder for what the server does not take while it is away.
    patience: how many seconds a report may hold up training when the server does not answer.
    transport: another way to send requests, such as `FakeServer` in tests.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        spool: Path | str | None = None,
        patience: float = PATIENCE_SECONDS,
        beat_seconds: float = BEAT_SECONDS,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._link = Link(
            url or os.environ.get("ESPALIER_URL", "http://127.0.0.1:8000"),
            token or os.environ.get("ESPALIER_TOKEN", ""),
            transport=transport,
            clock=clock,
            sleep=sleep,
        )
        self._spool = Path(spool) if spool is not None else default_folder()
        self._patience = patience
        self._beat_seconds = beat_seconds

    def study(self, study: int | str) -> Study:
        """Return a study by its id or its name; raise `NotFound` if there is none (or several of that name)."""
        if isinstance(study, int):
            return Study(self, self.ask("GET", f"studies/{study}"))
        found = self.ask("GET", str(httpx.URL("studies", params={"name": study})))["results"]
        if len(found) != 1:
            places = ", ".join(f"{row['id']} in {row['project']}" for row in found)
            detail = f"several studies are called {study!r} ({places}); give the id" if found else f"no study {study!r}"
            raise NotFound(404, "not_found", detail)
        return Study(self, found[0])

    def launch(self, project: str, plan: str | Mapping[str, Any]) -> Study:
        """Launch a study from a plan (YAML text or data); `Refused.detail` says what is wrong with it."""
        body: Body = {"project": project, "plan": plan if isinstance(plan, str) else dict(plan)}
        return Study(self, self.ask("POST", "studies", body))

    def deliver(self) -> int:
        """Send what earlier programs could not deliver to this server; return how many requests it took."""
        return sum(self._deliver(path) for path in sorted(self._spool.glob("*.jsonl")))

    def ask(self, method: str, path: str, body: Body | None = None) -> Any:
        """Send any request to the API (`path` after `/api/v1/`) and return its JSON; for what has no method here."""
        return self._link.patiently(method, path, body, patience=ASKING_PATIENCE_SECONDS)

    def close(self) -> None:
        """Close the connection."""
        self._link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, attempt: Body) -> TrialRun:
        spool = Spool(self._spool, url=self._link.url, attempt=attempt["id"])
        return TrialRun(self._link, attempt, spool=spool, patience=self._patience, beat_seconds=self._beat_seconds)

    def _deliver(self, path: Path) -> int:
        url, requests = read_spool(path)
        if url != self._link.url:
            return 0
        n_taken = 0
        for address, body in requests:
            try:
                self.ask("POST", address, body)
                n_taken += 1
            except NotAllowed:
                raise
            except Refused:
                # Fenced out meanwhile: another attempt has told the same, or the trial has ended.
                continue
        path.unlink()
        return n_taken


class Study:
    """A study that gives out trials."""

    def __init__(self, client: Client, data: Body) -> None:
        self._client = client
        self.id: int = data["id"]
        self.name: str = data["name"]
        self.data: Body = data
        """Everything the server said of it, as of then."""

    def claim(self) -> TrialRun | None:
        """Claim the next trial; None once the study has ended or has given out all it may try."""
        attempt = self._client.ask("POST", f"studies/{self.id}/claim")["attempt"]
        return None if attempt is None else self._client._run(attempt)

    def refresh(self) -> Self:
        """Ask the server how the study is doing now."""
        self.data = self._client.ask("GET", f"studies/{self.id}")
        return self
