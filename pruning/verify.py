"""Checking a ledger: every row re-hashed, every copy compared, the chain followed to the study's head."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db.models import Max

from pruning.canonical import GENESIS, HEADER
from pruning.ledger import COLUMNS, in_body
from pruning.models import LedgerHead, PruningEvent
from trials.models import Study

CHUNK = 2000
_HEADER = HEADER.decode()
_SAID = itemgetter(*COLUMNS)
_SEQUENCE, _PREVIOUS = COLUMNS.index("sequence"), COLUMNS.index("previous_hash")
_AS_TEXT = [COLUMNS.index(name) for name in ("study_uid", "trial_uid", "at")]


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What checking one study's ledger found."""

    study_uid: UUID
    study_name: str
    n_rows: int
    """Rows found intact, counted from the first."""
    sequence: int | None = None
    """The first bad row; None if all hold."""
    problem: str = ""

    @property
    def holds(self) -> bool:
        """Say whether the chain is intact."""
        return not self.problem

    def sentence(self) -> str:
        """Return the finding in plain words."""
        if self.holds:
            return f"{self.study_name}: chain intact, {self.n_rows} rows checked."
        where = f" at entry {self.sequence}" if self.sequence is not None else ""
        return f"{self.study_name}: chain breaks{where} after {self.n_rows} intact rows: {self.problem}."


def verify(study_uid: UUID) -> Verification:
    """Check one study's ledger, row by row in constant memory; the first bad row is named.

    It may be growing meanwhile: the study is read before its head and the head before the rows, so each may only
    be ahead of the one read earlier; what comes after the head that was read is left for the next time.
    """
    study = Study.objects.filter(uid=study_uid).first()
    head = LedgerHead.objects.filter(study_uid=study_uid).first()
    name = head.study_name if head else str(study_uid)
    n, previous = 0, GENESIS
    expected = head.first_sequence if head else None
    rows = PruningEvent.objects.filter(study_uid=study_uid).order_by("sequence")
    known = rows.filter(sequence__lte=head.sequence) if head else rows
    for row in known.values_list(*COLUMNS, "hash", "body").iterator(chunk_size=CHUNK):
        sequence = row[_SEQUENCE]
        problem = _problem(row, expected, previous)
        if problem:
            return Verification(study_uid=study_uid, study_name=name, n_rows=n, sequence=sequence, problem=problem)
        n, previous, expected = n + 1, row[-2], sequence + 1
    problem = _head_problem(head, n, (expected or 1) - 1, previous) or _beyond(study_uid, study, head)
    return Verification(study_uid=study_uid, study_name=name, n_rows=n, problem=problem)


def ledgers() -> list[tuple[UUID, str]]:
    """Return (study uid, name) of every ledger, rows without a head included."""
    heads = dict(LedgerHead.objects.order_by("study_name", "study_uid").values_list("study_uid", "study_name"))
    orphans = PruningEvent.objects.exclude(study_uid__in=heads).order_by().values_list("study_uid", flat=True)
    return [*heads.items(), *((uid, str(uid)) for uid in orphans.distinct())]


def _problem(row: tuple[Any, ...], expected: int | None, previous: str) -> str:
    """Return what is wrong with one row (its columns, hash and body), or nothing."""
    *columns, hashed, stored = row
    body = bytes(stored)
    if expected is not None and columns[_SEQUENCE] != expected:
        return f"entry {expected} is missing"
    if hashlib.sha256(body).hexdigest() != hashed:
        return "its body does not have the hash that is stored with it"
    if columns[_PREVIOUS] != previous:
        return "it does not continue the entry before it"
    try:
        record = json.loads(body.decode("ascii").removeprefix(_HEADER))
        said = _SAID(record)
    except (ValueError, KeyError):
        return "its body is not canonical"
    for place in _AS_TEXT:
        columns[place] = in_body(columns[place])
    if tuple(columns) == said:
        return ""
    name, column, told = next(pair for pair in zip(COLUMNS, columns, said, strict=True) if pair[1] != pair[2])
    return f"the column {name} says {column!r}, the hashed body {told!r}"


def _head_problem(head: LedgerHead | None, n: int, last: int, last_hash: str) -> str:
    """Return what is wrong with the chain's end, or nothing."""
    if head is None:
        return "" if n == 0 else "the study has rows and no head"
    if head.n_rows != n or head.sequence != last:
        return f"the head counts {head.n_rows} rows up to entry {head.sequence}, the chain has {n} up to {last}"
    if head.hash != last_hash:
        return "the head's hash is not that of the last row"
    return ""


def _beyond(study_uid: UUID, study: Study | None, head: LedgerHead | None) -> str:
    """Return what is wrong between the head, the study it belongs to and the newest row, or nothing."""
    if head is None:
        return ""
    if study is None:
        return "" if head.deleted_at else "the study is gone and no tombstone tells of it"
    if study.sequence > head.sequence:
        return f"the study stands at entry {study.sequence}, its ledger at {head.sequence}"
    newest = PruningEvent.objects.filter(study_uid=study_uid).aggregate(newest=Max("sequence"))["newest"] or 0
    head_now = LedgerHead.objects.get(study_uid=study_uid).sequence
    return f"there is an entry {newest} beyond the head at {head_now}" if newest > head_now else ""
