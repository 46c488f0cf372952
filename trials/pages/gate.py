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
        tone=_tone(found),
        verdict=_verdict(found),
        rows=[_row(one) for one in found.studies[:MOST_ROWS]],
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
    return "good" if found.finding == "kept" and found.lost is not None else "plain"


def _verdict(found: Gate) -> str:
    match found.finding:
        case "exceeded":
            return "Blocks the launch" if found.blocks else "Warns: more winners lost than accepted"
        case "doubtful":
            return "Warns: perhaps more winners lost than accepted"
        case "thin":
            return "Cannot judge"
        case "kept":
            return "Passes"
    return ""


def _row(one: Replayed) -> GateRow:
    lost = _between(one.lost) if one.likely_lost is None else words.percent(one.likely_lost)
    return GateRow(one.name, one.url, _between(one.saved), lost, _basis(one), one.winner, one.winner_verdict)


def _basis(one: Replayed) -> str:
    replays = words.counted(one.orders, "replay")
    told = f"{replays} just now" if one.source == "replay" else f"{replays} on its card"
    if one.likely_lost is None:
        return f"{told}; pruned too hard to be judged"
    return told if one.control is None else f"{told}; estimated from {words.counted(one.control, 'complete curve')}"


def _between(ends: tuple[float, float]) -> str:
    low, high = min(ends), max(ends)
    if words.percent(low) == words.percent(high):
        return words.percent(low)
    return f"{100 * low:.0f} to {words.percent(high)}"
