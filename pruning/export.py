"""Exporting ledgers as JSON lines that `pruning/verifier.py` checks with the standard library alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from uuid import UUID

from pruning.models import LedgerHead, PruningEvent

FORMAT = "espalier-ledger-export/1"


def lines(study_uid: UUID) -> Iterator[str]:
    """Yield one line per row of a study's ledger (its canonical body and hash), then one for its head."""
    yield json.dumps({"format": FORMAT, "study": str(study_uid)})
    rows = PruningEvent.objects.filter(study_uid=study_uid).order_by("sequence")
    for hashed, body in rows.values_list("hash", "body").iterator(chunk_size=2000):
        yield json.dumps({"hash": hashed, "body": bytes(body).decode("ascii")})
    head = LedgerHead.objects.filter(study_uid=study_uid).first()
    if head is not None:
        yield json.dumps({"head": head.hash, "sequence": head.sequence, "rows": head.n_rows})
