"""The ledger as files: JSON lines with the bytes that were hashed, CSV for a spreadsheet, a report for paper."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from pruning import rollups
from pruning.canonical import decode
from pruning.models import PruningEvent, PruningEventQuerySet
from pruning.pages import checks, filters, right, words
from pruning.pages.asking import FIELDS, AuditQuery
from pruning.pages.finding import Asked
from trials.models import Study
from trials.pages.access import readable, visible_study
from trials.pages.frame import Frame
from trials.pages.parts import Crumb, Fact
from trials.pages.selection import address
from trials.pages.table_export import safe_cell
from trials.pages.words import whole

REPORT_ROWS = 5_000
"""Entries that one report holds at most, some 200 sheets of paper."""
CSV_COLUMNS = (
    "sequence", "at", "kind", "trial", "attempt", "step", "verdict", "reason", "motive", "rule", "rule_version",
    "policy", "shadow", "sentence", "hash",
)  # fmt: skip


def _asked(study: Study, request: HttpRequest) -> Asked:
    return Asked(study, AuditQuery.of(request), rollups.read(study))


def _oldest_first(study: Study, request: HttpRequest) -> PruningEventQuerySet:
    return _asked(study, request).rows().order_by("sequence")


@require_GET
def audit_jsonl(request: HttpRequest, study_id: int) -> HttpResponseBase:
    """Export the entries asked for, oldest first, one JSON object a line with the bytes that were hashed."""
    study = visible_study(request, study_id)
    rows = _oldest_first(study, request).iterator(chunk_size=500)
    return _file(_json_lines(rows), "application/x-ndjson", f"study-{study.pk}-ledger.jsonl")


@require_GET
def audit_csv(request: HttpRequest, study_id: int) -> HttpResponseBase:
    """Export the entries asked for, oldest first, without their evidence."""
    study = visible_study(request, study_id)
    rows = _oldest_first(study, request).defer("body").iterator(chunk_size=500)
    return _file(_csv_lines(rows), "text/csv; charset=utf-8", f"study-{study.pk}-ledger.csv")


@require_GET
def report(request: HttpRequest, study_id: int) -> HttpResponse:
    """Show the trail asked for, from its first entry to its last, on one page made for paper."""
    access = readable(request, study_id)
    frame, study = Frame(request, access), access.study
    asked = _asked(study, request)
    rows = list(asked.rows().order_by("sequence")[: REPORT_ROWS + 1])
    n, is_more = asked.count()
    back = address(reverse("pruning:audit", args=[study.pk]), request.GET)
    context = {
        **frame.context("audit", Crumb("Audit", back), Crumb("Report")),
        "live": None,
        "made_at": timezone.now(),
        "back_url": back,
        "right": right.of(study),
        "chain": checks.chain_words(study),
        "asked": _asked_words(asked, request),
        "counts": [
            Fact(filters.VERDICT_LABELS.get(said, said.lower()), whole(count)) for said, count in _counts(asked)
        ],
        "rows": [_row(row) for row in rows[:REPORT_ROWS]],
        "shown": whole(min(len(rows), REPORT_ROWS)),
        "total": f"{whole(n)}{'+' if is_more else ''}",
        "is_cut": len(rows) > REPORT_ROWS,
    }
    return render(request, "pruning/report.html", context)


def _counts(asked: Asked) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for tally in asked.rollup.tallies:
        if asked.query.matches(tally):
            counts[tally.said] = counts.get(tally.said, 0) + tally.n
    return sorted(counts.items(), key=lambda item: -item[1]) if asked.query.is_tallied else []


def _asked_words(asked: Asked, request: HttpRequest) -> str:
    """Say what part of the ledger the report holds."""
    if asked.query.is_open:
        return "The whole ledger."
    names = (*FIELDS, "person", "trial", "since", "until", "step_from", "step_to")
    chosen = [f"{name.replace('_', ' ')} {request.GET[name]}" for name in names if request.GET.get(name)]
    return f"Entries with {', '.join(chosen)}." if chosen else "The whole ledger."


def _row(row: PruningEvent) -> Mapping[str, object]:
    return {
        "sequence": row.sequence,
        "at": row.at,
        "kind": words.glyph(row),
        "title": words.title(row),
        "verb": words.verb(row),
        "sentence": row.sentence,
        "hash": row.hash[:12],
    }


def _file(lines: Iterator[str], content_type: str, name: str) -> HttpResponseBase:
    response = StreamingHttpResponse(lines, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _json_lines(rows: Iterator[PruningEvent]) -> Iterator[str]:
    for row in rows:
        body = bytes(row.body)
        line = {**decode(body), "hash": row.hash, "body": body.decode("ascii")}
        yield json.dumps(_finite(line), ensure_ascii=False, separators=(",", ":")) + "\n"


class _Line:
    """A file that gives each written line back."""

    def write(self, line: str) -> str:
        return line


def _csv_lines(rows: Iterator[PruningEvent]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(CSV_COLUMNS)
    for row in rows:
        values = (
            row.sequence, row.at.isoformat(), row.kind, row.trial_number, row.attempt_number, row.step, row.verdict,
            row.reason, row.motive, row.rule, row.rule_version, row.policy, row.shadow, row.sentence, row.hash,
        )  # fmt: skip
        yield writer.writerow(map(safe_cell, values))


def _finite(value: object) -> object:
    """Return plain data in which NaN and infinities are text, as JSON has no word for them."""
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if isinstance(value, Mapping):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return value
