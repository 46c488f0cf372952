"""The fields a query may name and a table may show, for one study: its facts, parameters, metrics and looks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, partial

from trials import tags
from trials.facts import provider
from trials.models import EndingCount, MetricSummary, Study, Trial
from trials.plan import Plan
from trials.query import places
from trials.query.language import Word, quoted
from trials.query.places import Beside, Column, Numbers, Place
from trials.space import Categorical

RECENT = 20
"""How many of the newest trials say which metrics are told, where the plan does not."""
MOTIVES = ("speed", "risk", "generalisation")
PARAM, METRIC = "param.", "metric."
"""In front of a parameter's or a metric's name where it would be taken for something else."""
OWN_WORDS = frozenset(
    (
        *("number", "trial", "state", "ending", "reason", "motive", "origin", "step", "end_step", "best", "last"),
        *("steps", "seconds", "cost", "attempts", "created", "started", "ended", "worker", "tag", "tags", "note"),
        *("pinned", "continues", "verdict", "rule", "halted_by", "spared", "control", "none"),
    )
)
"""What a bare word in a query may mean besides a parameter or a metric."""


def named(name: str) -> str:
    """Return a parameter's or a metric's name as a query writes it: in quotes where it would be read as something else.

    >>> named("lr"), named("odd name"), named("step"), named("2nd")
    ('lr', '"odd name"', '"step"', '"2nd"')
    """
    is_ours = name.lower() in OWN_WORDS or not (name[:1].isalpha() or name[:1] == "_")
    text = quoted(name)
    return f'"{name}"' if text == name and is_ours else text


class Kind(StrEnum):
    """What a field's values are."""

    NUMBER = "number"
    WORD = "word"
    TEXT = "text"
    FLAG = "yes or no"
    DATE = "date"

    @property
    def operators(self) -> tuple[str, ...]:
        """Return the comparisons that make sense, in the order they are offered."""
        match self:
            case Kind.NUMBER | Kind.DATE:
                return ("<", "<=", "=", "!=", ">=", ">", "in") if self is Kind.NUMBER else ("<", "<=", ">=", ">")
            case Kind.FLAG:
                return ("=", "!=")
            case Kind.TEXT:
                return ("~", "!~", "=", "!=")
            case _:
                return ("=", "!=", "in", "~", "!~")


@dataclass(frozen=True)
class Field:
    """One fact about a trial: its name in queries and addresses, what it is, and where it stands."""

    name: str
    kind: Kind
    about: str
    place: Place
    label: str = ""
    """What its column is called; the name, if empty."""
    choices: Callable[[], Sequence[str]] = tuple
    """The values it may take, where they can be listed; asked for only when they are offered."""
    text: Place | None = None
    """Where the value stands if it is a text: a parameter may hold both."""
    group: str = "trial"

    @property
    def is_sortable(self) -> bool:
        """Say whether rows can be ordered by it."""
        return isinstance(self.place, Column | Beside)


@dataclass
class Catalogue:
    """The fields of a study, by name."""

    study: Study
    plan: Plan
    looks: tuple[int, ...] = ()
    _found: dict[str, Field] = field(default_factory=dict)

    def find(self, word: Word | str) -> Field | None:
        """Return the field that a word names; None for none."""
        name = str(word)
        if isinstance(word, Word) and word.quoted:
            # In quotes stands the name of a parameter or a metric, never one of our own words.
            return self._param(word.text) if not word.suffix else self._told(word.text, word.suffix)
        known = self.own.get(name.lower()) or self._param(name.removeprefix(PARAM))
        return known or self._metric(name.removeprefix(METRIC))

    @cached_property
    def own(self) -> Mapping[str, Field]:
        """Return the facts that every study's trials have, other names for the same fact too."""
        found = {one.name: one for one in _own(self.study)}
        found |= {one.name: one for one in _recorded(self.study)}
        names = {"trial": "number", "reason": "ending", "cost": "seconds", "tags": "tag"}
        return found | {name: found[real] for name, real in names.items()}

    def params(self) -> Iterator[Field]:
        """Yield the study's parameters, in the plan's order."""
        for name in self.plan.space.names:
            found = self._param(name)
            if found is not None:
                yield found

    def metrics(self) -> Iterator[Field]:
        """Yield the metrics as last told, at their extremes, and first told; the objective at each look."""
        for name in self.metric_names:
            objective = next((one for one in self.plan.objectives if one.metric == name), None)
            for suffix in (".best",) if objective else ():
                yield from _some(self._told(name, suffix))
            for suffix in (".last", ".first", ".min", ".max"):
                yield from _some(self._told(name, suffix))
        for look in self.looks:
            yield from _some(self._told(self.study.metric, f"@{look}"))

    def every(self) -> Iterator[Field]:
        """Yield every field once, by the name it is best known by."""
        yield from (one for name, one in self.own.items() if name == one.name)
        yield from self.params()
        yield from self.metrics()

    @cached_property
    def metric_names(self) -> tuple[str, ...]:
        """Return the metrics: those the plan names; where it declares none, those that the newest trials told too."""
        known = dict.fromkeys([*(one.metric for one in self.plan.objectives), *self.plan.metrics])
        if self.plan.metrics:
            return tuple(known)
        newest = Trial.objects.filter(study=self.study, last_step__isnull=False).order_by("-number")[:RECENT]
        told = MetricSummary.objects.filter(trial__in=list(newest.values_list("pk", flat=True)), labels="{}")
        return tuple(dict.fromkeys([*known, *sorted(told.values_list("metric", flat=True).distinct())]))

    def _param(self, name: str) -> Field | None:
        if name not in self.plan.space:
            return None
        parameter, study = self.plan.space[name], self.study
        is_choice = isinstance(parameter, Categorical)
        choices = tuple(map(choice_text, parameter.choices)) if isinstance(parameter, Categorical) else ()
        shown = name if name.lower() not in self.own else PARAM + name
        is_number = is_choice and all(
            isinstance(one, int | float) and not isinstance(one, bool)
            for one in parameter.choices  # type: ignore[union-attr]  # a choice
        )
        as_text = is_choice and not is_number
        return Field(
            shown,
            Kind.WORD if as_text else Kind.NUMBER,
            f"parameter, one of {len(choices)}" if is_choice else _range(parameter),
            places.param(study, name, as_text=as_text),
            label=name,
            choices=lambda: choices,
            text=places.param(study, name, as_text=True),
            group="parameter",
        )

    def _metric(self, name: str) -> Field | None:
        for sign in ("@", "."):
            metric, found, rest = name.rpartition(sign)
            if found and metric in self.metric_names:
                return self._told(metric, sign + rest)
        return self._told(name, "")

    def _told(self, metric: str, suffix: str) -> Field | None:
        if metric not in self.metric_names:
            return None
        if suffix.startswith("@"):
            return self._observed(metric, suffix[1:])
        return _summary(self.study, self.plan, metric, suffix.removeprefix(".") or "last")

    def _observed(self, metric: str, text: str) -> Field | None:
        if metric != self.study.metric or not text.isdecimal() or int(text[:18]) not in self.looks:
            return None
        step = int(text)
        about = f"{metric} at the decision point {step:,}"
        return Field(f"{metric}@{step}", Kind.NUMBER, about, places.observed(self.study, step), group="metric")


def _own(study: Study) -> Iterator[Field]:
    def codes() -> Sequence[str]:
        rows = EndingCount.objects.filter(study=study, n__gt=0).exclude(code="").order_by("code")
        return list(rows.values_list("code", flat=True).distinct())

    yield Field("number", Kind.NUMBER, "the trial's number", Column("number", whole=True), label="Trial")
    yield Field("state", Kind.WORD, "where it stands", Column("of_state"), choices=_states)
    yield Field("ending", Kind.WORD, "why it ended, or is paused", Column("of_ending"), choices=codes)
    yield Field("motive", Kind.WORD, "what a rule stopped it for", Column("ending_motive"), choices=lambda: MOTIVES)
    yield Field("origin", Kind.WORD, "where its configuration came from", Column("origin"), choices=_origins)
    yield Field("step", Kind.NUMBER, "the last step it told", Column("last_step", whole=True))
    yield Field("end_step", Kind.NUMBER, "the step at which it ended", Column("ending_step", whole=True))
    yield Field("best", Kind.NUMBER, f"{study.metric} at its best, or as told", Column("best_or_value"))
    yield Field("last", Kind.NUMBER, f"{study.metric} as last told", Column("last_value"))
    yield Field("steps", Kind.NUMBER, "steps trained, repeated ones too", Column("steps_trained", whole=True))
    yield Field("seconds", Kind.NUMBER, "seconds on a slot: its cost", Column("slot_seconds"))
    yield Field("attempts", Kind.NUMBER, "how often it was begun", Column("n_attempts", whole=True))
    yield Field("created", Kind.DATE, "when it was asked for", Column("created_at"))
    yield Field("started", Kind.DATE, "when it began to train", Column("started_at"))
    yield Field("ended", Kind.DATE, "when it ended", Column("ended_at"))
    yield Field("worker", Kind.WORD, "who ran it: a worker, its host, or a program's owner", places.worked(study))
    yield Field("tag", Kind.WORD, "a tag on it", places.tagged(study), label="tags", choices=lambda: tags.in_use(study))
    yield Field("note", Kind.TEXT, "a person's note", Column("note"))
    yield Field("pinned", Kind.FLAG, "spared by every rule, as a person asked", Column("pinned"))
    yield Field(
        "continues", Kind.NUMBER, "the number of the trial it continues", Column("continues__number", whole=True)
    )


def _recorded(study: Study) -> Iterator[Field]:
    """Yield what others record of the trials: verdicts, rules, the control arm."""
    for fact in provider().searchable(study):
        kind = Kind.FLAG if fact.is_flag else Kind.WORD
        place = Numbers(fact.numbers, fact.choices)
        yield Field(fact.name, kind, fact.about, place, choices=partial(tuple, fact.choices), group="verdict")


def _summary(study: Study, plan: Plan, metric: str, which: str) -> Field | None:
    columns = {"last": "last_value", "first": "first_value", "min": "low_value", "max": "high_value"}
    words = {"last": "as last told", "first": "as first told", "min": "at its lowest", "max": "at its highest"}
    name = f"{metric}.{which}"
    if which == "best":
        objective = next((one for one in plan.objectives if one.metric == metric), None)
        if objective is None:
            return None
        if metric == study.metric:
            return Field(name, Kind.NUMBER, f"{metric} at its best", Column("best_or_value"), group="metric")
        column = "low_value" if objective.direction == "minimize" else "high_value"
        return Field(name, Kind.NUMBER, f"{metric} at its best", places.metric(study, metric, column), group="metric")
    if which not in columns:
        return None
    place: Place = places.metric(study, metric, columns[which])
    if metric == study.metric and which == "last":
        place = Column("last_value")
    return Field(name, Kind.NUMBER, f"{metric} {words[which]}", place, group="metric")


def _range(parameter: object) -> str:
    low, high = getattr(parameter, "low", None), getattr(parameter, "high", None)
    return f"parameter, {'log, ' if getattr(parameter, 'log', False) else ''}{low:g} to {high:g}"


def choice_text(value: object) -> str:
    """Return a choice as `trials.studies` keeps it: true, false and null as people write them in a plan."""
    return value if isinstance(value, str) else json.dumps(value)


def _states() -> Sequence[str]:
    return [state.lower() for state in Trial.State.values]


def _origins() -> Sequence[str]:
    return list(Trial.Origin.values)


def _some(found: Field | None) -> Iterator[Field]:
    if found is not None:
        yield found
