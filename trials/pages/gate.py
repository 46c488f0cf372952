"""What a plan's policy would have done to similar past studies, in the words of the page before a launch."""

from __future__ import annotations

from dataclasses import replace

from trials.models import Project
from trials.models.project import Person
from trials.pages import words
from trials.pages.draft_form import YAML, Draft
from trials.pages.parts.draft import Advised, GateRow, GateWords
from trials.plan import Plan
from trials.plan.drafting import CUSTOM
from trials.plan.writing import write
from trials.seam import Gate, Replayed, reviewer

MOST_ROWS = 6
MOST_ADVICE = 4


def ask(plan: Plan, *, user: Person, project: Project) -> GateWords | None:
    """Return what the reviewer says before a launch; None if it says nothing. It may take seconds."""
    found = reviewer().forecast(plan, user=user, project=project)
    advice = reviewer().advise(plan, user=user, project=project)
    if not found.sentence and not advice.suggestions:
        return None
    return GateWords(
        sentence=found.sentence,
        doubt=found.doubt,
        remedy=found.remedy,
        saved=_share(found.saved, found.saved_interval),
        lost=_share(found.lost, found.lost_interval),
        tone=_tone(found),
        rows=[_row(one) for one in found.studies[:MOST_ROWS]],
        is_known=found.saved is not None or found.lost is not None,
        advice=advice.sentence,
        suggestions=[
            Advised(place, one.name, one.sentence)
            for place, one in enumerate(advice.suggestions[:MOST_ADVICE])
            if one.n_studies
        ],
    )


def take_advice(draft: Draft, plan: Plan, place: int, *, user: Person, project: Project) -> Draft:
    """Return the editor with the suggested policy in it; as it was if there is none at that place."""
    found = reviewer().advise(plan, user=user, project=project).suggestions
    if draft.view == YAML or place >= len(found):
        return draft
    policy = found[place].policy
    if isinstance(policy, str):
        return replace(draft, form=replace(draft.form, policy=policy, policy_text=""))
    return replace(draft, form=replace(draft.form, policy=CUSTOM, policy_text=write(dict(policy))))


def _tone(found: Gate) -> str:
    if found.is_exceeded:
        return "bad"
    return "good" if found.lost is not None and found.studies else "plain"


def _share(share: float | None, interval: tuple[float, float] | None) -> str:
    if share is None:
        return "unknown"
    between = f", 95\u202f%: {words.at_least(interval[0])} to {words.at_most(interval[1])}" if interval else ""
    return f"{words.percent(share)}{between}"


def _row(one: Replayed) -> GateRow:
    return GateRow(one.name, one.url, _between(one.saved), _between(one.lost), one.source)


def _between(ends: tuple[float, float]) -> str:
    low, high = min(ends), max(ends)
    if words.percent(low) == words.percent(high):
        return words.percent(low)
    return f"{100 * low:.0f} to {words.percent(high)}"
