"""The ledger's rows in the words and glyphs of the pages."""

from __future__ import annotations

from collections.abc import Mapping

from pruning.by_person import PERSON
from pruning.models import PruningEvent
from trials.models import Trial
from trials.pages.words import code_words, kind_of

Kind = PruningEvent.Kind

VERBS: Mapping[str, str] = {
    "KEEP": "kept",
    "WARN": "noticed",
    "STOP": "stopped",
    "FINISH": "finished",
    "PAUSE": "paused",
    "RESUME": "resumed",
    "PROTECT": "spared",
    "ABSTAIN": "no verdict",
}
GLYPHS: Mapping[str, str] = {
    "KEEP": "keep",
    "WARN": "warn",
    "FINISH": "finished",
    "PAUSE": "paused",
    "RESUME": "resume",
    "PROTECT": "control",
    "ABSTAIN": "abstain",
}
KIND_LABELS: Mapping[str, str] = {
    Kind.LAUNCHED: "Study registered",
    Kind.AMENDED: "Plan amended",
    Kind.CALIBRATED: "Quotas calibrated",
    Kind.DRIFTED: "Drift found",
    Kind.INTERVENED: "A person acted",
    Kind.CLOSED: "Study ended",
    Kind.DELETED: "Study deleted",
}


def glyph(event: PruningEvent) -> str:
    """Return the glyph of a row: a stop shows its motive, an ending how it ended."""
    if event.kind == Kind.VERDICT:
        return GLYPHS.get(event.verdict, event.motive or "stopped")
    if event.kind == Kind.ENDED:
        return ended_kind(event)
    return {Kind.LAUNCHED: "waiting", Kind.CLOSED: "finished", Kind.INTERVENED: "stopped"}.get(Kind(event.kind), "keep")


def ended_kind(event: PruningEvent) -> str:
    """Return the glyph of an ending that no verdict wrote."""
    state = str(event.evidence.get("state", Trial.State.FAILED))
    return kind_of(state if state in Trial.State.values else Trial.State.FAILED, event.motive)


def title(event: PruningEvent) -> str:
    """Return what a row is about."""
    if event.trial_number is not None:
        return f"Trial {event.trial_number}"
    return KIND_LABELS.get(event.kind, event.get_kind_display())


def verb(event: PruningEvent) -> str:
    """Return what happened to it, in a word or two."""
    if event.kind == Kind.VERDICT:
        said = "spared" if event.verdict == "PROTECT" else VERBS.get(event.verdict, event.verdict.lower())
        if event.verdict in {"STOP", "FINISH", "PAUSE"}:
            said = code_words(event.reason) if event.verdict != "PAUSE" else f"paused, {code_words(event.reason)}"
        if event.rule == PERSON:
            said = "resumed by a person"
        return f"would have been {said}" if event.shadow else said
    if event.kind in {Kind.ENDED, Kind.INTERVENED} and event.trial_number is not None:
        return code_words(event.reason) if event.kind == Kind.ENDED else f"asked to {event.reason}"
    return ""


def reason_line(event: PruningEvent) -> str:
    """Return reason and motive as they stand behind the title of an opened row."""
    if event.verdict == "PROTECT":
        overruled = str(event.evidence.get("overruled_reason", ""))
        against = f" against {code_words(overruled)}" if overruled else ""
        return f"spared{against}: {code_words(event.reason)}"
    said = verb(event)
    return f"{said}, for {event.motive}" if event.motive else said
