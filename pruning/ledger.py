"""Writing the ledger: one row per sequence number, each sealed to the one before."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.utils import timezone

from pruning import memory, rollups, writing
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
_STATED_OTHERWISE = ("study_uid", "trial_uid", "at")
"""Columns that the body states as text."""
_BEFORE_FORM = HEADER.decode() + "{" + "".join(f'"{name}":%s,' for name in _BEFORE) + f'"{EVIDENCE}":'
_AFTER_FORM = "".join(f',"{name}":%s' for name in _AFTER) + "}"


class Row:
    """One sealed row: its columns by name, hash and body among them."""

    __slots__ = ("columns",)

    def __init__(self, columns: dict[str, Any]) -> None:
        self.columns = columns

    @property
    def sequence(self) -> int:
        return int(self.columns["sequence"])

    @property
    def kind(self) -> str:
        return str(self.columns["kind"])

    @property
    def verdict(self) -> str:
        return str(self.columns["verdict"])

    @property
    def reason(self) -> str:
        return str(self.columns["reason"])

    @property
    def shadow(self) -> bool:
        return bool(self.columns["shadow"])

    @property
    def hash(self) -> str:
        return str(self.columns["hash"])

    def event(self) -> PruningEvent:
        """Return it as a record, which has not been saved."""
        return PruningEvent(**self.columns)


def append(study: Study, entry: Entry, *, at: datetime | None = None) -> None:
    """Append one row to a study's ledger; the caller holds the study's lock and a transaction."""
    append_many(study, [entry], at=at)


def append_many(study: Study, entries: Sequence[Entry], *, at: datetime | None = None) -> None:
    """Append rows with consecutive sequence numbers in one go; the caller holds the study's lock and a transaction.

    Raises LedgerError, having written nothing, if a number does not follow the last one: the ledger has no gaps.
    """
    head = _ends.get(study.uid)
    if head is None or entries[0].sequence != head.sequence + 1:
        head = writing.head_of(study.uid)
    rows = _sealed(study, head, entries, at or timezone.now())
    after = Head(rows[-1].sequence, rows[-1].hash)
    if head is None:
        _open(study, rows[0].sequence, after)
    writing.insert([row.columns for row in rows])
    if head is not None:
        is_last = rows[-1].kind in _MARKED
        if is_last or _passes(MARK_EVERY, head, after):
            writing.mark(study.uid, after)
        if is_last or _passes(COUNT_EVERY, head, after):
            rollups.count_up(study.uid, after.sequence)
    _remember(study.uid, after)
    memory.heard(study, rows)


MARK_EVERY = 32
"""Rows between two marks: marking every row would cost each commit one more statement and one more page."""
COUNT_EVERY = 1024
"""Rows between two counts: counting takes some milliseconds, and a page counts so few rows itself."""
_MARKED = (PruningEvent.Kind.CLOSED, PruningEvent.Kind.DELETED)


def _passes(every: int, before: Head, after: Head) -> bool:
    return before.sequence // every != after.sequence // every


_ends: dict[uuid.UUID, Head] = {}
"""Where chains ended by this process's last commit to them. A row of another process has taken the next number since,
so that of the study, which the caller has locked, says whether it still holds."""
MOST_ENDS = 1024


def _remember(study_uid: uuid.UUID, end: Head) -> None:
    """Keep where a chain ends once that is sure; what is rolled back never was."""

    def keep() -> None:
        if len(_ends) >= MOST_ENDS:
            _ends.clear()
        _ends[study_uid] = end

    transaction.on_commit(keep)


def _sealed(study: Study, head: Head | None, entries: Sequence[Entry], at: datetime) -> list[Row]:
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


def seal(study_uid: uuid.UUID, entry: Entry, previous: str, at: datetime) -> Row:
    """Return the row of one entry, its body and hash computed."""
    trial = entry.trial
    columns: dict[str, Any] = {
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
        "at": at if at.tzinfo is UTC else at.astimezone(UTC),
        "previous_hash": previous,
    }
    said = columns.copy()
    for name in _STATED_OTHERWISE:
        said[name] = in_body(said[name])
    before, after = frame(said)
    columns["body"] = body = before + inner(entry.evidence) + after
    columns["hash"] = digest(body)
    return Row(columns)


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
        return _uid_in_body(value)
    if isinstance(value, datetime):
        return (value if value.tzinfo is UTC else value.astimezone(UTC)).isoformat(timespec="microseconds")
    return value  # type: ignore[no-any-return]  # a column's value: a text, a number, a truth value or None


_uid_in_body = lru_cache(maxsize=1024)(str)


def _open(study: Study, first_sequence: int, end: Head) -> None:
    """Begin a study's chain, which ends here for now.

    A head that is there already has lost its rows: what it says of them stays, for `verify` to find.
    """
    said = {"study_name": study.name, "first_sequence": first_sequence, **end._asdict()}
    LedgerHead.objects.get_or_create(study_uid=study.uid, defaults=said)
