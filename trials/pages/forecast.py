"""What a plan will take: trials, steps, slot hours and time, from what similar studies took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from django.db.models import Sum

from trials.models import Revision, Study, Worker
from trials.models.project import Person
from trials.pages import words
from trials.pages.parts.common import Paragraph, Run
from trials.pages.parts.draft import Forecast
from trials.pages.words import say, strong
from trials.plan import Plan
from trials.seam import reviewer

MOST_STUDIES = 20


@dataclass(frozen=True)
class Pace:
    """Seconds per step in past studies: the middle, the extremes, and what they have in common with the plan."""

    middle: float
    low: float
    high: float
    studies: int
    alike: str
    untrained: tuple[float, float] | None
    """The share of the steps that stopping left untrained there, from the least to the most."""


def forecast(plan: Plan, user: Person) -> Forecast:
    """Return what is known beforehand of a valid plan; four queries."""
    steps = plan.budget.trials * plan.horizon
    pace = pace_of(plan, user)
    slots = Worker.objects.filter(stopped_at=None).aggregate(n=Sum("slots"))["n"] or 0
    return Forecast(lead=_lead(plan, pace, steps), facts=list(_facts(plan, pace, steps, slots)))


def pace_of(plan: Plan, user: Person) -> Pace | None:
    """Return the seconds per step that similar studies took, as far as the person may see them; None if none did."""
    measured = Study.objects.visible_to(user).filter(steps_trained__gt=0, slot_seconds__gt=0)
    if plan.trainable is None:
        measured = measured.filter(trainable="", metric=plan.objective.metric, step_unit=plan.step_unit)
    else:
        measured = measured.filter(trainable=plan.trainable.name)
    rows = list(measured.order_by("-last_activity_at", "-id")[:MOST_STUDIES])
    if not rows:
        return None
    if plan.trainable is None:
        return _pace(rows, f"that report {plan.objective.metric} over HTTP")
    settings = dict(
        Revision.objects.filter(study__in=rows, number=1).values_list("study_id", "plan__trainable__settings")
    )
    same = [row for row in rows if settings.get(row.pk) == dict(plan.trainable.settings)]
    if same:
        return _pace(same, f"of {plan.trainable.name} with the same settings")
    return _pace(rows, f"of {plan.trainable.name} with other settings")


def _pace(rows: Sequence[Study], alike: str) -> Pace:
    paces = [row.slot_seconds / row.steps_trained for row in rows]
    shares = [row.steps_saved / (row.steps_saved + row.steps_trained) for row in rows if row.steps_saved]
    return Pace(
        middle=median(paces),
        low=min(paces),
        high=max(paces),
        studies=len(rows),
        alike=alike,
        untrained=(min(shares), max(shares)) if shares else None,
    )


def _lead(plan: Plan, pace: Pace | None, steps: int) -> list[Paragraph]:
    described = reviewer().describe(plan)
    runs: list[str | Run] = [strong(words.counted(plan.budget.trials, "configuration"))]
    runs.append(f" of {plan.horizon:,} {plan.step_unit} each, judged by the policy {described['name']} ")
    runs.append(f"({described['description']}).")
    if pace is None:
        return [say(*runs), say("How long that takes is unknown: no similar study has been measured yet.")]
    runs.append(" Trained to their ends they take ")
    runs.append(strong(_range(steps * pace.low / 3600, steps * pace.high / 3600, "slot hour")))
    runs.append("; what is stopped early takes less.")
    return [say(*runs)]


def _facts(plan: Plan, pace: Pace | None, steps: int, slots: int) -> list[tuple[str, str, str]]:
    asked = len(plan.enqueue) + (plan.defaults is not None)
    named = (
        f"{words.counted(asked, 'configuration')} named by the plan, the rest suggested" if asked else "all suggested"
    )
    unit = plan.step_unit.capitalize()
    found = [
        ("Trials", words.whole(plan.budget.trials), named),
        (unit, words.whole(steps), "if no trial is stopped early"),
    ]
    if pace is None:
        basis = "no study that you may see has measured this trainable"
        if plan.trainable is None:
            basis = f"no study that reports {plan.objective.metric} has been measured"
        return [*found, ("Slot hours", "unknown", basis), ("Time", "unknown", "")]
    low, high = steps * pace.low / 3600, steps * pace.high / 3600
    found.append(("Slot hours", _range(low, high), _basis(pace)))
    if pace.untrained is not None:
        least, most = pace.untrained
        share = words.percent(least) if words.percent(least) == words.percent(most) else _percents(least, most)
        found.append(("Stopped early there", share, "of the planned steps, each under its own policy"))
    found.append(_time(low, high, slots))
    if plan.budget.slot_hours is not None:
        within = "is enough even if none is stopped" if high <= plan.budget.slot_hours else "may end the study first"
        found.append(("Budget", f"{plan.budget.slot_hours:g} slot hours", within))
    return found


def _time(low: float, high: float, slots: int) -> tuple[str, str, str]:
    if not slots:
        return ("Time", "unknown", "no worker is running now")
    return ("Time", _hours(low / slots, high / slots), f"on {words.counted(slots, 'slot')}, if it has them to itself")


def _basis(pace: Pace) -> str:
    seconds = words.plain(float(f"{pace.middle:.3g}"))
    return f"{seconds} s a step, the median of {words.counted(pace.studies, 'study', 'studies')} {pace.alike}"


def _range(low: float, high: float, noun: str = "") -> str:
    first, last = _figure(low), _figure(high)
    text = first if first == last else f"{first} to {last}"
    return f"{text} {noun}{'' if text == '1' else 's'}" if noun else text


def _hours(low: float, high: float) -> str:
    first, last = words.duration(3600 * low), words.duration(3600 * high)
    return f"about {first}" if first == last else f"{first} to {last}"


def _figure(hours: float) -> str:
    if hours < 0.01:
        return "0.01" if hours > 0 else "0"
    return f"{hours:,.0f}" if hours >= 20 else f"{hours:.2g}"


def _percents(least: float, most: float) -> str:
    return f"{100 * least:.0f} to {words.percent(most)}"
