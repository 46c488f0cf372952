"""One supervisor per slot: it watches an attempt from its start to its ending, and only watches."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event

from django.core.exceptions import ObjectDoesNotExist
from django.utils import timezone

from trials import endings, reporting
from trials.models import Attempt
from trials.running import checkpoints, environments, gauges, memory, orders
from trials.running.advancing import advance
from trials.running.devices import Meter
from trials.running.forking import Child, Exit, Nursery
from trials.running.orders import Order, Place
from trials.running.outages import AWAY, forget_connection, persist
from trials.running.outbox import Outbox, Saved
from trials.running.wire import Message, floats
from trials.sanitise import clean_text
from trials.seam import Action, Decision
from trials.series import Point

logger = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
# How long training code may take to return once it was told to halt.
GRACE_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why an attempt failed, in the words of its ending."""

    code: str
    sentence: str
    traceback: str = ""


class Supervisor:
    """Starts a child, stores what it reports, answers it, and settles how the attempt ended."""

    def __init__(
        self,
        attempt: Attempt,
        *,
        nursery: Callable[[], Nursery],
        place: Place,
        stopping: Event,
        now: Callable[[], datetime] = timezone.now,
    ) -> None:
        self.attempt = attempt
        self._nursery = nursery
        self._place = place
        self._log = checkpoints.log_file(attempt)
        self._stopping = stopping
        self._now = now
        self._outbox = Outbox(attempt, now=now)
        self._meter = Meter(place.device)
        self._started = time.monotonic()
        self._next_beat = self._started + BEAT_SECONDS
        self._oom_kills = memory.kills_so_far()
        # What is known of the ending, in order of precedence.
        self._fenced = False
        self._halted: Decision | None = None
        self._kill_at = float("inf")
        self._failure: Failure | None = None
        self._done = False
        self._released = False

    def run(self) -> None:
        """Run the attempt; whatever happens, it ends or goes back to waiting."""
        try:
            order = persist(self._begin, until=self._stopping)
            logger.info("attempt %s: starting on %s", self.attempt.pk, self._place.device)
            child = self._nursery().launch(order.message, order.log)
            try:
                with gauges.watched(self.attempt.pk, lambda: self._peak_memory(child)):
                    self._watch(child, order)
            finally:
                child.kill()
                child.close()
                checkpoints.discard(order.scratch)
        except Exception as error:
            # A mistake of ours must not leave a trial running for ever under a worker that is alive.
            logger.exception("supervising failed", extra={"action": "supervise", "attempt": self.attempt.pk})
            words = f"The supervisor failed: {type(error).__name__}: {error}"[:1000]
            persist(lambda: self._requeue("crashed", words), until=self._stopping)

    def _begin(self) -> Order:
        attempt = self.attempt
        order = orders.to_train(attempt, self._place)
        order.log.parent.mkdir(parents=True, exist_ok=True)
        checkpoints.tidy(attempt.trial)
        Attempt.objects.filter(pk=attempt.pk).update(
            environment=environments.here(at=self._now()),
            log_path=checkpoints.relative(order.log),
        )
        if attempt.number > 1:
            _say(self._log, _where_it_begins(attempt))
        return order

    def _watch(self, child: Child, order: Order) -> None:
        while not child.is_over:
            for message in child.messages(self._patience()):
                self._hear(child, message)
                if self._outbox.wait_seconds() == 0.0:
                    self._send(child)
            if self._outbox.wait_seconds() == 0.0:
                self._send(child)
            if time.monotonic() >= self._next_beat:
                self._beat(child, order)
        self._drain(child)
        assert child.exit is not None  # noqa: S101 - `is_over` said so
        self._settle(child.exit)

    def _peak_memory(self, child: Child) -> int | None:
        """Return the most memory held so far: of the device on a GPU slot, else of the host."""
        if self._place.device.startswith("cuda"):
            self._meter.sample(child.pid)
            return self._meter.peak_memory_bytes
        if child.exit is not None:
            return child.exit.peak_memory_bytes
        return gauges.peak_of_process(child.pid) if child.pid is not None else None

    def _patience(self) -> float:
        until_beat = max(0.0, self._next_beat - time.monotonic())
        waiting = self._outbox.wait_seconds()
        return until_beat if waiting is None else min(until_beat, waiting)

    # What the child says

    def _hear(self, child: Child, message: Message) -> None:
        match message["is"]:
            case "report":
                self._hear_report(child, message)
            case "saved":
                self._outbox.add_checkpoint(
                    Saved(kind=message["kind"], step=message["step"], path=Path(message["path"]), size=message["size"])
                )
            case "progress":
                _say(self._log, f"{message['text']} ({message['done']:g} of {message['total']:g})")
            case "done":
                self._done = True
            case "failed":
                self._failure = self._failure or Failure(
                    code=message["code"],
                    sentence=clean_text(message["sentence"]),
                    traceback=clean_text(message["traceback"]),
                )

    def _hear_report(self, child: Child, message: Message) -> None:
        if self._halted is None and not self._fenced:
            self._outbox.add(
                Point(
                    step=message["step"],
                    metrics=floats(message["metrics"]),
                    labels=message["labels"],
                    elapsed_s=message["elapsed"],
                )
            )
        if message["ask"] is None:
            return
        decision = self._send(child)
        if not decision.action.halts:
            child.send({"ask": message["ask"], "action": decision.action, "sentence": decision.sentence})

    def _send(self, child: Child) -> Decision:
        """Send what waits; return what the child is to be told."""
        if self._halted is not None:
            self._tell_halt(child, self._halted)
            return self._halted
        try:
            decision = self._outbox.send()
        except reporting.BadReport as refusal:
            self._failure = Failure(code="error", sentence=f"A report was refused: {refusal.message}")
            return self._give_up(child)
        except (reporting.ReportRefused, ObjectDoesNotExist) as refusal:
            # Another attempt owns the trial now, or the study was deleted.
            logger.warning("fenced out: %s", refusal, extra={"action": "fenced", "attempt": self.attempt.pk})
            self._fenced = True
            return self._give_up(child)
        if decision.action.halts:
            self._halt(child, decision)
        return decision

    def _halt(self, child: Child, decision: Decision) -> None:
        self._halted = decision
        self._kill_at = time.monotonic() + GRACE_SECONDS
        self._tell_halt(child, decision)

    def _tell_halt(self, child: Child, decision: Decision) -> None:
        child.send({"ask": None, "action": decision.action, "sentence": decision.sentence})

    def _give_up(self, child: Child) -> Decision:
        child.kill()
        return Decision(action=Action.STOP, sentence="the attempt has ended")

    # Once a second

    def _beat(self, child: Child, order: Order) -> None:
        self._next_beat = time.monotonic() + BEAT_SECONDS
        self._meter.sample(child.pid)
        checkpoints.cut_log(self._log)
        if child.exit is None:
            self._oom_kills = memory.kills_so_far()
        if self._stopping.is_set() and self._halted is None:
            self._released = True
            child.kill()
        elif time.monotonic() >= self._kill_at:
            child.kill()
        elif order.seconds_max is not None and time.monotonic() - self._started > order.seconds_max:
            self._time_out(child, order.seconds_max)
        elif self._halted is None and not self._fenced:
            self._look_for_halt(child)

    def _time_out(self, child: Child, seconds: float) -> None:
        if self._failure is None and not self._done:
            self._failure = Failure(
                code="timed_out", sentence=f"Stopped after {seconds / 60:g} minutes, the plan's limit for one attempt."
            )
        child.kill()

    def _look_for_halt(self, child: Child) -> None:
        """See whether a person, the study's end or the sweep has ended this attempt meanwhile."""
        try:
            standing = Attempt.objects.filter(pk=self.attempt.pk).values_list("ended_at", "trial__halt_code").first()
            if standing is None or standing[0] is not None:
                self._fenced = True
                child.kill()
            elif standing[1] and (decision := endings.halt_if_asked(self.attempt.pk, at=self._now())):
                self._halt(child, decision)
        except AWAY:
            forget_connection()

    # The ending

    def _drain(self, child: Child) -> None:
        """Send the last points, however long the database is away; give up only when the worker must end."""
        deadline = float("inf")
        while self._outbox and self._halted is None and not self._fenced:
            self._send(child)
            if not self._outbox.is_stuck:
                return
            if self._stopping.is_set():
                deadline = min(deadline, time.monotonic() + BEAT_SECONDS)
                if time.monotonic() >= deadline:
                    return
            time.sleep(BEAT_SECONDS / 4)

    def _settle(self, exit_: Exit) -> None:
        if not persist(Attempt.objects.filter(pk=self.attempt.pk).exists, until=self._stopping):
            return  # the study was deleted meanwhile
        logger.info("attempt %s: its process ended (%s)", self.attempt.pk, exit_.code)
        persist(lambda: self._end(exit_), until=self._stopping)
        logger.info("attempt %s: settled", self.attempt.pk)
        persist(lambda: self._record_usage(exit_), until=self._stopping)
        persist(lambda: advance(self.attempt.trial.study, at=self._now()), until=self._stopping)

    def _end(self, exit_: Exit) -> None:
        if self._fenced or self._halted is not None:
            return  # ended, paused or taken over already, in the transaction that said so
        if self._failure is not None and self._failure.code == "disk_full":
            self._requeue("released", f"The disk of {checkpoints.host()} is full: {self._failure.sentence}")
        elif self._failure is not None:
            self._fail(self._failure)
        elif self._done and not self._outbox:
            endings.complete(self.attempt, at=self._now())
        elif self._released or self._outbox:
            self._requeue("released", "The worker was shut down; the trial goes on when one is free.")
        else:
            self._end_unexplained(exit_)

    def _end_unexplained(self, exit_: Exit) -> None:
        """Settle a child that ended without a word: killed for memory, killed otherwise, or gone by itself."""
        if exit_.signal == signal.SIGKILL and memory.kills_so_far() > self._oom_kills:
            self._fail(Failure(code="out_of_memory", sentence="The kernel killed the training process for memory."))
        elif exit_.code is None:
            self._requeue("crashed", "The training process vanished with the process that started it.")
        elif exit_.signal is not None:
            self._requeue("crashed", f"The training process was killed by {_name_of(exit_.signal)}.")
        else:
            words = f"The training process ended with status {exit_.code} without a word; its log may say more."
            self._fail(Failure(code="error", sentence=words))

    def _fail(self, failure: Failure) -> None:
        endings.fail(
            self.attempt,
            code=failure.code,
            sentence=failure.sentence,
            traceback=failure.traceback,
            at=self._now(),
        )

    def _requeue(self, outcome: str, sentence: str) -> None:
        endings.requeue(self.attempt, outcome=outcome, sentence=sentence, at=self._now())

    def _record_usage(self, exit_: Exit) -> None:
        usage = endings.Usage(
            wall_seconds=time.monotonic() - self._started,
            cpu_seconds=exit_.cpu_seconds,
            peak_memory_bytes=exit_.peak_memory_bytes,
            device_seconds=self._meter.seconds,
            device_peak_memory_bytes=self._meter.peak_memory_bytes,
            energy_joules=self._meter.joules,
        )
        endings.record_usage(self.attempt, usage, at=self._now())


def _where_it_begins(attempt: Attempt) -> str:
    if attempt.resumed_from:
        return f"Attempt {attempt.number} resumes from the checkpoint at step {attempt.resumed_from}."
    return f"Attempt {attempt.number} begins at the start: no checkpoint of this trial lies on this host."


def _say(log: Path, line: str) -> None:
    with log.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def _name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
