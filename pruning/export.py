"""Exporting ledgers as JSON lines that `pruning/verifier.py` checks with the standard library alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from uuid import UUID

from pruning.canonical import GENESIS
from pruning.models import LedgerHead, PruningEvent
from trials.models import Study

FORMAT = "espalier-ledger-export/1"


_ROW = '{"hash": '


def is_row(line: str) -> bool:
    """Say whether a line of an export is one row of a ledger."""
    return line.startswith(_ROW)


def lines(study_uid: UUID) -> Iterator[str]:
    """Yield a line that opens a study's ledger, one per row (its canonical body and hash), then one for its end.

    The first names the row that the head marks, the last the number that the study stands at: a ledger that has
    lost rows at its end does not become whole by being exported. One that grows meanwhile is exported up to the
    number at which the study stood.
    """
    stands_at = Study.objects.filter(uid=study_uid).values_list("sequence", flat=True).first()
    head = LedgerHead.objects.filter(study_uid=study_uid).first()
    mark = {"sequence": head.sequence, "hash": head.hash} if head else None
    yield json.dumps({"format": FORMAT, "study": str(study_uid), "mark": mark})
    rows = PruningEvent.objects.filter(study_uid=study_uid).order_by("sequence")
    end = max(stands_at or 0, head.sequence if head else 0)
    if stands_at is not None:
        rows = rows.filter(sequence__lte=end)
    n, newest = 0, GENESIS
    for newest, body in rows.values_list("hash", "body").iterator(chunk_size=2000):
        n += 1
        yield json.dumps({"hash": newest, "body": bytes(body).decode("ascii")})
    if head is not None:
        yield json.dumps({"head": newest, "sequence": end, "rows": n})
