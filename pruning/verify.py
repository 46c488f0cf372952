"""Checking a ledger: every row re-hashed, every copy compared, the chain followed to where the study stands."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Max, UUIDField

from pruning.canonical import GENESIS, CanonicalError, decode
from pruning.ledger import COLUMNS, frame, in_body
from pruning.models import LedgerHead, PruningEvent
from trials.models import Study

CHUNK = 2000
_SEQUENCE = COLUMNS.index("sequence")
_Row = tuple[Any, ...]
"""The columns of a row, its hash and its body, as the database's driver gives them."""


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
    last_sequence: int = 0
    """The last row found intact, and its hash."""
    last_hash: str = ""

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
    be ahead of the one read earlier; what comes after the number that the study stood at is left for the next time.
    """
    study = Study.objects.filter(uid=study_uid).first()
    head = LedgerHead.objects.filter(study_uid=study_uid).first()
    name = head.study_name if head else str(study_uid)
    n, previous = 0, GENESIS
    expected = head.first_sequence if head else None
    for row in _rows(study_uid, max(study.sequence, head.sequence) if study and head else None):
        sequence = row[_SEQUENCE]
        problem = _problem(row, expected, previous)
        if not problem and head is not None and sequence == head.sequence and row[-2] != head.hash:
            problem = "it is not the row that the head of its chain names"
        if problem:
            return Verification(study_uid=study_uid, study_name=name, n_rows=n, sequence=sequence, problem=problem)
        n, previous, expected = n + 1, row[-2], sequence + 1
    last = (expected or 1) - 1
    return Verification(
        study_uid=study_uid,
        study_name=name,
        n_rows=n,
        problem=_end_problem(study, head, n, last),
        last_sequence=last,
        last_hash=previous,
    )


def verify_span(
    study_uid: UUID, *, after: int, previous: str, until: int | None = None, most: int | None = None
) -> Verification:
    """Check the rows that follow one, `most` of them or those up to `until`; what they are part of is not checked.

    after, previous: the number and hash of the row before; 0 and any text begin at the first row.
    """
    head = LedgerHead.objects.filter(study_uid=study_uid).first()
    name = head.study_name if head else str(study_uid)
    n, last = 0, after
    previous = previous if after else GENESIS
    expected = after + 1 if after else head.first_sequence if head else None
    for row in _rows(study_uid, until, after=after):
        sequence = row[_SEQUENCE]
        problem = _problem(row, expected, previous)
        if not problem and head is not None and sequence == head.sequence and row[-2] != head.hash:
            problem = "it is not the row that the head of its chain names"
        if problem:
            return Verification(study_uid=study_uid, study_name=name, n_rows=n, sequence=sequence, problem=problem)
        n, last, previous, expected = n + 1, sequence, row[-2], sequence + 1
        if n == most:
            break
    return Verification(study_uid=study_uid, study_name=name, n_rows=n, last_sequence=last, last_hash=previous)


def ledgers() -> list[tuple[UUID, str]]:
    """Return (study uid, name) of every ledger, rows without a head included."""
    heads = dict(LedgerHead.objects.order_by("study_name", "study_uid").values_list("study_uid", "study_name"))
    orphans = PruningEvent.objects.exclude(study_uid__in=heads).order_by().values_list("study_uid", flat=True)
    return [*heads.items(), *((uid, str(uid)) for uid in orphans.distinct())]


def _rows(study_uid: UUID, until: int | None, after: int = 0) -> Iterator[_Row]:
    """Yield the rows of a study in sequence as the driver gives them: a model or a converter each costs more than
    the check itself. Constant memory: a server-side cursor where the database has one.
    """
    quote = connection.ops.quote_name
    names = ", ".join(map(quote, (*COLUMNS, "hash", "body")))  # columns are named as their fields
    sql = f"SELECT {names} FROM {quote(PruningEvent._meta.db_table)} WHERE study_uid = %s"  # noqa: S608 - our own names
    uid = UUIDField().get_db_prep_value(study_uid, connection)
    limit, values = ("", [uid]) if until is None else (" AND sequence <= %s", [uid, until])
    if after:
        limit, values = f"{limit} AND sequence > %s", [*values, after]
    with connection.chunked_cursor() as cursor:
        cursor.execute(f"{sql}{limit} ORDER BY sequence", values)
        while rows := cursor.fetchmany(CHUNK):
            yield from rows


def _problem(row: _Row, expected: int | None, previous: str) -> str:
    """Return what is wrong with one row (its columns, hash and body), or nothing."""
    body, said = bytes(row[-1]), dict(zip(COLUMNS, row, strict=False))
    if expected is not None and said["sequence"] != expected:
        return f"entry {expected} is missing"
    if hashlib.sha256(body).hexdigest() != row[-2]:
        return "its body does not have the hash that is stored with it"
    if said["previous_hash"] != previous:
        return "it does not continue the entry before it"
    said["study_uid"], said["trial_uid"] = _uid(said["study_uid"]), _uid(said["trial_uid"])
    said["at"], said["shadow"] = _time(said["at"]), bool(said["shadow"])
    before, after = frame(said)
    if body.startswith(before) and body.endswith(after) and body.startswith(b"{", len(before)):
        return ""
    return _difference(said, body)


@lru_cache(maxsize=1024)
def _uid(value: str | UUID | None) -> str | None:
    """Return an identifier as the body states it; SQLite keeps 32 digits."""
    return None if value is None else str(UUID(value) if isinstance(value, str) else value)


def _time(value: str | datetime) -> str | int | None:
    """Return a time as the body states it; SQLite keeps UTC without saying so."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value).replace(tzinfo=UTC)
    return in_body(value)


def _difference(columns: Mapping[str, Any], body: bytes) -> str:
    """Return which column differs from the body, field by field."""
    try:
        record = decode(body)
    except (CanonicalError, UnicodeDecodeError):
        return "its body is not canonical"
    for name in COLUMNS:
        if name not in record or columns[name] != record[name]:
            return f"the column {name} says {columns[name]!r}, the hashed body {record.get(name)!r}"
    return "its body is not canonical"


def _end_problem(study: Study | None, head: LedgerHead | None, n: int, last: int) -> str:
    """Return what is wrong between the chain's end, its head and the study it belongs to, or nothing."""
    if head is None:
        return "" if n == 0 else "the study has rows and no head"
    if last < head.sequence:
        return f"its head names entry {head.sequence}, the chain ends at {last}"
    if study is None:
        if head.deleted_at is None:
            return "the study is gone and no tombstone tells of it"
        return f"there is an entry {last} beyond the tombstone at {head.sequence}" if last > head.sequence else ""
    if study.sequence > last:
        return f"the study stands at entry {study.sequence}, its ledger at {last}"
    newest = PruningEvent.objects.filter(study_uid=study.uid).aggregate(newest=Max("sequence"))["newest"] or 0
    now = Study.objects.filter(uid=study.uid).values_list("sequence", flat=True).first() or newest
    return f"there is an entry {newest} beyond the study's last at {now}" if newest > now else ""
