"""Try a trainable out before a study relies on it.

Three short trials with one seed: one trains a few reports without interruption, one is stopped half way, one
resumes from the stopped one's checkpoint. What a study needs of training code shows in their comparison.
"""

from __future__ import annotations

import math
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trials.trainables.base import Answer, Trainable, Value
from trials.trainables.fields import with_defaults
from trials.trainables.local import LocalRun, Point

Tell = Callable[[str], None]

STEPS_STOPPED = 2
"""The stopped trial is told to stop at this report of the objective; the uninterrupted one trains twice as long."""
PROMPT_SECONDS = 1.0
"""A trial that returns within this time of a halting answer is prompt, however quick its reports are."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    code: str
    """A short stable name, such as `resume_differs`."""
    sentence: str
    """What was seen, and what to do about it."""

    def __str__(self) -> str:
        return f"{self.code}: {self.sentence}"


@dataclass(frozen=True)
class Attempt:
    """One finished run and how it went."""

    run: LocalRun
    error: str = ""
    seconds: float = 0.0
    seconds_after_halt: float = 0.0
    """From the halting answer to the return; 0 if it was never told to halt."""


@dataclass
class Halting:
    """A judge that stops a trial at its n-th report of the objective and remembers when."""

    metric: str
    at: int
    seen: list[int] = field(default_factory=list)
    told_at: float | None = None

    def __call__(self, step: int, metrics: Mapping[str, float]) -> Answer:
        if self.metric in metrics and step not in self.seen:
            self.seen.append(step)
        if len(self.seen) < self.at:
            return Answer()
        self.told_at = self.told_at or time.monotonic()
        return Answer(action="STOP", sentence="a check of stopping")


def check(
    trainable: Trainable,
    *,
    settings: Mapping[str, object] | None = None,
    params: Mapping[str, Value] | None = None,
    resources: Mapping[str, Path] | None = None,
    seed: int = 0,
    device: str = "cpu",
    threads: int = 1,
    tell: Tell = lambda text: None,
) -> list[Finding]:
    """Run a trainable for a few reports, stop it, resume it, and return what is wrong; an empty list if nothing is.

    Args:
        trainable: What to try out.
        settings: Fixed settings; its own `small_settings` if not given.
        params: The configuration; the defaults where not given.
        resources: What `run.resource` may open.
        seed: Seed of all three trials.
        device: `cpu`, or `cuda:0`, where results may differ in the last digits and are compared loosely.
        threads: Threads per trial.
        tell: Called with what is being done.

    """
    settings = trainable.small_settings if settings is None else settings
    findings = declaration_findings(trainable, settings)
    if findings:
        return findings
    params = with_defaults(trainable.parameters, params or {})
    with tempfile.TemporaryDirectory(prefix="trainable-check-") as folder:

        def attempt(name: str, at: int, checkpoint: Path | None = None) -> Attempt:
            run = LocalRun(Path(folder) / name, params, settings, seed, device, threads, checkpoint, resources or {})
            run.on_progress = lambda text, done, total: tell(f"{text} {done:g} of {total:g}")
            return _attempt(trainable, run, at=at)

        tell("training without interruption")
        whole = attempt("whole", 2 * STEPS_STOPPED)
        findings = run_findings(trainable, whole, settings)
        if whole.error or not whole.run.points:
            return findings
        tell("training again, to be stopped")
        stopped = attempt("stopped", STEPS_STOPPED)
        findings += stop_findings(stopped, whole) + repeat_findings(trainable, whole, stopped, exact=device == "cpu")
        if stopped.run.saved:
            tell("resuming the stopped trial")
            resumed = attempt("resumed", STEPS_STOPPED, stopped.run.last_checkpoint)
            findings += resume_findings(trainable, whole, stopped, resumed, exact=device == "cpu")
    return findings


def declaration_findings(trainable: Trainable, settings: Mapping[str, object]) -> list[Finding]:
    """Check what the trainable says of itself, without training."""
    findings = [Finding("settings", problem) for problem in trainable.check_settings(settings)]
    if findings:
        return findings
    steps, horizon = list(trainable.report_steps(settings)), trainable.horizon(settings)
    if not steps or steps != sorted(set(steps)) or steps[-1] != horizon:
        findings.append(Finding("report_steps", f"{steps} must rise strictly and end at the horizon {horizon}"))
    if not any(metric.direction for metric in trainable.metrics):
        findings.append(Finding("no_objective", "no metric has a direction; give one `minimize` or `maximize`"))
    return findings


def run_findings(trainable: Trainable, attempt: Attempt, settings: Mapping[str, object]) -> list[Finding]:
    """Check one uninterrupted trial: what it reported, when, and whether checkpoints came before reports."""
    run = attempt.run
    findings = [Finding("raised", attempt.error)] if attempt.error else []
    if not run.points:
        return [*findings, Finding("nothing_reported", "the trial reported nothing; call run.report(step, metrics)")]
    declared = {metric.name for metric in trainable.metrics}
    reported = {name for point in run.points for name in point.metrics}
    findings += [
        Finding("undeclared_metric", f"{name} was reported but is not declared; add a MetricInfo for it")
        for name in sorted(reported - declared)
    ]
    findings += [
        Finding("metric_not_reported", f"{name} is declared but was not reported in {len(run.points)} reports")
        for name in sorted(declared - reported)
    ]
    planned = set(trainable.report_steps(settings))
    for step in sorted({point.step for point in run.points if not point.labels} - planned):
        findings.append(Finding("unplanned_step", f"step {step} was reported but is not among report_steps"))
    return findings + _order_findings(run)


def stop_findings(stopped: Attempt, whole: Attempt) -> list[Finding]:
    """Check that a trial told to stop returns, soon, and reports nothing more."""
    if stopped.error:
        return [Finding("raised", f"when told to stop: {stopped.error}")]
    findings = []
    late = [point.step for point in stopped.run.points if point.step > (stopped.run.halted_at or math.inf)]
    if late:
        findings.append(
            Finding("ignores_stop", f"told to stop at {stopped.run.halted_at}, it went on to report {late}; return")
        )
    usual = whole.seconds / len(whole.run.points)
    if stopped.seconds_after_halt > max(PROMPT_SECONDS, usual):
        findings.append(
            Finding(
                "slow_stop",
                f"{stopped.seconds_after_halt:.1f} s passed between the halting answer and the return, "
                f"more than one report takes ({usual:.1f} s); return at once",
            )
        )
    return findings


def repeat_findings(trainable: Trainable, whole: Attempt, again: Attempt, *, exact: bool) -> list[Finding]:
    """Check that the same seed gives the same values."""
    difference = _difference(trainable, whole.run.points, again.run.points, exact=exact)
    if not difference:
        return []
    return [Finding("not_reproducible", f"a second trial with the same seed differs: {difference}; seed every draw")]


def resume_findings(
    trainable: Trainable, whole: Attempt, stopped: Attempt, resumed: Attempt, *, exact: bool
) -> list[Finding]:
    """Check that what follows a checkpoint equals what an uninterrupted trial did from there."""
    if resumed.error:
        return [Finding("raised", f"when resuming: {resumed.error}")]
    halt = stopped.run.saved[-1]
    early = [point.step for point in resumed.run.points if point.step <= halt]
    if early:
        return [
            Finding("resume_restarts", f"resumed from step {halt}, it reported {early[0]} again; read run.checkpoint")
        ]
    expected = [point for point in whole.run.points if point.step > halt]
    if expected and not resumed.run.points:
        return [Finding("resume_silent", f"resumed from step {halt}, it reported nothing; go on to the horizon")]
    difference = _difference(trainable, expected, resumed.run.points, exact=exact)
    if not difference:
        return []
    return [Finding("resume_differs", f"after resuming from step {halt}: {difference}; save and restore all state")]


def _attempt(trainable: Trainable, run: LocalRun, *, at: int) -> Attempt:
    objective = next(metric.name for metric in trainable.metrics if metric.direction)
    judge = run.judge = Halting(objective, at)
    error = ""
    started = time.monotonic()
    try:
        trainable.prepare(run)
        started = time.monotonic()
        trainable.train(run)
    except Exception as raised:
        error = "".join(traceback.format_exception_only(raised)).strip() + _where(raised)
    ended = time.monotonic()
    after = ended - judge.told_at if judge.told_at is not None else 0.0
    return Attempt(run, error, seconds=ended - started, seconds_after_halt=after)


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f" (line {frames[-1].lineno} of {Path(frames[-1].filename).name})" if frames else ""


def _order_findings(run: LocalRun) -> list[Finding]:
    reports = [step for kind, step in run.events if kind == "report"]
    unsaved = [step for step in dict.fromkeys(reports) if ("save", step) not in run.events]
    if len(unsaved) == len(set(reports)):
        return [Finding("no_checkpoint", "no report has a checkpoint; call run.save(step, write) before each report")]
    if unsaved:
        return [Finding("no_checkpoint", f"step {unsaved[0]} was reported without a checkpoint; save before it")]
    late = [s for s in dict.fromkeys(reports) if run.events.index(("save", s)) > run.events.index(("report", s))]
    if late:
        return [Finding("late_checkpoint", f"step {late[0]} was reported before it was saved; save first")]
    return []


def _difference(trainable: Trainable, expected: Sequence[Point], found: Sequence[Point], *, exact: bool) -> str:
    """Return in words the first repeatable value that differs among the points both have; empty if none does."""
    ignored = {metric.name for metric in trainable.metrics if not metric.repeatable}
    by_key = {(point.step, *sorted(point.labels.items())): point for point in found}
    for point in expected:
        twin = by_key.get((point.step, *sorted(point.labels.items())))
        if twin is None:
            continue
        for name in sorted((set(point.metrics) | set(twin.metrics)) - ignored):
            one, other = point.metrics.get(name), twin.metrics.get(name)
            if not _same(one, other, exact=exact):
                return f"{name} at step {point.step} is {other!r} instead of {one!r}"
    return ""


def _same(one: float | None, other: float | None, *, exact: bool) -> bool:
    if one is None or other is None:
        return one is other
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return one == other if exact else math.isclose(one, other, rel_tol=1e-3)
