"""How far each chain has been checked, kept beside it: a page claims what was checked and checks few rows itself.

`check_ledgers` (every minute, see the beat schedule) goes on from the mark, so that a row is checked once soon after it
was written, and once a day all of them again from the first: what was altered below the mark is found then, or at
once when somebody opens that very row, runs `manage.py ledger verify`, or verifies an export.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from pruning.models import LedgerHead, LedgerReach
from pruning.verify import Verification, verify_span

ROWS = 20_000
"""Rows of one ledger checked at a time, in about a second."""
AGAIN = timedelta(days=1)


def check_ledgers(*, rows: int = ROWS, at: datetime | None = None) -> int:
    """Check what is new in every ledger, and a part of what has to be checked again; return how many rows."""
    at, reaches, n = at or timezone.now(), LedgerReach.objects.in_bulk(), 0
    for uid, newest in LedgerHead.objects.order_by("study_uid").values_list("study_uid", "sequence"):
        reach = reaches.get(uid) or LedgerReach.objects.get_or_create(study_uid=uid)[0]
        n += _check(reach, newest, rows, at)
    return n


def note(study_uid: UUID, found: Verification, *, at: datetime) -> None:
    """Take in what checking a whole ledger has found."""
    if found.holds and found.last_sequence:
        changes = {
            "checked_to": found.last_sequence,
            "checked_hash": found.last_hash,
            "checked_at": at,
            "again_to": 0,
            "again_hash": "",
            "again_at": at,
            "bad_sequence": None,
            "problem": "",
        }
    else:
        changes = {"bad_sequence": found.sequence, "problem": found.problem, "checked_at": at}
    LedgerReach.objects.update_or_create(study_uid=study_uid, defaults=changes)


def _check(reach: LedgerReach, newest: int, rows: int, at: datetime) -> int:
    if reach.problem:
        return 0  # whoever repairs it says so with `manage.py ledger verify`
    n = 0
    if newest > reach.checked_to:
        found = verify_span(reach.study_uid, after=reach.checked_to, previous=reach.checked_hash, most=rows)
        _move(reach, found, at, to="checked_to", hash="checked_hash", checked_at=at, again_at=reach.again_at or at)
        n = found.n_rows
    elif reach.again_to or (reach.again_at is not None and at - reach.again_at >= AGAIN):
        found = verify_span(reach.study_uid, after=reach.again_to, previous=reach.again_hash, most=rows)
        is_through = found.holds and found.last_sequence >= reach.checked_to
        _move(reach, found, at, to="again_to", hash="again_hash", **({"again_at": at} if is_through else {}))
        if is_through:
            LedgerReach.objects.filter(pk=reach.pk).update(again_to=0, again_hash="")
        n = found.n_rows
    return n


def _move(reach: LedgerReach, found: Verification, at: datetime, *, to: str, hash: str, **changes: object) -> None:  # noqa: A002
    if found.holds:
        changes |= {to: found.last_sequence, hash: found.last_hash}
    else:
        changes = {"bad_sequence": found.sequence, "problem": found.problem, "checked_at": at}
    LedgerReach.objects.filter(pk=reach.pk).update(**changes)
