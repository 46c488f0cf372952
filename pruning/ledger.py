"""Writing the ledger: one row per sequence number, each sealed to the one before."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from pruning import memory, writing
from pruning.canonical import GENESIS, HEADER, digest, inner, token
from pruning.models import LedgerHead, PruningEvent
from pruning.writing import Head
from trials.models import Study, Trial


class LedgerError(Exception):
    """A row that the ledger refuses."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What one row says, before it is sealed."""

    kind: str
    sequence: int
    sentence: str
    evidence: Mapping[str, object] = field(default_factory=dict)
    trial: Trial | None = None
    attempt: int | None = None
    step: int | None = None
    verdict: str = ""
    rule: str = ""
    rule_version: int | None = None
    policy: str = ""
    reason: str = ""
    motive: str = ""
    shadow: bool = False


COLUMNS = (
    "study_uid",
    "sequence",
    "kind",
    "trial_number",
    "trial_uid",
    "attempt_number",
    "step",
    "verdict",
    "rule",
    "rule_version",
    "policy",
    "reason",
    "motive",
    "shadow",
    "sentence",
    "at",
    "previous_hash",
)
"""The columns that copy a field of the body, under the same name."""
EVIDENCE = "evidence"
_BEFORE = tuple(name for name in sorted(COLUMNS) if name < EVIDENCE)
_AFTER = tuple(name for name in sorted(COLUMNS) if name > EVIDENCE)
_BEFORE_FORM = HEADER.decode() + "{" + "".join(f'"{name}":%s,' for name in _BEFORE) + f'"{EVIDENCE}":'
_AFTER_FORM = "".join(f',"{name}":%s' for name in _AFTER) + "}"


def append(study: Study, entry: Entry, *, at: datetime | None = None) -> PruningEvent:
    """Append one row to a study's ledger; the caller holds the study's lock and a transaction."""
    return append_many(study, [entry], at=at)[0]


def append_many(study: Study, entries: Sequence[Entry], *, at: datetime | None = None) -> list[PruningEvent]:
    """Append rows with consecutive sequence numbers in one go; the caller holds the study's lock and a transaction.

    Raises LedgerError, having written nothing, if a number does not follow the last one: the ledger has no gaps.
    """
    head = writing.head_of(study.uid)
    rows = _sealed(study, head, entries, at or timezone.now())
    with transaction.atomic(savepoint=False):
        writing.insert(rows)
        if head is None:
            _open(study, rows)
        else:
            last = rows[-1]
            writing.move_head(study.uid, Head(last.sequence, head.n_rows + len(rows), last.hash))
    memory.heard(study, rows)
    return rows


def _sealed(study: Study, head: Head | None, entries: Sequence[Entry], at: datetime) -> list[PruningEvent]:
    """Return the rows of entries, each hashed with the hash of the one before."""
    previous = head.hash if head else GENESIS
    expected = head.sequence + 1 if head else entries[0].sequence
    rows = []
    for entry in entries:
        if entry.sequence != expected:
            raise LedgerError(
                f"sequence: {entry.sequence} does not follow {expected - 1} in the ledger of {study.name}; "
                "every number of a study needs its row"
            )
        row = seal(study.uid, entry, previous, at)
        rows.append(row)
        previous, expected = row.hash, expected + 1
    return rows


def seal(study_uid: uuid.UUID, entry: Entry, previous: str, at: datetime) -> PruningEvent:
    """Return the row of one entry, its body and hash computed."""
    at = at.astimezone(UTC)
    trial = entry.trial
    columns: dict[str, object] = {
        "study_uid": study_uid,
        "sequence": entry.sequence,
        "kind": str(entry.kind),
        "trial_number": trial.number if trial else None,
        "trial_uid": trial.uid if trial else None,
        "attempt_number": entry.attempt,
        "step": entry.step,
        "verdict": str(entry.verdict),
        "rule": entry.rule,
        "rule_version": entry.rule_version,
        "policy": entry.policy,
        "reason": entry.reason,
        "motive": entry.motive,
        "shadow": entry.shadow,
        "sentence": entry.sentence,
        "at": at,
        "previous_hash": previous,
    }
    before, after = frame({name: in_body(value) for name, value in columns.items()})
    body = before + inner(entry.evidence) + after
    return PruningEvent(**columns, hash=digest(body), body=body)


def frame(said: Mapping[str, str | int | None]) -> tuple[bytes, bytes]:
    """Return the bytes of a body before and after its evidence; `said`: the columns, as `in_body` states them.

    Keys are sorted, so the evidence stands between two runs of columns. Within JSON a quotation mark that is part of
    a text is escaped; so a body that begins and ends with these bytes has exactly these columns.
    """
    before = _BEFORE_FORM % tuple(map(token, map(said.__getitem__, _BEFORE)))
    after = _AFTER_FORM % tuple(map(token, map(said.__getitem__, _AFTER)))
    return before.encode("ascii"), after.encode("ascii")


def in_body(value: Any) -> str | int | None:
    """Return a column's value as the body states it: identifiers and times as text."""
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value  # type: ignore[no-any-return]  # a column's value: a text, a number, a truth value or None


def _open(study: Study, rows: Sequence[PruningEvent]) -> None:
    """Begin a study's chain with its first rows."""
    LedgerHead.objects.create(
        study_uid=study.uid,
        study_name=study.name,
        first_sequence=rows[0].sequence,
        sequence=rows[-1].sequence,
        n_rows=len(rows),
        hash=rows[-1].hash,
    )
