"""The ledger as a page: filters, entries newest first, one entry opened."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_GET

from pruning.canonical import decode
from pruning.models import PruningEvent
from pruning.pages import filters, moment, opened, right, words
from pruning.pages.filters import AuditQuery, Tally
from pruning.provider import LedgerProvider
from trials.models import Study
from trials.pages import live
from trials.pages.access import readable, visible_study
from trials.pages.frame import Frame
from trials.pages.parts import Crumb, Entry, Live
from trials.pages.selection import address
from trials.pages.words import whole

PAGE = 40
# A permalink opens with a few newer entries above it.
ABOVE = 6


class Listed(NamedTuple):
    """One page of entries, newest first, and whether there is more on either side."""

    rows: list[PruningEvent]
    has_newer: bool
    has_older: bool


@require_GET
def audit(request: HttpRequest, study_id: int) -> HttpResponse:
    """Show a study's ledger."""
    return _page(request, study_id, sequence=None)


@require_GET
def event(request: HttpRequest, study_id: int, sequence: int) -> HttpResponse:
    """Show a study's ledger with one entry opened: its permanent address."""
    return _page(request, study_id, sequence=sequence)


def _page(request: HttpRequest, study_id: int, sequence: int | None) -> HttpResponse:
    access = readable(request, study_id)
    study, query = access.study, AuditQuery.of(request)
    version = str(study.sequence)
    ended = study.state == Study.State.ENDED
    if unchanged := live.unchanged(request, version):
        return unchanged
    if "version" in request.GET:
        return live.page(request, "pruning/audit", _news(request, study, query), version=version, ended=ended)
    chosen = _newest_against(study, query) if sequence is None else entry_of(study, sequence)
    frame = Frame(request, access)
    crumbs = [] if sequence is None else [Crumb(f"Entry {sequence}")]
    context = {**frame.context("audit", *crumbs), **_context(request, frame, query, chosen, is_list=sequence is None)}
    return live.page(request, "pruning/audit", context, version=version)


def entry_of(study: Study, sequence: int) -> PruningEvent:
    """Return an entry of the study's ledger, else 404."""
    found = PruningEvent.objects.of_study(study).filter(sequence=sequence).first()
    if found is None:
        raise Http404(f"The ledger has no entry {sequence}.")
    return found


def _newest_against(study: Study, query: AuditQuery) -> PruningEvent | None:
    """Return the entry that a list opens with: the newest verdict against a trial, else the newest entry."""
    rows = query.rows(study).order_by("-sequence")
    return rows.filter(verdict__in=["STOP", "PAUSE", "PROTECT"]).first() or rows.first()


def _context(
    request: HttpRequest, frame: Frame, query: AuditQuery, chosen: PruningEvent | None, *, is_list: bool
) -> dict[str, Any]:
    study = frame.study
    counted = filters.tallies(study, query.trial)
    listed = _listed(request, study, query, None if is_list else chosen)
    at_top = not listed.has_newer
    newest = listed.rows[0].sequence if listed.rows else 0
    carried = request.GET
    return {
        "groups": filters.groups(reverse("pruning:audit", args=[study.pk]), request.GET, query, counted),
        "entries": [_entry(request, study, row, chosen) for row in listed.rows],
        "shown": whole(_shown(counted, query)),
        "total": whole(sum(tally.n for tally in counted)),
        "newer_url": _turned(request, study, after=newest) if listed.has_newer else "",
        "older_url": _turned(request, study, before=listed.rows[-1].sequence) if listed.has_older else "",
        "export_url": address(reverse("pruning:audit_jsonl", args=[study.pk]), carried, before=None, after=None),
        "is_list": is_list,
        "opened": None
        if chosen is None
        else opened.opened(study, chosen, neighbours_of(request, study, query, chosen)),
        "right": right.of(study),
        "waiting_for": LedgerProvider().waiting_for(study) or "No entry matches these filters.",
        "n_new": 0,
        "live": _live(request, study, newest) if at_top else None,
    }


def _live(request: HttpRequest, study: Study, newest: int) -> Live | None:
    if study.state == Study.State.ENDED:
        return None
    url = address(reverse("pruning:audit", args=[study.pk]), request.GET, newest=newest, before=None, after=None)
    return Live(url, str(study.sequence), live.EVERY_S)


def _news(request: HttpRequest, study: Study, query: AuditQuery) -> dict[str, object]:
    """Return how many entries have come since the page was made."""
    newest = request.GET.get("newest", "")
    seen = int(newest) if newest.isdecimal() and len(newest) < 16 else study.sequence
    url = address(reverse("pruning:audit", args=[study.pk]), request.GET, newest=None, before=None, after=None)
    return {"n_new": query.rows(study).filter(sequence__gt=seen).count(), "newest_url": url}


def _shown(counted: list[Tally], query: AuditQuery) -> int:
    return sum(tally.n for tally in counted if query.matches(tally))


def _listed(request: HttpRequest, study: Study, query: AuditQuery, chosen: PruningEvent | None) -> Listed:
    """Return the page that `?before=` or `?after=` asks for, the one around an opened entry, or the newest."""
    rows = query.rows(study)
    before, after = _sequence(request, "before"), _sequence(request, "after")
    if before is None and after is not None:
        found = list(rows.filter(sequence__gt=after).order_by("sequence")[: PAGE + 1])
        return Listed(found[:PAGE][::-1], has_newer=len(found) > PAGE, has_older=True)
    if before is None and chosen is not None:
        above = list(rows.filter(sequence__gt=chosen.sequence).order_by("sequence")[: ABOVE + 1])
        if len(above) > ABOVE:
            before = above[ABOVE].sequence
    found = list((rows if before is None else rows.filter(sequence__lt=before)).order_by("-sequence")[: PAGE + 1])
    return Listed(found[:PAGE], has_newer=before is not None, has_older=len(found) > PAGE)


def _sequence(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 16 else None


def _turned(request: HttpRequest, study: Study, **turn: int) -> str:
    changes: dict[str, int | None] = {"before": None, "after": None, **turn}
    return address(reverse("pruning:audit", args=[study.pk]), request.GET, **changes)


def _entry(request: HttpRequest, study: Study, row: PruningEvent, chosen: PruningEvent | None) -> Entry:
    return Entry(
        sequence=row.sequence,
        url=address(reverse("pruning:event", args=[study.pk, row.sequence]), request.GET),
        kind=words.glyph(row),
        title=words.title(row),
        verb=words.verb(row),
        step=whole(row.step) if row.step is not None else "",
        sentence=opened.brief(row),
        at=row.at,
        selected=chosen is not None and chosen.sequence == row.sequence,
    )


def neighbours_of(request: HttpRequest, study: Study, query: AuditQuery, chosen: PruningEvent) -> tuple[str, str]:
    """Return the addresses of the next newer and the next older entry that match the filters."""
    rows = query.rows(study)
    newer = rows.filter(sequence__gt=chosen.sequence).order_by("sequence").values_list("sequence", flat=True).first()
    older = rows.filter(sequence__lt=chosen.sequence).order_by("-sequence").values_list("sequence", flat=True).first()

    def url(sequence: int | None) -> str:
        if sequence is None:
            return ""
        return address(reverse("pruning:event", args=[study.pk, sequence]), request.GET, before=None, after=None)

    return url(newer), url(older)


@require_GET
def moment_json(request: HttpRequest, study_id: int, sequence: int) -> HttpResponse:
    """Return what was known at the moment of an entry; it never changes."""
    study = visible_study(request, study_id)
    chosen = entry_of(study, sequence)
    return live.json_if_changed(request, chosen.hash, lambda: moment.payload(study, moment.known_at(study, chosen)))


@require_GET
def audit_jsonl(request: HttpRequest, study_id: int) -> HttpResponseBase:
    """Export the entries asked for, oldest first, one JSON object a line with the bytes that were hashed."""
    study = visible_study(request, study_id)
    rows = AuditQuery.of(request).rows(study).order_by("sequence")
    response = StreamingHttpResponse(_lines(rows.iterator(chunk_size=500)), content_type="application/x-ndjson")
    response["Content-Disposition"] = f'attachment; filename="study-{study.pk}-ledger.jsonl"'
    return response


def _lines(rows: Iterator[PruningEvent]) -> Iterator[str]:
    for row in rows:
        body = bytes(row.body)
        line = {**decode(body), "hash": row.hash, "body": body.decode("ascii")}
        yield json.dumps(_finite(line), ensure_ascii=False, separators=(",", ":")) + "\n"


def _finite(value: object) -> object:
    """Return plain data in which NaN and infinities are text, as JSON has no word for them."""
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if isinstance(value, Mapping):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return value
