"""The columns of a trials table: their headings, and one trial's cells in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import Max, QuerySet
from django.http import QueryDict

from trials import series, tags
from trials.charts.thinning import thinned
from trials.facts import Ruling, provider
from trials.models import Attempt, MetricSummary, Observation, Study, Trial
from trials.models.values import join
from trials.pages import ranges, words
from trials.pages.frame import Frame, moment
from trials.pages.parts import Column, ColumnChoice, ColumnGroup, Spark, TrialCell
from trials.pages.selection import address
from trials.pages.table_query import CURVE, WHY, TableQuery
from trials.query import Catalogue, Field, Kind

SPARK_POINTS = 40
NARROW = ("ending", "best")
"""What stays on a phone, besides the number."""
LABELS = {WHY: "Why", CURVE: "Curve", "seconds": "Slot time"}
ABOUT = {WHY: "in a few words", CURVE: "the objective, drawn small"}
GROUPS = {"trial": "Trial", "parameter": "Parameters", "metric": "Metrics", "verdict": "Verdicts"}


def heading(asked: TableQuery, name: str, path: str) -> Column:
    """Return a column's heading, with the address that sorts by it."""
    found = asked.field(name)
    label = _label(asked, name, found)
    narrow = "" if name in NARROW else "narrow-hide"
    if found is None or not found.is_sortable:
        return Column(label, numeric=_is_numeric(found), narrow=narrow)
    sorted_by = asked.order.field.name == found.name
    way = ("desc" if asked.order.descending else "asc") if sorted_by else ""
    flipped = ("" if asked.order.descending else "-") if sorted_by else _first_way(asked, found)
    url = address(path, asked.asked, sort=f"{flipped}{name}", after=None, before=None, last=None)
    return Column(label, url, way, numeric=_is_numeric(found), narrow=narrow)


def _label(asked: TableQuery, name: str, found: Field | None) -> str:
    if name in ("best", "last"):
        return f"{asked.study.metric} best" if name == "best" else "last"
    if name in LABELS or found is None:
        return LABELS.get(name, name)
    label = found.label or found.name
    return label.capitalize() if found.group in ("trial", "verdict") else label


def _is_numeric(found: Field | None) -> bool:
    return found is not None and found.kind is Kind.NUMBER


def _first_way(asked: TableQuery, found: Field) -> str:
    """Return the way a first click sorts: the best first, the newest first, else upwards."""
    if found.name == "number" or found.kind is Kind.DATE:
        return "-"
    return "" if (found.group != "metric" and found.name not in ("best", "last")) or asked.study.minimises else "-"


def choices(asked: TableQuery) -> list[ColumnGroup]:
    """Return every column there is, by group, those that are shown ticked."""
    groups: dict[str, list[ColumnChoice]] = {}
    same = (f"{asked.study.metric}.best", f"{asked.study.metric}.last")
    for name in (WHY, CURVE):
        groups.setdefault("trial", []).append(
            ColumnChoice(name, LABELS[name], ABOUT[name], name in asked.columns, name in asked.usual)
        )
    for one in asked.catalogue.every():
        # The objective's best and last stand among the trial's own facts already.
        if one.name in ("number", *same) or one.group == "verdict":
            continue
        label = _label(asked, one.name, one)
        shown = one.name in asked.columns
        groups.setdefault(one.group, []).append(
            ColumnChoice(one.name, label, one.about, shown, one.name in asked.usual)
        )
    return [ColumnGroup(GROUPS[name], found) for name, found in groups.items()]


@dataclass
class Cells:
    """What the columns of one page of trials show, each kind of fact read once for all of them."""

    study: Study
    asked: TableQuery
    trials: Sequence[Trial]
    spared: frozenset[int] = frozenset()
    _known: dict[str, Mapping[int, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.spared = provider().spared_numbers(self.study, [trial.number for trial in self.trials])

    def of(self, trial: Trial) -> list[TrialCell]:
        """Return a trial's cells, in the order of the columns."""
        return [self._narrow(name, self._cell(name, trial)) for name in self.asked.columns]

    def raw(self, trial: Trial) -> list[object]:
        """Return what a trial's cells hold, as an export writes it."""
        return [self._raw(name, trial) for name in self.asked.columns]

    def kind(self, trial: Trial) -> str:
        """Return the trial's glyph."""
        return words.kind_of(trial.state, trial.ending_motive, spared=trial.number in self.spared)

    def _narrow(self, name: str, cell: TrialCell) -> TrialCell:
        return cell if name in NARROW else replace(cell, narrow="narrow-hide")

    def _cell(self, name: str, trial: Trial) -> TrialCell:
        found = self.asked.field(name)
        if found is None:
            return self._own_cell(name, trial)
        if name == "ending":
            spared = trial.number in self.spared
            text = words.ending_of(trial.state, trial.ending_code, spared=spared and trial.has_ended)
            return TrialCell(text, shape="ending", kind=self.kind(trial))
        if found.group == "parameter":
            return self._parameter(found, trial)
        value = self._raw(name, trial)
        if name == "tag":
            return TrialCell(shape="tags", tags=tuple(str(value).split(", ")) if value else ())
        if name in ("note", "worker"):
            return TrialCell(str(value or ""), shape="wrap")
        return TrialCell(
            _worded(found, value), shape="number" if found.kind is Kind.NUMBER else "", strong=name == "best"
        )

    def _own_cell(self, name: str, trial: Trial) -> TrialCell:
        if name == WHY:
            rulings = self._once(WHY, lambda: provider().last_rulings(self.study, [one.number for one in self.trials]))
            return TrialCell(why(trial, rulings.get(trial.number), spared=trial.number in self.spared), shape="wrap")
        curves = self._once(CURVE, lambda: series.read_many([one.pk for one in self.trials], self.study.metric))
        if trial.pk not in curves:
            return TrialCell(shape="curve")
        spark = _spark(self.study, *curves[trial.pk])
        return TrialCell(shape="curve", spark=replace(spark, kind=self.kind(trial)))

    def _parameter(self, found: Field, trial: Trial) -> TrialCell:
        name, space = found.label, self.asked.catalogue.plan.space
        if name not in trial.params:
            return TrialCell(words.NOT_TOLD, shape="number")
        value = trial.params[name]
        return TrialCell(ranges.text(space, name, value), shape="number", place=ranges.place(space[name], value))

    def _raw(self, name: str, trial: Trial) -> object:
        found = self.asked.field(name)
        if name == WHY:
            return trial.ending_sentence
        if found is None:
            return None
        if found.group == "parameter":
            return trial.params.get(found.label)
        if found.group == "metric" and found.name not in (f"{self.study.metric}.best", f"{self.study.metric}.last"):
            return self._told(found, trial)
        match found.name.removeprefix(f"{self.study.metric}."):
            case "best":
                return trial.best_value if trial.value is None else trial.value
            case "last":
                return trial.last
            case "tag":
                found_tags = self._once("tag", lambda: tags.of_trials([one.pk for one in self.trials]))
                return ", ".join(found_tags.get(trial.pk, ()))
            case "worker":
                return self._once("worker", self._workers).get(trial.pk, "")
            case "continues":
                return self._once("continues", self._continued).get(trial.pk)
        return getattr(trial, _COLUMNS[found.name])

    def _told(self, found: Field, trial: Trial) -> object:
        """Return a metric as told, read for all trials of the page."""
        metric, at, step = found.name.rpartition("@")
        if at:
            rows = Observation.objects.filter(trial__in=self.trials, step=int(step))
            return self._once(found.name, lambda: {row.trial_id: row.told for row in rows}).get(trial.pk)
        metric, _, which = found.name.rpartition(".")
        summaries = MetricSummary.objects.filter(trial__in=self.trials, metric=metric, labels="{}")
        row = self._once(f"summary {metric}", lambda: {one.trial_id: one for one in summaries}).get(trial.pk)
        return None if row is None else _value_of(self.study, self.asked, row, metric, which)

    def _workers(self) -> dict[int, str]:
        """Return who ran each trial last: a worker's host, or a program's owner."""
        newest = Attempt.objects.filter(trial__in=self.trials).values("trial").annotate(last=Max("pk")).values("last")
        rows: QuerySet[Attempt] = Attempt.objects.filter(pk__in=newest).select_related("worker")
        return {row.trial_id: row.worker.host if row.worker is not None else row.claimed_by for row in rows}

    def _continued(self) -> dict[int, int]:
        keys = [one.continues_id for one in self.trials if one.continues_id is not None]
        numbers = dict(Trial.objects.filter(pk__in=keys).values_list("pk", "number")) if keys else {}
        return {one.pk: numbers[one.continues_id] for one in self.trials if one.continues_id in numbers}

    def _once(self, name: str, read: Any) -> Mapping[int, Any]:
        if name not in self._known:
            self._known[name] = read()
        return self._known[name]


_COLUMNS = {
    "number": "number",
    "state": "state",
    "ending": "ending_code",
    "motive": "ending_motive",
    "origin": "origin",
    "step": "last_step",
    "end_step": "ending_step",
    "steps": "steps_trained",
    "seconds": "slot_seconds",
    "attempts": "n_attempts",
    "created": "created_at",
    "started": "started_at",
    "ended": "ended_at",
    "note": "note",
    "pinned": "pinned",
}


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


def _value_of(study: Study, asked: TableQuery, row: MetricSummary, metric: str, which: str) -> float | None:
    if which == "best":
        direction = next(one.direction for one in asked.catalogue.plan.objectives if one.metric == metric)
        which = "min" if direction == "minimize" else "max"
    if which == "last":
        return join(row.last_value, row.last_value_state)
    return {"first": row.first_value, "min": row.low_value, "max": row.high_value}[which]


def _worded(found: Field, value: object) -> str:
    if value is None:
        return words.NOT_TOLD
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return moment(value)
    if found.name == "seconds" and isinstance(value, int | float):
        return words.duration(value)
    if isinstance(value, int):
        return words.whole(value)
    return words.number(value) if isinstance(value, float) else words.code_words(str(value)).lower()


def _spark(study: Study, steps: Any, values: Any) -> Spark:
    kept_steps, kept = thinned(steps, values, SPARK_POINTS)
    finite = [float(value) if abs(value) < 1e300 else None for value in kept]
    share = float(kept_steps[-1]) / study.horizon if len(kept_steps) and study.horizon else 1.0
    length = max(2, round(len(finite) / max(share, 1e-3))) if share < 1 else len(finite)
    return Spark(finite, minimize=study.minimises, length=min(length, 4 * SPARK_POINTS))


def asked_of(frame: Frame, query: QueryDict) -> TableQuery:
    """Return what an address asks of a study's table."""
    return TableQuery(frame.study, Catalogue(frame.study, frame.plan, frame.looks), query)
