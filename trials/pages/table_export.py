"""Exports of a trials table: the rows its query finds, in its order and with its columns, as CSV or Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET

from trials.models import Trial
from trials.pages.access import readable
from trials.pages.frame import Frame
from trials.pages.table_columns import Cells, asked_of
from trials.pages.table_query import CURVE, TableQuery
from trials.query import QueryError

FACTS = ("number", "state", "ending", "motive")
"""What every export begins with, whatever is shown."""
CHUNK = 500
MOST_PARQUET = 1_000_000


@require_GET
def trials_csv(request: HttpRequest, study_id: int) -> HttpResponseBase:
    """Export the trials that the query asks for as CSV."""
    return _answer(request, study_id, "csv")


@require_GET
def trials_parquet(request: HttpRequest, study_id: int) -> HttpResponseBase:
    """Export the trials that the query asks for as Parquet; 501 where pyarrow is not installed."""
    return _answer(request, study_id, "parquet")


def _answer(request: HttpRequest, study_id: int, form: str) -> HttpResponseBase:
    frame = Frame(request, readable(request, study_id))
    asked = asked_of(frame, request.GET)
    try:
        keys = asked.order.keys(asked.trials(now=timezone.now()), MOST_PARQUET)
    except QueryError as refused:
        return _said(str(refused), 400)
    names = _names(asked)
    lines = _lines(frame, asked, keys)
    response: HttpResponseBase
    if form == "csv":
        response = StreamingHttpResponse(_csv(names, lines), content_type="text/csv; charset=utf-8")
    else:
        try:
            content = _parquet(names, lines)
        except ModuleNotFoundError:
            return _said("Parquet needs pyarrow on the server: pip install 'espalier[parquet]', or export CSV.", 501)
        response = HttpResponse(content, content_type="application/vnd.apache.parquet")
    response["Content-Disposition"] = f'attachment; filename="study-{study_id}-trials.{form}"'
    return response


def _names(asked: TableQuery) -> list[str]:
    return [*FACTS, *(name for name in asked.columns if name not in FACTS and name != CURVE)]


def _lines(frame: Frame, asked: TableQuery, keys: Sequence[int]) -> Iterator[list[object]]:
    """Yield the rows, read a few hundred at a time."""
    shown = TableQuery(asked.study, asked.catalogue, asked.asked)
    shown.columns = tuple(_names(asked))
    for start in range(0, len(keys), CHUNK):
        wanted = keys[start : start + CHUNK]
        trials = Trial.objects.in_bulk(wanted)
        page = [trials[key] for key in wanted if key in trials]
        cells = Cells(frame.study, shown, page)
        for trial in page:
            yield cells.raw(trial)


class _Line:
    """A file that gives each written line back."""

    def write(self, line: str) -> str:
        return line


def _csv(names: Sequence[str], lines: Iterator[list[object]]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(["trial" if name == "number" else safe_cell(name) for name in names])
    for line in lines:
        yield writer.writerow([safe_cell("" if value is None else value) for value in line])


def _parquet(names: Sequence[str], lines: Iterator[list[object]]) -> bytes:
    """Return a file whose columns have types: a column of mixed values is text."""
    import pyarrow
    import pyarrow.parquet

    columns: dict[str, list[object]] = {name: [] for name in names}
    for line in lines:
        for name, value in zip(names, line, strict=True):
            columns[name].append(value)
    table = pyarrow.table({name: _alike(values) for name, values in columns.items()})
    file = io.BytesIO()
    pyarrow.parquet.write_table(table, file)
    return file.getvalue()


def _alike(values: Sequence[object]) -> list[object]:
    """Return a column's values with one type: whole numbers among others as floats, what is mixed as text."""
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) <= 1:
        return list(values)
    to: Any = float if kinds == {int, float} else str
    return [None if value is None else to(value) for value in values]


def safe_cell(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return f"'{value}"
    return value


def _said(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
