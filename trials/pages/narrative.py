"""The sentences that testify: what was tried, what was stopped and why, and was that right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trials.facts import ControlArm
from trials.models import Evaluation, Job, Study, Trial
from trials.pages import rollups, words
from trials.pages.parts import Paragraph, Run
from trials.pages.rollups import Group
from trials.pages.words import say, strong

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
        paragraphs.append(was_that_right(arm))
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
        runs += ["That left ", strong(words.percent(share)), " of the planned steps untrained."]
    return say(*runs)


def was_that_right(arm: ControlArm) -> Paragraph:
    """Say what the control arm knows about wrong stops, and how surely."""
    if not arm.met:
        return say("Was that right? ", NO_EVIDENCE)
    met = f"{words.counted(arm.met, 'trial')} of the control arm met a cut and {'was' if arm.met == 1 else 'were'}"
    if not arm.judged:
        return say(f"Was that right? {met} trained on all the same. None has ended yet, so nothing can be said.")
    open_ones = _still_open(arm.met - arm.judged)
    opening = f"Was that right? {met} trained on all the same{open_ones}. "
    if not arm.wrong:
        return say(
            opening,
            strong("None beat the best value in hand" if arm.judged > 1 else "It did not beat the best value in hand"),
            f", so at most {words.at_most(arm.high)} of the stops were wrong (95\u202f% interval).",
        )
    return say(
        opening,
        strong(f"{arm.wrong} of {arm.judged} beat the best value in hand"),
        f", so between {words.at_least(arm.low)} and {words.at_most(arm.high)} of the stops were wrong "
        "(95\u202f% interval).",
    )


def _still_open(n: int) -> str:
    if not n:
        return ""
    return "; one of them still trains" if n == 1 else f"; {n} of them still train"


def of_studies(studies: Sequence[Study], arms: Sequence[ControlArm]) -> list[Paragraph]:
    """Return the sentences over all studies a person sees."""
    if not studies:
        return []
    running = sum(study.n_running > 0 for study in studies)
    waiting = sum(study.state == Study.State.RUNNING and not study.n_running for study in studies)
    slots = sum(study.n_running for study in studies)
    trained = sum(study.steps_trained / study.horizon for study in studies if study.horizon)
    saved = sum(study.steps_saved / study.horizon for study in studies if study.horizon)
    runs: list[str | Run] = [f"{opening(running, waiting, slots)} "]
    if saved:
        runs += [
            "Stopping early left ",
            strong(words.percent(saved / (trained + saved))),
            " of the planned training undone.",
        ]
    paragraphs: list[Paragraph] = [say(*runs)]
    judged, wrong = sum(arm.judged for arm in arms), sum(arm.wrong for arm in arms)
    if judged:
        paragraphs.append(
            say(
                "Of ",
                strong(f"{judged:,}"),
                f" control {'trial' if judged == 1 else 'trials'} that the rules would have stopped, ",
                strong(f"{wrong:,}" if wrong else "none"),
                " went on to beat the best value in hand.",
            )
        )
    elif saved:
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
