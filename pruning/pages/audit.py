"""The ledger as a page: filters, entries newest first, one entry opened."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from pruning import rollups
from pruning.models import PruningEvent
from pruning.pages import filters, moment, opened, right, words
from pruning.pages.asking import FIELDS, AuditQuery
from pruning.pages.finding import Asked
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
MOST_NEW = 1_000
BOUNDS = ("since", "until", "step_from", "step_to")
EXPORTS = (("JSONL", "audit_jsonl"), ("CSV", "audit_csv"), ("Report", "report"))


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
    asked = Asked(study, query, rollups.read(study))
    if "version" in request.GET:
        return live.page(request, "pruning/audit", _news(request, asked), version=version, ended=ended)
    chosen = _newest_against(asked) if sequence is None else entry_of(study, sequence)
    frame = Frame(request, access)
    crumbs = [] if sequence is None else [Crumb(f"Entry {sequence}")]
    context = {**frame.context("audit", *crumbs), **_context(request, frame, asked, chosen, is_list=sequence is None)}
    return live.page(request, "pruning/audit", context, version=version)


def entry_of(study: Study, sequence: int) -> PruningEvent:
    """Return an entry of the study's ledger, else 404."""
    found = PruningEvent.objects.of_study(study).filter(sequence=sequence).first()
    if found is None:
        raise Http404(f"The ledger has no entry {sequence}.")
    return found


def _newest_against(asked: Asked) -> PruningEvent | None:
    """Return the entry that a list opens with: the newest verdict against a trial, else the newest entry."""
    return asked.newest(("STOP", "PAUSE", "PROTECT")) or next(iter(asked.before(None, 1)), None)


def _context(
    request: HttpRequest, frame: Frame, asked: Asked, chosen: PruningEvent | None, *, is_list: bool
) -> dict[str, Any]:
    study = frame.study
    listed = _listed(request, asked, None if is_list else chosen)
    n, is_more = asked.count()
    at_top = not listed.has_newer
    newest = listed.rows[0].sequence if listed.rows else 0
    carried = request.GET
    return {
        "groups": filters.groups(reverse("pruning:audit", args=[study.pk]), request.GET, asked),
        "entries": [_entry(request, study, row, chosen) for row in listed.rows],
        "shown": f"{whole(n)}{'+' if is_more else ''}",
        "total": whole(asked.rollup.total),
        "newer_url": _turned(request, study, after=newest) if listed.has_newer else "",
        "older_url": _turned(request, study, before=listed.rows[-1].sequence) if listed.has_older else "",
        "exports": [
            (label, address(reverse(f"pruning:{name}", args=[study.pk]), carried, before=None, after=None))
            for label, name in EXPORTS
        ],
        "bounds": _bounds(request),
        "bounded": any(request.GET.get(name) for name in BOUNDS),
        "is_list": is_list,
        "opened": None
        if chosen is None
        else opened.opened(
            study, chosen, neighbours_of(request, asked, chosen), replay=request.GET.get("replay") == "yes"
        ),
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


def _bounds(request: HttpRequest) -> dict[str, Any]:
    """Return what the form of bounds shows, and what it carries along."""
    return {
        **{name: request.GET.get(name, "") for name in (*BOUNDS, "trial")},
        "carried": [(name, request.GET[name]) for name in (*FIELDS, "person", "sel") if request.GET.get(name)],
        "open_url": address(request.path, request.GET, before=None, after=None, **dict.fromkeys(BOUNDS)),
    }


def _news(request: HttpRequest, asked: Asked) -> dict[str, object]:
    """Return how many entries have come since the page was made."""
    study = asked.study
    newest = request.GET.get("newest", "")
    seen = int(newest) if newest.isdecimal() and len(newest) < 16 else study.sequence
    url = address(reverse("pruning:audit", args=[study.pk]), request.GET, newest=None, before=None, after=None)
    return {"n_new": len(asked.after(seen, MOST_NEW)), "newest_url": url}


def _listed(request: HttpRequest, asked: Asked, chosen: PruningEvent | None) -> Listed:
    """Return the page that `?before=` or `?after=` asks for, the one around an opened entry, or the newest."""
    before, after = _sequence(request, "before"), _sequence(request, "after")
    if before is None and after is not None:
        found = asked.after(after, PAGE + 1)
        return Listed(found[:PAGE][::-1], has_newer=len(found) > PAGE, has_older=True)
    if before is None and chosen is not None:
        above = asked.after(chosen.sequence, ABOVE + 1)
        if len(above) > ABOVE:
            before = above[ABOVE].sequence
    found = asked.before(before, PAGE + 1)
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


def neighbours_of(request: HttpRequest, asked: Asked, chosen: PruningEvent) -> tuple[str, str]:
    """Return the addresses of the next newer and the next older entry that match the filters."""

    def url(found: list[PruningEvent]) -> str:
        if not found:
            return ""
        permalink = reverse("pruning:event", args=[asked.study.pk, found[0].sequence])
        return address(permalink, request.GET, before=None, after=None)

    return url(asked.after(chosen.sequence, 1)), url(asked.before(chosen.sequence, 1))


@require_GET
def moment_json(request: HttpRequest, study_id: int, sequence: int) -> HttpResponse:
    """Return what was known at the moment of an entry; it never changes."""
    study = visible_study(request, study_id)
    chosen = entry_of(study, sequence)
    return live.json_if_changed(request, chosen.hash, lambda: moment.payload(study, moment.known_at(study, chosen)))
