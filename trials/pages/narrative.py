"""The sentences that testify: what was tried, what was stopped and why, and was that right."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trials.facts import ControlArm, PooledArm
from trials.models import Evaluation, Job, Study, Trial
from trials.pages import rollups, words
from trials.pages.parts import Paragraph, Run
from trials.pages.rollups import Group
from trials.pages.words import say, strong

FAILURES = {
    "error": "an error",
    "out_of_memory": "memory running out",
    "timed_out": "taking too long",
    "worker_lost": "losing their worker",
}
NO_EVIDENCE = "No evidence yet: no control trial met a cut."


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the overview's narrative is made from."""

    study: Study
    planned: int
    best: Trial | None
    defaults: Trial | None
    groups: Sequence[Group]
    arm: ControlArm | None
    pooled: PooledArm | None = None
    preparing: Job | None = None
    evaluations: Sequence[Evaluation] = ()


def of_study(told: Told) -> list[Paragraph]:
    """Return the overview's narrative."""
    study, groups, arm = told.study, told.groups, told.arm
    paragraphs = [
        prepared(told.preparing),
        tried(study, told.planned, told.best, told.defaults),
        held_out(told.evaluations),
        stops(study, groups),
    ]
    if arm is not None and (arm.met or rollups.stopped(groups)):
        paragraphs.append(was_that_right(arm, told.pooled))
    paragraphs.append(others(groups))
    if study.ending_code not in {"", "finished"}:
        paragraphs.append(say(study.ending_sentence))
    return [paragraph for paragraph in paragraphs if paragraph]


def prepared(job: Job | None) -> Paragraph:
    """Say how far the preparation has come that all trials wait for."""
    if job is None:
        return ()
    if job.state == Job.State.WAITING:
        return say(strong("Its data and base are prepared once"), ", as soon as a worker is there; then trials start.")
    far = f", {words.percent(job.done / job.total)} done" if job.total else ""
    return say(strong("Preparing what all trials share"), f": {job.message or 'just begun'}{far}.")


def held_out(evaluations: Sequence[Evaluation]) -> Paragraph:
    """Say what the test split, looked at once, says of the best configuration and of the defaults."""
    by_role = {role: one for one in evaluations for role in one.role.split(" and ")}
    best, default = by_role.get("best"), by_role.get("default")
    name = measure(best.metrics) if best is not None else ""
    if best is None or not name:
        return ()
    runs: list[str | Run] = ["On the held-out test split, which tuning never saw, the best reached "]
    runs += [f"{words.code_words(name)} ", strong(words.number(best.metrics[name]))]
    if default is not None and default is not best and isinstance(default.metrics.get(name), int | float):
        runs.append(f", the defaults {words.number(default.metrics[name])}")
    return say(*runs, ".")


def measure(metrics: Mapping[str, object]) -> str:
    """Return the metric of a test split that a reader understands at once: perplexity, accuracy, or the first."""
    names = [name for name, value in metrics.items() if isinstance(value, int | float)]
    liked = [name for word in ("perplexity", "accuracy") for name in names if word in name]
    return next(iter([*liked, *names]), "")


def tried(study: Study, planned: int, best: Trial | None, defaults: Trial | None = None) -> Paragraph:
    """Say how many configurations were tried and what the best one reached."""
    n = study.n_trials - study.n_waiting
    if not n:
        return say(strong(f"None of the {words.counted(planned, 'planned trial')} has started."))
    verb = "has" if n == 1 else "have"
    noun = "configuration" if planned == 1 else "configurations"
    opening = strong(f"{n:,} of {planned:,} {noun} {verb} been tried.")
    if best is None or study.best_value is None:
        return say(opening, " None has been trained to its end yet.")
    at = f" at step {best.best_step:,}" if best.best_step is not None else ""
    return say(
        opening,
        " The best, ",
        Run(f"trial {best.number}", url=best.get_absolute_url()),
        f", reached {study.metric} ",
        strong(words.number(study.best_value)),
        f"{at}{_against(best, defaults)}.",
    )


def _against(best: Trial, defaults: Trial | None) -> str:
    if defaults is None or defaults.value is None or defaults.number == best.number:
        return ""
    return f"; the defaults reached {words.number(defaults.value)}"


def stops(study: Study, groups: Sequence[Group]) -> Paragraph:
    """Say how many trials were stopped early, by motive, and what that saved."""
    n = rollups.stopped(groups)
    if not n:
        return say("None was stopped early.") if study.n_ended else ()
    runs: list[str | Run] = [strong(f"{n:,} {'was' if n == 1 else 'were'} stopped early"), ": "]
    motives = rollups.stopped_by_motive(groups)
    for place, (motive, count) in enumerate(motives.items()):
        runs += [", "] if place else []
        runs.append(Run(f"{count:,} for {motive}", glyph=motive))
    runs.append(". ")
    share = rollups.saved_share(study)
    if share is not None:
        runs += ["That left ", strong(words.percent(share)), f" of the planned steps untrained{_worth(study)}."]
    return say(*runs)


def _worth(study: Study) -> str:
    """Say what the untrained steps would have cost at this study's own pace; empty where nothing was measured."""
    if not study.slot_seconds or not study.steps_trained:
        return ""
    seconds = study.steps_saved * study.slot_seconds / study.steps_trained
    return f", about {words.duration(seconds)} of a slot at this study’s pace" if seconds >= 1 else ""


def others(groups: Sequence[Group]) -> Paragraph:
    """Say what became of those that neither finished nor were stopped by a rule."""
    failed: dict[str, int] = {}
    by_person = closed = paused = 0
    for group in groups:
        if group.state == Trial.State.FAILED:
            failed[group.code] = failed.get(group.code, 0) + group.n
        elif group.state == Trial.State.PRUNED and not group.motive:
            by_person += group.n if group.code == "stopped_by_user" else 0
            closed += group.n if group.code != "stopped_by_user" else 0
        elif group.state == Trial.State.PAUSED:
            paused += group.n
    parts = []
    if failed:
        causes = [(n, FAILURES.get(code, words.code_words(code))) for code, n in sorted(failed.items())]
        why = f" by {causes[0][1]}" if len(causes) == 1 else ": " + ", ".join(f"{n:,} by {why}" for n, why in causes)
        parts.append(f"{sum(failed.values()):,} failed{why}")
    if by_person:
        parts.append(f"{by_person:,} {'was' if by_person == 1 else 'were'} stopped by a person")
    if closed:
        parts.append(f"{closed:,} ended with the study")
    if paused:
        parts.append(f"{paused:,} {'is' if paused == 1 else 'are'} paused and may yet go on")
    return say("; ".join(parts) + ".") if parts else ()


def was_that_right(arm: ControlArm, pooled: PooledArm | None = None) -> Paragraph:
    """Say what the control arm knows about wrong stops, and how surely."""
    if not arm.met:
        return say("Was that right? ", NO_EVIDENCE, *_over_studies(pooled))
    were = "would have been stopped and was" if arm.met == 1 else "would have been stopped and were"
    opening = f"Was that right? {words.counted(arm.met, 'trial')} of the control arm {were} trained on all the same"
    if not arm.judged:
        return say(f"{opening}. None can be judged yet, so nothing can be said.", *_over_studies(pooled))
    opening = f"{opening}{_not_judged(arm)}. "
    if not arm.wrong:
        return say(
            opening,
            strong(f"None ended among the best {arm.k}"),
            f", so at most {words.at_most(arm.high)} of the stops were wrong (95\u202f% interval).",
            *_over_studies(pooled),
        )
    return say(
        opening,
        strong(f"{arm.wrong} of {arm.judged} ended among the best {arm.k}"),
        f", so between {words.at_least(arm.low)} and {words.at_most(arm.high)} of the stops were wrong "
        "(95\u202f% interval).",
        *_over_studies(pooled),
    )


def control_notes(arm: ControlArm | None, n_stopped: int) -> list[str]:
    """Return what else the control arm says: who is not judged, and how many winners were lost at most."""
    notes = []
    if arm is not None and arm.unknown:
        notes.append(f"{_spelt(arm.unknown)} with no known end; the interval holds either way.")
    if arm is not None and arm.paused:
        notes.append(f"{_spelt(arm.paused)} would be paused now and may yet go on.")
    if arm is not None and arm.judged:
        notes.append(_winners(arm, n_stopped))
    return notes


def _winners(arm: ControlArm, n_stopped: int) -> str:
    """Say whether a spared trial beat the best of the others, and how many of those stopped would have at most."""
    beat = "None beat the best of the others" if not arm.beat else f"{_spelt(arm.beat)} beat the best of the others"
    by = f", by up to {words.number(arm.gain)}" if arm.gain is not None else ""
    most = min(n_stopped, math.ceil(arm.beat_high * n_stopped - 1e-9))
    return f"{beat}{by}; of {words.counted(n_stopped, 'stopped trial')} at most {most:,} would have."


def _over_studies(pooled: PooledArm | None) -> list[str]:
    if pooled is None:
        return []
    between = f"between {words.at_least(pooled.low)} and {words.at_most(pooled.high)}"
    wrong = f"{pooled.wrong} of {pooled.judged} were wrong; studies like these average {between}"
    return [f" Over {pooled.studies} studies of this project {wrong}."]


def _not_judged(arm: ControlArm) -> str:
    """Say how many have no known end, and how many may yet go on."""
    parts = []
    if arm.unknown:
        parts.append(f"{_spelt(arm.unknown).lower()} {'has' if arm.unknown == 1 else 'have'} no known end")
    if arm.paused:
        parts.append(f"{_spelt(arm.paused).lower()} may yet go on")
    return f"; {' and '.join(parts)}" if parts else ""


def _spelt(n: int) -> str:
    return "One" if n == 1 else f"{n:,}"


@dataclass(frozen=True)
class Totals:
    """What the studies of a list come to; `trained` and `saved` in full trials."""

    n: int
    running: int
    waiting: int
    slots: int
    trained: float
    saved: float


def of_studies(totals: Totals, arms: Sequence[ControlArm], *, whole: bool = True) -> list[Paragraph]:
    """Return the sentences over all studies of the list; arms: of those on this page, which may be the `whole` list."""
    if not totals.n:
        return []
    runs: list[str | Run] = [f"{opening(totals.running, totals.waiting, totals.slots)} "]
    if totals.saved:
        over = "" if totals.n == 1 else f"Over {'both' if totals.n == 2 else f'all {totals.n:,}'}, stopping early left "
        runs += [
            over or "Stopping early left ",
            strong(words.percent(totals.saved / (totals.trained + totals.saved))),
            " of the planned training undone.",
        ]
    paragraphs: list[Paragraph] = [say(*runs)]
    judged, wrong = sum(arm.judged for arm in arms), sum(arm.wrong for arm in arms)
    if judged:
        paragraphs.append(
            say(
                "Of " if whole else "On this page, of ",
                strong(f"{judged:,}"),
                f" control {'trial' if judged == 1 else 'trials'} that the rules would have stopped, ",
                strong(f"{wrong:,}" if wrong else "none"),
                " ended among the best of their study.",
            )
        )
    elif totals.saved:
        paragraphs.append(say("Whether the stops were right, no control trial can tell yet."))
    return paragraphs


def opening(running: int, waiting: int, slots: int) -> str:
    """Say how many studies run, and how many wait."""
    if not running and not waiting:
        return "No study is running."
    waits = "One waits for a worker." if waiting == 1 else f"{waiting} wait for a worker."
    if not running:
        return waits.replace("One waits", "One study waits").replace(f"{waiting} wait", f"{waiting} studies wait")
    which = "One study is" if running == 1 else f"{running} studies are"
    runs = f"{which} running on {words.counted(slots, 'slot')}."
    return f"{runs} {waits}" if waiting else runs
