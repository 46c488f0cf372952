"""What befell a trial, in order: verdicts, what people asked for, attempts."""

from __future__ import annotations

from collections.abc import Sequence

from trials.charts.trial import attempt_kind, verb
from trials.facts import Ruling, provider
from trials.models import Attempt, Trial
from trials.pages import trial_words, words
from trials.pages.frame import moment
from trials.pages.parts import (
    AttemptRow,
    RankBar,
    VerdictRow,
)


def verdicts(found: Trial, attempts: Sequence[Attempt], rulings: Sequence[Ruling]) -> list[VerdictRow]:
    """Return every verdict in order, with what people asked for and the attempts that broke between them."""
    rows = [_verdict(found, ruling) for ruling in rulings]
    asked = [
        VerdictRow(
            sequence=one.sequence,
            url=one.url,
            at=one.at,
            step="",
            kind="keep" if one.action != "stop" else "stopped",
            verdict=one.action,
            sentence=one.sentence,
            plain=True,
        )
        for one in provider().interventions(found)
    ]
    if asked:
        rows = sorted([*rows, *asked], key=lambda row: row.sequence)
    broken = [
        VerdictRow(
            sequence=0,
            url="",
            at=attempt.ended_at,
            step=words.whole(attempt.last_step or 0),
            kind="failed",
            verdict="attempt ended",
            sentence=attempt.outcome_sentence,
            plain=True,
        )
        for attempt in attempts
        if attempt.outcome in {"worker_lost", "crashed"}
    ]
    if not broken:
        return rows
    return sorted([*rows, *broken], key=lambda row: (row.at is None, row.at, row.sequence))


def attempt_row(attempt: Attempt) -> AttemptRow:
    """Return an attempt: where and when it ran, from where, how far, how it ended."""
    end = f"–{moment(attempt.ended_at)}" if attempt.ended_at else ", running"
    return AttemptRow(
        number=attempt.number,
        where=f"slot {attempt.slot} ({attempt.device})" if attempt.worker is not None else "over HTTP",
        host=attempt.worker.host if attempt.worker is not None else attempt.claimed_by,
        when=f"{moment(attempt.started_at)}{end}",
        origin=trial_words.origin_of(attempt),
        steps=trial_words.steps_of(attempt),
        kind=attempt_kind(attempt),
        ending=trial_words.outcome(attempt),
        why=attempt.outcome_sentence,
    )


def _verdict(found: Trial, ruling: Ruling) -> VerdictRow:
    rank = None
    if ruling.rank is not None and ruling.of is not None:
        rank = RankBar(ruling.rank, ruling.of, ruling.quota)
    ended = ruling.action in {"STOP", "FINISH"} and found.has_ended and ruling.step == found.ending_step
    return VerdictRow(
        sequence=ruling.sequence,
        url=ruling.url,
        at=ruling.at,
        step=words.whole(ruling.step),
        kind=verb(ruling),
        verdict="spared" if ruling.is_spared else ruling.action.lower(),
        sentence=words.brief(ruling.sentence),
        rank=rank,
        ended=ended,
    )
