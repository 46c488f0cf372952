"""The trials of a study as a table: query, chips, sorting, paging, selection, export."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Q, Subquery
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_GET

from trials import head, series
from trials.charts.thinning import thinned
from trials.facts import Ruling, provider
from trials.models import Study, Trial, TrialParam
from trials.models.trial import TrialQuerySet
from trials.pages import keyset, live, query, ranges, rollups, words
from trials.pages.access import readable, visible_study
from trials.pages.frame import Frame
from trials.pages.keyset import Order
from trials.pages.parts import Chip, Column, ParamCell, Spark, TrialRow
from trials.pages.selection import address, tray
from trials.plan import Plan
from trials.space import Categorical

PAGE = 50
MOST_PARAMETERS = 12
SPARK_POINTS = 40
COLUMNS: Mapping[str, str] = {"number": "number", "best": "best_or_value", "last": "last_value", "step": "last_step"}


@dataclass(frozen=True)
class TableQuery:
    """What the address asks for."""

    text: str = ""
    endings: tuple[str, ...] = ()
    sort: str = "best"
    descending: bool = False

    @classmethod
    def of(cls, request: HttpRequest, study: Study, parameters: Sequence[str]) -> TableQuery:
        """Read the address; a column that does not exist counts as not asked."""
        sort = request.GET.get("sort", "")
        name = sort.removeprefix("-")
        if name not in COLUMNS and name.removeprefix("param.") not in parameters:
            sort = "best" if study.minimises else "-best"
        endings = tuple(code for code in request.GET.get("ending", "")[:500].split(",") if code)
        return cls(request.GET.get("q", "").strip(), endings, sort.removeprefix("-"), sort.startswith("-"))

    @property
    def order(self) -> Order:
        """Return the column of the table's rows that the sorting stands for."""
        return Order(COLUMNS.get(self.sort, "param_value"), self.descending)

    def rows(self, trials: TrialQuerySet, parameters: Sequence[str]) -> TrialQuerySet:
        """Keep the trials asked for. Raises QueryError."""
        trials = query.prepared(trials)
        if self.sort not in COLUMNS:
            name = self.sort.removeprefix("param.")
            rows = TrialParam.objects.filter(trial=OuterRef("pk"), name=name)
            trials = trials.annotate(param_value=Subquery(rows.values("number")[:1]))
        if self.endings:
            states = [code.upper() for code in self.endings]
            trials = trials.filter(Q(ending_code__in=self.endings) | Q(ending_code="", state__in=states))
        return trials.filter(query.parse(self.text, parameters))


@require_GET
def trials_table(request: HttpRequest, study_id: int) -> HttpResponse:
    """Show the study's trials."""
    access = readable(request, study_id)
    version = head.live_version(access.study)
    if unchanged := live.unchanged(request, version):
        return unchanged
    frame = Frame(request, access)
    ended = access.study.state == Study.State.ENDED
    context = {**frame.context("trials"), **_context(frame)}
    return live.page(request, "trials/trials", context, version=version, ended=ended)


def _context(frame: Frame) -> dict[str, Any]:
    study, request, selection = frame.study, frame.request, frame.selection
    asked = TableQuery.of(request, study, frame.plan.space.names)
    error = ""
    try:
        trials = asked.rows(study.trials.all(), frame.plan.space.names)
    except query.QueryError as refused:
        error, trials = str(refused), query.prepared(study.trials.none())
    shown = trials.count()
    page = keyset.page(trials, asked.order, request, PAGE)
    return {
        "query": asked.text,
        "query_error": error,
        "query_example": _example(frame.plan),
        "carried": [(name, request.GET[name]) for name in ("ending", "sort", "sel") if request.GET.get(name)],
        "empty_text": "" if study.n_trials else "The first trial is suggested as soon as a worker is there.",
        "shown": words.whole(shown),
        "total": words.whole(study.n_trials),
        "chips": _chips(request, study, asked),
        **_columns(frame, asked),
        "rows": _rows(frame, page.rows),
        **_page_urls(request, asked.order, page),
        "export_url": address(reverse("trials:trials_csv", args=[study.pk]), request.GET, after=None, before=None),
        "selection": tray(study, selection, path=request.path, query=request.GET),
        "compare_url": address(reverse("trials:compare", args=[study.pk]), sel=str(selection)) if selection else "",
        "clear_url": address(request.path, request.GET, sel=None),
    }


def _page_urls(request: HttpRequest, order: Order, page: keyset.Page) -> dict[str, str]:
    first, last = (str(order.cursor(page.rows[place])) for place in (0, -1)) if page.rows else ("", "")
    earlier, later = page.has_earlier and first, page.has_later and last
    return {
        "previous_url": address(request.path, request.GET, before=first, after=None) if earlier else "",
        "next_url": address(request.path, request.GET, after=last, before=None) if later else "",
    }


def _example(plan: Plan) -> str:
    """Return a query that would work here."""
    for parameter in plan.space:
        if not isinstance(parameter, Categorical):
            return f"ending in (outpaced, finished) and {parameter.name} > {parameter.low:g}"
    return "ending in (outpaced, finished) and step >= 8"


def _chips(request: HttpRequest, study: Study, asked: TableQuery) -> list[Chip]:
    """Return the endings with their counts; a click adds one or takes it away."""
    chips = []
    for group in sorted(rollups.endings([study]).get(study.pk, ()), key=lambda group: -group.n):
        code = group.code or group.state.lower()
        active = code in asked.endings
        left = [other for other in asked.endings if other != code] if active else [*asked.endings, code]
        url = address(request.path, request.GET, ending=",".join(left) or None, after=None, before=None)
        label = words.ending_of(group.state, group.code)
        chips.append(Chip(label, url, group.n, active=active, glyph=group.kind))
    return chips


def _columns(frame: Frame, asked: TableQuery) -> dict[str, Any]:
    def column(label: str, key: str, *, first: str = "") -> Column:
        sorted_by = asked.sort == key
        way = ("desc" if asked.descending else "asc") if sorted_by else ""
        flipped = ("" if asked.descending else "-") if sorted_by else first
        url = address(frame.request.path, frame.request.GET, sort=f"{flipped}{key}", after=None, before=None)
        return Column(label, url, way)

    best_first = "" if frame.study.minimises else "-"
    names = _shown_parameters(frame.plan)
    return {
        "number_column": column("Trial", "number", first="-"),
        "best_column": column(f"{frame.study.metric} best", "best", first=best_first),
        "last_column": column("last", "last", first=best_first),
        "columns": [column(name, f"param.{name}") for name in names],
    }


def _shown_parameters(plan: Plan) -> tuple[str, ...]:
    return plan.space.names[:MOST_PARAMETERS]


def _rows(frame: Frame, trials: Sequence[Trial]) -> list[TrialRow]:
    study = frame.study
    spared = provider().spared_numbers(study)
    rulings = provider().last_rulings(study, [trial.number for trial in trials])
    curves = series.read_many([trial.pk for trial in trials], study.metric)
    sparks = {pk: _spark(study, *curve) for pk, curve in curves.items()}
    return [
        _row(frame, trial, trial.number in spared, rulings.get(trial.number), sparks.get(trial.pk)) for trial in trials
    ]


def _row(frame: Frame, trial: Trial, spared: bool, ruling: Ruling | None, spark: Spark | None) -> TrialRow:
    kind = words.kind_of(trial.state, trial.ending_motive, spared=spared)
    step = trial.ending_step if trial.ending_step is not None else trial.last_step
    return TrialRow(
        number=trial.number,
        url=address(reverse("trials:trial", args=[frame.study.pk, trial.number]), sel=str(frame.selection) or None),
        kind=kind,
        ending=words.ending_of(trial.state, trial.ending_code, spared=spared and trial.has_ended),
        step=words.whole(step) if step is not None else words.NOT_TOLD,
        why=why(trial, ruling, spared=spared),
        best=words.number(trial.best_value if trial.value is None else trial.value),
        last=words.number(trial.last),
        spark=None if spark is None else Spark(**{**vars(spark), "kind": kind}),
        params=_cells(frame.plan, trial),
        letter=frame.selection.letter(trial.number),
    )


def why(trial: Trial, ruling: Ruling | None, *, spared: bool) -> str:
    """Return in a few words why the trial stands where it does; the full sentence is on its page."""
    if spared:
        return "spared: control arm"
    stopped = ruling is not None and ruling.action == "STOP" and ruling.step == trial.ending_step
    if ruling is not None and stopped and ruling.rank is not None and ruling.quota is not None:
        return f"ranked {ruling.rank} of {ruling.of}, best {ruling.quota} go on"
    if trial.halt_code and not trial.has_ended:
        return "asked to stop"
    if trial.state == Trial.State.COMPLETE and trial.ending_code == "finished":
        return ""
    return words.brief(trial.ending_sentence).rstrip(".")


def _cells(plan: Plan, trial: Trial) -> list[ParamCell]:
    return [
        ParamCell(
            text=ranges.text(plan.space, name, trial.params[name]),
            place=ranges.place(plan.space[name], trial.params[name]),
        )
        if name in trial.params
        else ParamCell(words.NOT_TOLD)
        for name in _shown_parameters(plan)
    ]


def _spark(study: Study, steps: Any, values: Any) -> Spark:
    kept_steps, kept = thinned(steps, values, SPARK_POINTS)
    finite = [float(value) if abs(value) < 1e300 else None for value in kept]
    share = float(kept_steps[-1]) / study.horizon if len(kept_steps) and study.horizon else 1.0
    length = max(2, round(len(finite) / max(share, 1e-3))) if share < 1 else len(finite)
    return Spark(finite, minimize=study.minimises, length=min(length, 4 * SPARK_POINTS))


@require_GET
def trials_csv(request: HttpRequest, study_id: int) -> HttpResponseBase:
    """Export the trials that the query asks for."""
    study = visible_study(request, study_id)
    plan = study.plan()
    asked = TableQuery.of(request, study, plan.space.names)
    try:
        trials = asked.rows(study.trials.all(), plan.space.names)
    except query.QueryError as refused:
        return HttpResponse(str(refused), status=400, content_type="text/plain; charset=utf-8")
    lines = _csv_lines(asked.order.rows(trials), plan.space.names)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="study-{study.pk}-trials.csv"'
    return response


class _Line:
    """A file that gives each written line back."""

    def write(self, line: str) -> str:
        return line


def _csv_lines(trials: TrialQuerySet, names: Sequence[str]) -> Iterator[str]:
    writer = csv.writer(_Line())
    facts = ["trial", "state", "ending", "motive", "step", "best", "last", "attempts", "sentence"]
    yield writer.writerow([*facts, *map(safe_cell, names)])
    for trial in trials.iterator(chunk_size=500):
        best = trial.best_value if trial.value is None else trial.value
        row = [trial.number, trial.state, trial.ending_code, trial.ending_motive, trial.last_step, best, trial.last]
        params = (trial.params.get(name, "") for name in names)
        yield writer.writerow(map(safe_cell, [*row, trial.n_attempts, trial.ending_sentence, *params]))


def safe_cell(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return f"'{value}"
    return value
