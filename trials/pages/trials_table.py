"""The trials of a study as a table: query, chips, columns, sorting, paging, selection."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from trials import head, query
from trials.models import Study, Trial
from trials.models.trial import TrialQuerySet
from trials.pages import live, rollups, saved_views, table_columns, words
from trials.pages.access import readable
from trials.pages.frame import Frame
from trials.pages.keyset import Page
from trials.pages.parts import Chip, TrialRow
from trials.pages.selection import MOST_STORED, address
from trials.pages.table_columns import Cells
from trials.pages.table_query import TableQuery
from trials.pages.tray import selection_context
from trials.plan import Plan
from trials.space import Categorical

PAGE = 50


@require_GET
def trials_table(request: HttpRequest, study_id: int) -> HttpResponse:
    """Show the study's trials."""
    access = readable(request, study_id)
    version = head.live_version(access.study)
    if unchanged := live.unchanged(request, version):
        return unchanged
    if default := saved_views.default_for(request, access.study, "trials"):
        return redirect(default)
    frame = Frame(request, access)
    ended = access.study.state == Study.State.ENDED
    asked = table_columns.asked_of(frame, request.GET)
    trials, error = _trials(asked)
    context = {**frame.context("trials"), **_table(frame, asked, trials, error)}
    if "version" not in request.GET:
        context |= _around(frame, asked, trials, error)
    return live.page(request, "trials/trials", context, version=version, ended=ended)


def _table(frame: Frame, asked: TableQuery, trials: TrialQuerySet, error: query.QueryError | None) -> dict[str, Any]:
    """Return what stands fresh: the rows. Of a query that cannot be read there are none."""
    page = asked.order.page(trials, frame.request.GET, PAGE) if not error else Page([], "", "")
    path = frame.request.path
    return {
        "found": trials,
        "query_error": str(error or ""),
        "columns": [table_columns.heading(asked, name, path) for name in asked.columns],
        "number_column": table_columns.heading(asked, "number", path),
        "rows": _rows(frame, asked, page.rows),
        **_page_urls(frame.request, page),
    }


def _trials(asked: TableQuery) -> tuple[TrialQuerySet, query.QueryError | None]:
    try:
        return asked.trials(now=timezone.now()), None
    except query.QueryError as refused:
        return asked.study.trials.none(), refused


def _around(frame: Frame, asked: TableQuery, trials: TrialQuerySet, error: query.QueryError | None) -> dict[str, Any]:
    """Return what stands around the rows: the query, the chips, the columns to choose from, the tray, the views."""
    study, request = frame.study, frame.request
    is_all = not asked.text and not asked.endings
    n_shown = study.n_trials if is_all else trials.count()
    counts, choices = rollups.endings([study]).get(study.pk, ()), table_columns.choices(asked)
    return {
        "query": asked.text,
        "query_marks": json.dumps(query.marks(asked.text, asked.catalogue, error)),
        "query_example": _example(frame.plan),
        "complete_url": reverse("trials:complete_query", args=[study.pk]),
        "carried": carried(request.GET, "ending", "sort", "sel", "col", "view"),
        "empty_text": "" if study.n_trials else "The first trial is suggested as soon as a worker is there.",
        "n_shown": n_shown,
        "shown": words.whole(n_shown),
        "total": words.whole(study.n_trials),
        "is_filtered": not is_all,
        # A bare address may lead to the person's default view: view=0 says that none is meant.
        "clear_query_url": address(
            request.path, request.GET, q=None, ending=None, after=None, before=None, last=None, view=0
        ),
        "chips": _chips(request, counts, asked),
        "choices": choices,
        "choices_carried": carried(request.GET, "q", "ending", "sort", "sel", "view"),
        "n_columns": f"{len(asked.columns) + 1} of {sum(len(group.choices) for group in choices) + 1}",
        "usual_columns_url": address(request.path, request.GET, col=None, view=0),
        "csv_url": _export(frame, "trials_csv"),
        "parquet_url": _export(frame, "trials_parquet"),
        **saved_views.context(frame, "trials"),
        **selection_context(frame),
        "select_query": _select_query(frame, n_shown) if not error else None,
    }


def _select_query(frame: Frame, n_shown: int) -> dict[str, Any] | None:
    """Return what selecting the whole result takes; None where there is nothing more to select."""
    if not n_shown:
        return None
    words_of = f"the first {MOST_STORED:,}" if n_shown > MOST_STORED else f"all {n_shown:,}"
    query = {name: frame.request.GET.get(name, "") for name in ("q", "ending", "sort")}
    return {"url": reverse("trials:select", args=[frame.study.pk]), "fields": query, "words": words_of}


def carried(query: Any, *names: str) -> list[tuple[str, str]]:
    """Return what a form on the page has to carry of the address."""
    return [(name, value) for name in names for value in query.getlist(name) if value]


def _export(frame: Frame, name: str) -> str:
    url = reverse(f"trials:{name}", args=[frame.study.pk])
    return address(url, frame.request.GET, after=None, before=None, last=None, view=None, sel=None)


def _page_urls(request: HttpRequest, page: Page) -> dict[str, str]:
    def to(**place: str) -> str:
        return address(request.path, request.GET, **{"after": None, "before": None, "last": None, **place})

    return {
        "first_url": to() if page.earlier else "",
        "previous_url": to(before=page.earlier) if page.earlier else "",
        "next_url": to(after=page.later) if page.later else "",
        "last_url": to(last="1") if page.later else "",
    }


def _example(plan: Plan) -> str:
    """Return a query that would work here."""
    for parameter in plan.space:
        if not isinstance(parameter, Categorical):
            name = query.quoted(parameter.name)
            return f"ending in (outpaced, finished) and {name} > {parameter.low:g}"
    return "ending in (outpaced, finished) and step >= 8"


def _chips(request: HttpRequest, groups: Sequence[rollups.Group], asked: TableQuery) -> list[Chip]:
    """Return the endings with their counts; a click adds one or takes it away."""
    chips = []
    for group in sorted(groups, key=lambda group: -group.n):
        code = group.code or group.state.lower()
        active = code in asked.endings
        left = [other for other in asked.endings if other != code] if active else [*asked.endings, code]
        url = address(request.path, request.GET, ending=",".join(left) or None, after=None, before=None, last=None)
        label = words.ending_of(group.state, group.code)
        chips.append(Chip(label, url, group.n, active=active, glyph=group.kind))
    return chips


def _rows(frame: Frame, asked: TableQuery, trials: Sequence[Trial]) -> list[TrialRow]:
    cells = Cells(frame.study, asked, trials)
    sel = str(frame.selection) or None
    selected = frame.selection.among(trial.number for trial in trials)
    return [
        TrialRow(
            number=trial.number,
            url=address(reverse("trials:trial", args=[frame.study.pk, trial.number]), sel=sel),
            kind=cells.kind(trial),
            cells=cells.of(trial),
            selected=trial.number in selected,
            letter=frame.selection.letter(trial.number),
        )
        for trial in trials
    ]
