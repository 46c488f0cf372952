"""What a person has typed into the editor of a plan, and the editor made from it."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import cast

from django.core.exceptions import ImproperlyConfigured
from django.http import QueryDict

from trials.facts import provider
from trials.models import Project
from trials.pages import pictures, words
from trials.pages.dial import Dial
from trials.pages.frame import SAMPLERS
from trials.pages.parts.draft import (
    DraftField,
    DraftPage,
    DraftProblem,
    DraftRow,
    Option,
    PolicyOption,
    Suggested,
)
from trials.plan import Plan, PlanError, Problem, read_plan
from trials.plan.drafting import CUSTOM, MOST_CHARACTERS, MOST_ROWS, Fields, Row, fields_of, text_of, with_row
from trials.plan.writing import inner, read_block, scalar
from trials.trainables import registry
from trials.trainables.base import ParameterInfo, Trainable

FORM, YAML = "form", "yaml"
KINDS = (("", "as declared"), ("float", "real"), ("int", "whole"), ("categorical", "choices"))
SIMPLE = tuple(field.name for field in fields(Fields) if field.name not in {"rows", "policy", "policy_text"})
LABELS = {"name": "Parameter", "type": "Kind", "low": "From", "high": "To", "when": "Only when"}
COLUMNS = tuple(field.name for field in fields(Row))
# Paths of the plan, and the fields of the form in which a person mends what is wrong there.
PLACES: Mapping[str, str] = {
    "name": "name",
    "description": "description",
    "hypothesis": "hypothesis",
    "hypotheses": "hypothesis",
    "objectives": "metric",
    "objective": "metric",
    "objectives[0].direction": "direction",
    "objective.direction": "direction",
    "trainable": "trainable",
    "trainable.settings": "settings",
    "horizon": "horizon",
    "step_unit": "step_unit",
    "report_steps": "report_steps",
    "sampler": "sampler",
    "sampler.settings": "sampler_settings",
    "seed": "seed",
    "policy": "policy_text",
    "budget": "trials",
    "budget.trials": "trials",
    "budget.slot_hours": "slot_hours",
    "budget.wall_hours": "wall_hours",
    "trial_minutes": "trial_minutes",
    "tags": "tags",
    "rest": "rest",
    "enqueue": "rest",
    "defaults": "with_defaults",
}


@dataclass(frozen=True)
class Draft:
    """The editor's state: text in one view, fields in the other."""

    view: str
    text: str
    """The YAML: as typed in the view `yaml`, else as last seen, comments and all."""
    form: Fields
    key: str
    checked: bool = False
    """Whether what is missing counts as wrong yet."""

    @classmethod
    def new(cls, data: Mapping[str, object]) -> Draft:
        """Return an editor with a plan's data in it."""
        form = fields_of(data)
        return cls(FORM, text_of(form)[0], form, str(uuid.uuid4()))

    @classmethod
    def of(cls, post: QueryDict) -> Draft:
        """Read what was posted; whatever is not a field of the form is passed over."""
        view = YAML if post.get("view") == YAML else FORM
        text = _typed(post, "text")
        form = Fields() if view == YAML else _fields(post)
        return cls(view, text, form, _key(post.get("key", "")), checked=bool(post.get("checked")))

    def source(self) -> tuple[str, list[Problem]]:
        """Return the plan as YAML, and what was typed that no text can be made of."""
        return (self.text, []) if self.view == YAML else text_of(self.form, before=self.text)

    def read(self) -> tuple[Plan | None, str, list[Problem]]:
        """Return the plan, if nothing is wrong with it, its text, and everything that is."""
        text, problems = self.source()
        try:
            plan = read_plan(text)
        except PlanError as error:
            known = {problem.path for problem in problems}
            return None, text, [*problems, *(one for one in error.problems if one.path not in known)]
        return (None if problems else plan), text, problems

    def as_yaml(self) -> Draft:
        """Return the editor switched to text; fields that no text can be made of keep it where it is."""
        text, problems = self.source()
        return replace(self, text=text) if problems else replace(self, view=YAML, text=text)

    def as_form(self) -> Draft:
        """Return the editor switched to the form; a text that is no mapping keeps it where it is."""
        if self.view == FORM:
            return self
        try:
            data = read_block(self.text)
        except PlanError:
            return self
        if data is not None and not isinstance(data, dict):
            return self
        return replace(self, view=FORM, form=fields_of(data or {}))


def acted(draft: Draft, action: str, argument: str) -> Draft:
    """Return the editor after a button was pressed; an unknown one changes nothing."""
    form, place = draft.form, int(argument) if argument.isdecimal() and len(argument) < 5 else -1
    if action == YAML:
        return draft.as_yaml()
    if action == FORM:
        return draft.as_form()
    if action == "add" and len(form.rows) < MOST_ROWS:
        return replace(draft, form=replace(form, rows=(*form.rows, Row(type="float"))))
    if action == "remove":
        return replace(draft, form=replace(form, rows=tuple(row for k, row in enumerate(form.rows) if k != place)))
    if action == "suggest":
        infos = declared(form.trainable)
        wanted = [info for info in infos if argument in {info.name, "*"} and info.name not in _names(form)]
        for info in wanted:
            form = with_row(form, row_of(info))
        return replace(draft, form=form)
    if action == "write-policy":
        written = Dial.of(form).written_out()
        return replace(draft, form=replace(form, policy=CUSTOM, policy_text=written))
    return draft


def declared(name: str) -> tuple[ParameterInfo, ...]:
    """Return the parameters that a registered trainable declares; none for any other name."""
    trainable = _trainable(name)
    return trainable.parameters if trainable is not None else ()


def row_of(info: ParameterInfo) -> Row:
    """Return a declared parameter as a row: its whole range, logarithmic over two decades and more.

    A range that begins at zero and reaches a thousand times the default says little: two decades to either side of
    the default stand in for it.
    """
    if info.kind == "categorical":
        return Row(name=info.name, choices=inner(list(info.choices)), default=scalar(info.default))
    low, high, middle = info.low, info.high, info.default
    from_zero = info.kind == "float" and not low and isinstance(middle, float) and middle > 0
    if from_zero and isinstance(middle, float) and (high is None or high >= 1000 * middle):
        low, high = float(f"{middle / 100:.3g}"), min(float(f"{middle * 100:.3g}"), high or math.inf)
    wide = low is not None and high is not None and 0 < low <= high / 100
    return Row(
        name=info.name,
        type=info.kind,
        low="" if low is None else _short(low, info.kind),
        high="" if high is None else _short(high, info.kind),
        log="true" if wide else "",
        default="" if info.default is None else scalar(info.default),
    )


def page(
    draft: Draft, problems: Sequence[Problem], *, n_trials: int | None, origin: tuple[str, str] = ("", "")
) -> DraftPage:
    """Return the editor as the template shows it."""
    shown = [one for one in problems if draft.checked or not one.message.startswith("missing;")]
    placed = _placed(shown, draft.form) if draft.view == FORM else {}
    trainable = _trainable(draft.form.trainable)
    infos = {info.name: info for info in trainable.parameters} if trainable is not None else {}
    dial = Dial.of(draft.form)
    rows = [_row(k, row, infos.get(row.name.strip()), placed) for k, row in enumerate(draft.form.rows)]
    return DraftPage(
        view=draft.view,
        text=draft.text if draft.view == YAML else draft.source()[0],
        fields=_field_map(draft.form, placed, trainable, dial),
        rows=rows,
        problems=[_problem(one, placed, draft.view) for one in shown],
        suggested=[
            Suggested(info.name, _range_words(info), info.help)
            for info in infos.values()
            if info.name not in _names(draft.form)
        ],
        policies=list(_policies(dial)),
        policy_written=dial.written_out(),
        shadow=dial.shadow,
        is_custom=dial.choice == CUSTOM,
        key=draft.key,
        checked=draft.checked,
        n_trials="" if n_trials is None else words.counted(n_trials, "trial"),
        origin=origin[0],
        origin_url=origin[1],
        refreshed=",".join(_refreshed(rows)),
    )


def project_options(projects: Sequence[Project], chosen: str) -> list[Option]:
    """Return the projects that a study may be launched in."""
    return [Option(project.slug, project.name, project.slug == chosen) for project in projects]


def _fields(post: QueryDict) -> Fields:
    places = sorted({int(text) for text in post.getlist("row") if text.isdecimal() and len(text) < 5})[:MOST_ROWS]
    rows = tuple(Row(**{name: _typed(post, f"{name}-{place}") for name in COLUMNS}) for place in places)
    form = Fields(**{name: _typed(post, name) for name in SIMPLE}, rows=rows)
    risk = post.get(f"risk-{post.get('policy', '')}", "")
    dial = Dial(post.get("policy", ""), risk[:40], shadow=bool(post.get("shadow")), text=_typed(post, "policy_text"))
    return dial.put(form)


def _typed(post: QueryDict, name: str) -> str:
    """Return a posted text with the line ends of a plan."""
    return post.get(name, "")[: MOST_CHARACTERS + 1].replace("\r\n", "\n").replace("\r", "\n")


def _key(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return str(uuid.uuid4())


def _names(form: Fields) -> set[str]:
    return {row.name.strip() for row in form.rows}


def _trainable(name: str) -> Trainable | None:
    try:
        return registry.get(name.strip()) if name.strip() else None
    except (registry.UnknownTrainable, ImproperlyConfigured):
        return None


def _placed(problems: Sequence[Problem], form: Fields) -> dict[str, Problem]:
    """Return the first problem of each field that shows one, by the field's name."""
    rows = {row.name.strip(): place for place, row in reversed(list(enumerate(form.rows)))}
    found: dict[str, Problem] = {}
    for problem in problems:
        name = _place(problem.path, form, rows)
        if name:
            found.setdefault(name, problem)
    return found


def _place(path: str, form: Fields, rows: Mapping[str, int]) -> str:
    if path.startswith("space[") and path.endswith("]"):
        return f"name-{path[6:-1]}"
    for section, columns in (("space", COLUMNS), ("defaults", ())):
        # A parameter's name may hold dots: the longest one that fits is meant.
        rest = path.removeprefix(f"{section}.")
        name = max((one for one in rows if one and (rest == one or rest.startswith((f"{one}.", f"{one}[")))), key=len, default="")  # fmt: skip  # noqa: E501
        if rest != path and name:
            column = rest[len(name) + 1 :].partition(".")[0].partition("[")[0]
            kind = "default" if section == "defaults" else column if column in columns else "name"
            return f"{kind}-{rows[name]}"
    if path.startswith("policy"):
        dial = Dial.of(form)
        return f"risk-{dial.choice}" if dial.choice != CUSTOM else "policy_text"
    fitting = [one for one in PLACES if path == one or path.startswith((f"{one}.", f"{one}["))]
    return PLACES[max(fitting, key=len)] if fitting else ""


def _problem(problem: Problem, placed: Mapping[str, Problem], view: str) -> DraftProblem:
    if view == YAML:
        return DraftProblem(problem.path, problem.message, "text", problem.line)
    name = next((name for name, other in placed.items() if other is problem), "")
    return DraftProblem(problem.path, problem.message, f"f-{name}" if name else "")


def _field_map(
    form: Fields, placed: Mapping[str, Problem], trainable: Trainable | None, dial: Dial
) -> dict[str, DraftField]:
    def field(name: str, value: str, options: Sequence[tuple[str, str]] = ()) -> DraftField:
        said = placed[name].message if name in placed else ""
        chosen = [Option(one, label, one == value) for one, label in options]
        if options and not any(option.selected for option in chosen):
            chosen.append(Option(value, value, selected=True))
        return DraftField(name, value, said, chosen)

    trainables = [("", "none: my own program reports over HTTP"), *((name, _title(name)) for name in registry.names())]
    metrics = [info for info in trainable.metrics if info.direction] if trainable is not None else []
    from trials.search.registry import names as samplers

    options: Mapping[str, Sequence[tuple[str, str]]] = {
        "direction": [("", "choose"), ("minimize", "minimise"), ("maximize", "maximise")],
        "trainable": trainables,
        "sampler": [("", "random search, the default"), *((name, SAMPLERS.get(name, name)) for name in samplers())],
    }
    found = {name: field(name, getattr(form, name), options.get(name, ())) for name in SIMPLE}
    found["metric"] = replace(
        found["metric"], options=[Option(info.name, f"{info.direction}s here") for info in metrics]
    )
    found["policy_text"] = field("policy_text", dial.text)
    for one in provider().policy_choices():
        risk = dial.risk if one.name == dial.choice else scalar(one.risk) if one.risk is not None else ""
        found[f"risk-{one.name}"] = field(f"risk-{one.name}", risk)
    return found


def _row(place: int, row: Row, info: ParameterInfo | None, placed: Mapping[str, Problem]) -> DraftRow:
    def field(name: str) -> DraftField:
        key = f"{name}-{place}"
        said = placed[key].message if key in placed else ""
        value = cast(str, getattr(row, name))
        known = [Option(one, label, one == value) for one, label in KINDS] if name == "type" else []
        if known and not any(option.selected for option in known):
            known.append(Option(value, value, selected=True))
        return DraftField(key, value, said, known, LABELS.get(name, name.capitalize()))

    return DraftRow(
        place=place,
        name=field("name"),
        kind=field("type"),
        low=field("low"),
        high=field("high"),
        log=field("log"),
        step=field("step"),
        choices=field("choices"),
        when=field("when"),
        default=field("default"),
        picture=pictures.picture(row, info),
        is_choices=_is_choices(row, info),
        help=f"{info.help} Takes {_range_words(info)}.".strip() if info is not None else "",
    )


def _is_choices(row: Row, info: ParameterInfo | None) -> bool:
    """Say whether a parameter is one of a few values: said so, declared so, or because choices were typed."""
    if row.type:
        return row.type == "categorical"
    return bool(row.choices.strip()) or (info is not None and info.kind == "categorical")


def _policies(dial: Dial) -> Iterator[PolicyOption]:
    for one in provider().policy_choices():
        chosen = one.name == dial.choice
        risk = f"{100 * one.risk:g}\u202f%" if one.risk is not None else ""
        yield PolicyOption(one.name, one.name, one.description, risk, chosen)


def _dials() -> list[str]:
    """Return the names of the fields that are dials of a policy."""
    return [f"risk-{one.name}" for one in provider().policy_choices() if one.risk is not None]


def _refreshed(rows: Sequence[DraftRow]) -> Iterator[str]:
    yield from ("#draft-problems", "#draft-forecast", "#draft-launch", "#draft-buttons")
    for row in rows:
        yield f"#picture-{row.place}"
        yield f"#row-{row.place}-problems"
    for name in (*SIMPLE, "policy_text", *_dials()):
        yield f"#f-{name}-error"


def _range_words(info: ParameterInfo) -> str:
    if info.kind == "categorical":
        return f"one of {', '.join(map(str, info.choices))}"
    noun = "whole numbers" if info.kind == "int" else "numbers"
    if info.low is None or info.high is None:
        return noun
    return f"{noun} from {info.low:g} to {info.high:g}"


def _short(bound: float, kind: str) -> str:
    return scalar(int(bound)) if kind == "int" or float(bound).is_integer() else scalar(float(bound))


def _title(name: str) -> str:
    trainable = _trainable(name)
    return f"{name}: {trainable.title}" if trainable is not None else name
