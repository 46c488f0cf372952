"""What a person asks for, in the words of the ledger."""

from __future__ import annotations

import math

from pruning.rules.base import Kind, Verdict
from pruning.rules.resuming import Waiting

PERSON = "person"
"""The rule, and the cause, of a RESUME that a person asked for."""
VERSION = 1


def resumption(paused: Waiting, *, metric: str, maximize: bool, person: str, note: str) -> Verdict:
    """Return the RESUME of a paused trial that goes on whatever its rank, because a person asked for it."""
    because = f": {note.rstrip('.')}" if note else ""
    told = math.nan if not math.isfinite(paused.key) else (-paused.key if maximize else paused.key) + 0.0
    return Verdict(
        kind=Kind.RESUME,
        rule=PERSON,
        version=VERSION,
        step=paused.step,
        reason=PERSON,
        evidence={"trial": paused.trial, "metric": metric, "value": told, "person": person, "note": note},
        clause=f"{person} asked that it go on, whatever its rank{because}",
    )


def request(action: str, *, trial: int | None, person: str, note: str) -> str:
    """Return what was asked for as a sentence.

    >>> request("pin", trial=3, person="robin", note="the baseline")
    'robin asked to pin trial 3: the baseline'
    >>> request("note", trial=3, person="robin", note="")
    'robin took the note on trial 3 away.'
    """
    what = f"trial {trial}" if trial is not None else "the study"
    if action == "note":
        return f"{person} noted on {what}: {note}" if note else f"{person} took the note on {what} away."
    return f"{person} asked to {action} {what}" + (f": {note}" if note else ".")
