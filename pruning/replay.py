"""Judging a study again: every verdict recomputed from the observations and points it was taken on.

Ranks, quotas, cuts, the control draw and the windows of gates are computed anew from the observations with a
sequence number up to the verdict's, from the stored points (superseded ones as the attempt knew them) and from the
policy in the ledger; the outcome is compared with what the ledger says.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from pruning import by_person
from pruning.briefing import bad_looks_before, facts_of, next_resumption, read_curve, stream_as_told
from pruning.canonical import encode
from pruning.foreign.recorded import recorded_by
from pruning.history import Course, Seen, in_sequence, observations
from pruning.judgement import drift
from pruning.models import PruningEvent
from pruning.policy import Policy
from pruning.rules.base import Curve, Verdict
from pruning.rules.base import Kind as Kinds
from pruning.rules.settings import PolicyError
from pruning.standing import Standing, root_number
from pruning.surroundings import surroundings, taken_of
from trials.models import Study, Trial

Kind = PruningEvent.Kind
TOLERANCE = 1e-9
"""Relative difference allowed between figures computed on another engine or machine."""
NAMED_DIFFERENCES = 100
ADDED = ("configuration", "is_closing")
"""What the reviewer adds to a verdict's evidence."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A verdict that comes out otherwise."""

    sequence: int
    trial: int
    step: int
    problem: str

    def __str__(self) -> str:
        return f"entry {self.sequence} (trial {self.trial}, step {self.step}): {self.problem}"


@dataclass(kw_only=True)
class Replay:
    """What replaying one study found."""

    study_name: str
    n_verdicts: int = 0
    """Verdicts judged again."""
    n_exact: int = 0
    """Those that agree bit for bit."""
    n_near: int = 0
    """Those whose verdict agrees and whose figures agree to one part in 1e9."""
    n_different: int = 0
    n_recorded: int = 0
    """Verdicts in which another library had a say: recorded, not judged again."""
    differences: list[Difference] = field(default_factory=list)
    """The first of those that differ."""

    @property
    def holds(self) -> bool:
        """Say whether every verdict came out as recorded."""
        return self.n_different == 0

    def sentence(self) -> str:
        """Return the finding in plain words."""
        return f"{self._judged()}{self._recorded()}"

    def _judged(self) -> str:
        if self.holds:
            near = f", {self.n_near} of them to one part in 1e9" if self.n_near else " bit for bit"
            agree = f"all agree{near}" if self.n_verdicts else "there were none"
            return f"{self.study_name}: {self.n_verdicts} verdicts judged again, {agree}."
        first = f"first, {self.differences[0]}"
        return f"{self.study_name}: {self.n_different} of {self.n_verdicts} verdicts differ; {first}."

    def _recorded(self) -> str:
        if not self.n_recorded:
            return ""
        verdicts = "verdict of another library is" if self.n_recorded == 1 else "verdicts of other libraries are"
        return f" {self.n_recorded} {verdicts} recorded, not judged again."

    def count(self, row: PruningEvent, problem: str, exact: bool) -> None:
        """Count one verdict judged again."""
        self.n_verdicts += 1
        if problem:
            self.n_different += 1
            if len(self.differences) < NAMED_DIFFERENCES:
                self.differences.append(
                    Difference(sequence=row.sequence, trial=row.trial_number or 0, step=row.step or 0, problem=problem)
                )
        elif exact:
            self.n_exact += 1
        else:
            self.n_near += 1


def replay(study: Study, progress: Callable[[int], None] | None = None) -> Replay:
    """Judge every verdict of a study again; `progress` is called with the sequence number reached."""
    study = Study.objects.get(pk=study.pk)  # its sequence may have moved since the caller read it
    result = Replay(study_name=study.name)
    rerun = _Rerun(study)
    for event in _merged(study, study.sequence):
        if isinstance(event, PruningEvent) and event.kind in {Kind.VERDICT, Kind.CALIBRATED, Kind.DRIFTED}:
            if event.kind == Kind.VERDICT and recorded_by(event.evidence):
                result.n_recorded += 1
            else:
                result.count(event, *rerun.compare(event))
        rerun.take_in(event)
        if progress and event.sequence % 500 == 0:
            progress(event.sequence)
    return result


def judge_again(study: Study, event: PruningEvent) -> Verdict | None:
    """Judge one verdict again; None if its trial is gone or the ledger names no policy before it."""
    rerun = _Rerun(study, of_trial=event.trial_number)
    for earlier in _merged(study, event.sequence):
        if isinstance(earlier, Seen) or earlier.sequence < event.sequence:
            rerun.take_in(earlier)
    return rerun.judge(event)


def _merged(study: Study, until: int) -> Iterator[Seen | PruningEvent]:
    """Yield observations and ledger rows by sequence number, an observation before the row that judges it."""
    rows = PruningEvent.objects.of_study(study).filter(sequence__lte=until).order_by("sequence")
    seen = observations(study, after=-1, until=until)
    both: Iterable[Seen | PruningEvent] = heapq.merge(seen, rows.iterator(chunk_size=2000), key=in_sequence)
    return iter(both)


class _Rerun:
    """A study as it stood when each verdict was taken."""

    def __init__(self, study: Study, *, of_trial: int | None = None) -> None:
        """Begin at the launch; of_trial: the only one whose verdicts will be judged again, where there is one."""
        trials = study.trials.all() if of_trial is None else study.trials.filter(number=of_trial)
        self.study = study
        self.course = Course(study)
        self.standing: Standing | None = None
        self.control_every: int | None = None
        self.observed_at = -1
        self.trials: dict[int | None, Trial] = {trial.number: trial for trial in trials}
        self.pins = _Pins(study, of_trial=of_trial)
        self.curves: dict[tuple[int, str, int], Curve] = {}

    def take_in(self, event: Seen | PruningEvent) -> None:
        """Move on past one event."""
        if isinstance(event, Seen):
            self.observed_at = event.sequence
        elif event.kind in {Kind.LAUNCHED, Kind.AMENDED}:
            self._stand_under(event.evidence)
        else:
            self.pins.take_in(event)
        self.course.take_in(event)

    def compare(self, row: PruningEvent) -> tuple[str, bool]:
        """Judge a verdict, calibration or finding again; return (what differs, or nothing; whether bit for bit)."""
        if row.kind == Kind.CALIBRATED:
            return self._compare_calibration(row)
        if row.kind == Kind.DRIFTED:
            return self._compare_drift(row)
        again = self.judge(row)
        return (
            ("its trial is gone, or its policy is of another version", False) if again is None else compare(row, again)
        )

    def judge(self, row: PruningEvent) -> Verdict | None:
        """Return the verdict that comes out now on the facts of then."""
        trial = self.trials.get(row.trial_number)
        if self.standing is None or trial is None:
            return None
        if row.rule == by_person.PERSON:
            return self._by_person(row, trial)
        if row.verdict == "RESUME":
            return next_resumption(
                self.study,
                self.standing,
                self.course,
                stream=stream_as_told(row.evidence),
                is_closing=bool(row.evidence.get("is_closing")),
                of_shadows=row.shadow,
            )
        is_look = self.observed_at == row.sequence
        return self.standing.policy.judge(
            facts_of(
                self.study,
                trial,
                attempt=row.attempt_number or 1,
                step=row.step or 0,
                standing=self.standing,
                population=self.course.population if is_look else None,
                is_pinned=self.pins.is_pinned(trial),
                bad_looks=bad_looks_before(self.study, trial, self.standing, row.sequence) if is_look else 0,
                waiting=list(self.course.waiting.values()) if is_look else (),
                read=self._read,
                around=self._around(row, trial, self.standing) if is_look and self.standing.policy.needs else None,
            )
        )

    def _around(self, row: PruningEvent, trial: Trial, standing: Standing) -> dict[str, Any]:
        """Gather what the policy asks for; what only the moment could tell comes from the row."""
        return surroundings(
            self.study,
            trial,
            attempt=row.attempt_number or 1,
            step=row.step or 0,
            standing=standing,
            course=self.course,
            taken=taken_of(row),
        )

    def _by_person(self, row: PruningEvent, trial: Trial) -> Verdict:
        """Return the RESUME that a person may ask for at this moment; a KEEP if the trial was not paused then."""
        paused = self.course.waiting.get(root_number(trial))
        if paused is None:
            return Verdict(kind=Kinds.KEEP, rule=row.rule, version=by_person.VERSION, step=row.step or 0)
        person, note = str(row.evidence["person"]), str(row.evidence["note"])
        study = self.study
        return by_person.resumption(paused, metric=study.metric, maximize=not study.minimises, person=person, note=note)

    def _compare_calibration(self, row: PruningEvent) -> tuple[str, bool]:
        terms = self.standing.policy.terms if self.standing else None
        if terms is None:
            return "the policy before it calibrates nothing", False
        again = self.course.population.calibration(terms).to_mapping()
        recorded = row.evidence["calibration"]
        if encode(recorded) == encode(again):
            return "", True
        name = first_difference(recorded, again)
        return (f"{name} of calibration {recorded['version']} comes out otherwise" if name else ""), False

    def _compare_drift(self, row: PruningEvent) -> tuple[str, bool]:
        """Compare a finding of drift with the signs that the calibration before it shows now."""
        terms = self.standing.policy.terms if self.standing else None
        made = self.course.population.in_force(terms) if terms is not None else None
        if made is None:
            return "no calibration stands before it", False
        again = drift.evidence(self.course.population.signs, made)
        if encode(row.evidence) == encode(again):
            return ("", True) if drift.sentence(again) == row.sentence else ("its sentence reads otherwise", False)
        name = first_difference(row.evidence, again)
        return (f"{name} of the drift comes out otherwise" if name else ""), False

    def _stand_under(self, evidence: dict[str, Any]) -> None:
        """Take the policy from the ledger; none if it names a rule or a version that is no longer in use."""
        try:
            policy = Policy.from_mapping(evidence["policy"])
        except PolicyError:
            self.standing = None
            return
        if self.control_every is None:
            self.control_every = policy.safeguards.control_every  # fixed at launch
        looks = tuple(evidence["looks"])
        self.standing = Standing(policy=policy, looks=looks, control_every=self.control_every)

    def _read(self, trial: Trial, metric: str, attempt: int) -> Curve:
        """Read a curve once for all verdicts on it; verdicts of few trials interleave, so few are kept."""
        place = (trial.pk, metric, attempt)
        if place not in self.curves:
            if len(self.curves) > 512:
                self.curves.clear()
            self.curves[place] = read_curve(trial, metric, attempt)
        return self.curves[place]


class _Pins:
    """Which trials were pinned at each moment: what they are now, taken back to what the ledger says of changes."""

    def __init__(self, study: Study, *, of_trial: int | None) -> None:
        changes = PruningEvent.objects.of_study(study).filter(kind=Kind.INTERVENED, reason__in=["pin", "unpin"])
        if of_trial is not None:
            changes = changes.filter(trial_number=of_trial)
        self.now: dict[int, bool] = {}
        for number, action in changes.order_by("-sequence").values_list("trial_number", "reason"):
            if number is not None:
                self.now[number] = action == "unpin"  # before its first change it was the opposite

    def take_in(self, row: PruningEvent) -> None:
        """Hear of a pin or its end."""
        if row.kind == Kind.INTERVENED and row.reason in {"pin", "unpin"} and row.trial_number is not None:
            self.now[row.trial_number] = row.reason == "pin"

    def is_pinned(self, trial: Trial) -> bool:
        """Say whether the trial was pinned at this moment."""
        return self.now.get(trial.number, trial.pinned)


def compare(row: PruningEvent, again: Verdict) -> tuple[str, bool]:
    """Compare a recorded verdict with the one that came out again."""
    if str(again.kind) != row.verdict:
        return f"{again.kind}, not {row.verdict}", False
    if (again.rule, again.version, again.reason) != (row.rule, row.rule_version, row.reason):
        return f"{again.rule} {again.reason}, not {row.rule} {row.reason}", False
    recorded = {name: value for name, value in row.evidence.items() if name not in ADDED}
    if encode(recorded) == encode(dict(again.evidence)):
        return ("", True) if again.sentence() == row.sentence else ("its sentence reads otherwise", False)
    name = first_difference(recorded, dict(again.evidence))
    if name is None:
        return "", False
    return f"{name} is {again.evidence.get(name)!r}, not {recorded.get(name)!r}", False


def first_difference(recorded: object, again: object) -> str | None:
    """Return the name of the first figure that differs by more than the tolerance; None if all are near."""
    if isinstance(recorded, dict) and isinstance(again, dict):
        for name in sorted({*recorded, *again}):
            if name not in recorded or name not in again or first_difference(recorded[name], again[name]) is not None:
                return cast(str, name)
        return None
    if isinstance(recorded, list) and isinstance(again, list | tuple):
        if len(recorded) != len(again):
            return "length"
        return next(
            (str(i) for i, pair in enumerate(zip(recorded, again, strict=True)) if first_difference(*pair)), None
        )
    return None if _is_near(recorded, again) else "value"


def _is_near(recorded: object, again: object) -> bool:
    if isinstance(recorded, float) and isinstance(again, float):
        if math.isnan(recorded) and math.isnan(again):
            return True
        return recorded == again or math.isclose(recorded, again, rel_tol=TOLERANCE)
    return type(recorded) is type(again) and recorded == again
