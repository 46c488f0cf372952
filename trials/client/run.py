"""One claimed trial, as training code holds it."""

from __future__ import annotations

import logging
import math
import threading
import time
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from trials.client.answers import Answer, answer_from
from trials.client.errors import Conflict, NotFound, Refused, ServerAway
from trials.client.link import Body, Link
from trials.client.outbox import Outbox
from trials.client.spool import Spool

logger = logging.getLogger("espalier.client")

BEAT_SECONDS = 15.0
# An epilogue may wait longer than a report between two steps.
CLOSING_PATIENCE_SECONDS = 60.0


class TrialRun:
    """One attempt of one trial: report to it, and stop when an answer halts.

    As a context manager it ends the trial by itself: `complete` when the block is left, `fail` with the traceback when
    an exception leaves it, and nothing when the study halted the trial or a person pressed Ctrl-C (then the trial is
    given to somebody else). None of its methods raises for what the network or the server does.
    """

    def __init__(self, link: Link, attempt: Body, *, spool: Spool, patience: float, beat_seconds: float) -> None:
        self.attempt: int = attempt["id"]
        self.study: int = attempt["study"]
        self.number: int = attempt["trial"]
        """The trial's number within its study."""
        self.params: dict[str, Any] = attempt["params"]
        """The configuration to train with; a conditional parameter that does not apply is absent."""
        self.metric: str = attempt["metric"]
        """The objective's name: report it under this name."""
        self.horizon: int = attempt["horizon"]
        """The planned length of the trial, in `step_unit`; later steps are refused."""
        self.step_unit: str = attempt["step_unit"]
        self.seed: int = attempt["seed"]
        self.halted: Answer | None = None
        """The answer that halted the trial, once one has."""
        self._link = link
        self._patience = patience
        self._spool = spool
        self._outbox = Outbox(link, attempt=self.attempt, spool=spool)
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._told = False
        self._beats = threading.Thread(target=self._beat, args=(beat_seconds,), name="espalier-beat", daemon=True)
        self._beats.start()

    def report(
        self,
        step: int,
        metrics: Mapping[str, float] | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        **named: float,
    ) -> Answer:
        """Tell the metrics at `step` and return the verdict; break off training if it `halts`.

        Steps rise from call to call, per set of labels. NaN and infinities are values, not errors. While the server is
        away the answer is KEEP with `heard` False, and the report is sent later.
        """
        values = {name: _spell(value) for name, value in {**(metrics or {}), **named}.items()}
        if not values:
            raise ValueError("report: no metric; name at least one, such as report(step, loss=0.5)")
        elapsed = round(time.monotonic() - self._began, 3)
        point: Body = {"step": int(step), "metrics": values, "elapsed_s": elapsed}
        if labels:
            point["labels"] = {str(name): str(text) for name, text in labels.items()}
        with self._lock:
            if self.halted is None:
                self._outbox.add([point])
                return self._note(self._outbox.send(patience=self._patience))
        return self.halted

    def complete(self, value: float | None = None) -> None:
        """End the trial COMPLETE; `value` counts in place of the best value it reported."""
        self._tell({"state": "complete"} if value is None else {"state": "complete", "value": _spell(value)})

    def fail(self, error: str = "") -> None:
        """End the trial FAILED, with a traceback or a sentence."""
        self._tell({"state": "failed", "error": error[-20_000:]})

    def close(self) -> None:
        """Let go of the trial without ending it: without beats it is given to somebody else after a while."""
        self._over.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.complete()
        elif isinstance(error, Exception):
            self.fail("".join(traceback.format_exception(kind, error, trace)))
        self.close()

    def _tell(self, body: Body) -> None:
        with self._lock:
            if self._told or self.halted is not None:
                return
            self._told = True
            self._note(self._outbox.send(patience=CLOSING_PATIENCE_SECONDS))
            if self.halted is None:
                self._send_ending(body)
        self.close()

    def _send_ending(self, body: Body) -> None:
        path = f"attempts/{self.attempt}/tell"
        try:
            if len(self._outbox):
                raise ServerAway("reports are still waiting")
            self._link.patiently("POST", path, body, patience=CLOSING_PATIENCE_SECONDS)
        except ServerAway:
            self._spool.add(path, body)
            logger.error(
                "trial %s could not be ended: the server is away. Its last words are in %s; send them with "
                "`python -m trials.client deliver`",
                self.number,
                self._spool.path,
            )
        except Refused as error:
            logger.error("trial %s could not be ended: %s", self.number, error.detail)

    def _beat(self, seconds: float) -> None:
        """Keep the attempt alive between reports that lie far apart, and hear of a stop meanwhile."""
        while not self._over.wait(seconds):
            try:
                answer = answer_from(self._link.once("POST", f"attempts/{self.attempt}/beat"))
            except (Conflict, NotFound) as error:
                answer = Answer(action="STOP", code=error.code, sentence=error.detail)
            except (ServerAway, Refused):
                continue
            if self._over.is_set():
                return
            self._note(answer)

    def _note(self, answer: Answer) -> Answer:
        if answer.halts and self.halted is None:
            self.halted = answer
            self._over.set()
        return answer


def _spell(value: float) -> float | str:
    """Return a number as it travels: JSON has no NaN and no infinities. Takes whatever `float` takes."""
    number = float(value)
    return number if math.isfinite(number) else str(number)
