"""A plan as a person edits it: fields of a form, or YAML text, each made from the other without losing anything.

The form is no second way to say a plan: its fields become the data that the YAML would hold, and that is read by
`trials.plan.reading` alone. What the form has no field for stands in its field `rest`, as YAML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

from trials.plan.draft import CUSTOM, Data, Fields, Row, fields_of
from trials.plan.model import Plan, PlanError, Problem
from trials.plan.reading import KEYS
from trials.plan.storing import plan_to_data
from trials.plan.writing import read_block, read_inner, value_of, write

MOST_ROWS = 200
MOST_CHARACTERS = 131_072


@dataclass
class _Reader:
    """Turns fields into data, noting what no data can be made of."""

    fields: Fields
    problems: list[Problem] = field(default_factory=list)

    def scalar(self, path: str, text: str) -> object:
        try:
            return value_of(text)
        except (ValueError, PlanError) as error:
            self._complain(path, error)
            return None

    def inner(self, path: str, text: str, brackets: str) -> object:
        """Return the list or mapping whose inside was typed."""
        try:
            return read_inner(text, brackets)
        except PlanError as error:
            self._complain(path, error)
            return None

    def block(self, path: str, text: str) -> object:
        """Return what a text of several lines says."""
        try:
            return read_block(text)
        except PlanError as error:
            self._complain(path, error)
            return None

    def _complain(self, path: str, error: Exception) -> None:
        message = error.problems[0].message if isinstance(error, PlanError) else str(error)
        self.problems.append(Problem(path=path, message=message))


def data_of(fields: Fields) -> tuple[Data, list[Problem]]:
    """Return the plan's data that the fields say, and what was typed that no data can be made of."""
    reader = _Reader(fields)
    data: Data = {}
    for name in ("name", "description"):
        _put(data, name, getattr(fields, name).strip())
    lines = [line.strip() for line in fields.hypothesis.splitlines() if line.strip()]
    _put(data, "hypothesis", lines if len(lines) > 1 else "".join(lines))
    objective: Data = {}
    _put(objective, "metric", fields.metric.strip())
    _put(objective, "direction", fields.direction.strip())
    _put(data, "objectives", [objective] if objective else [])
    _put_space(data, reader)
    _put(data, "sampler", _named(reader, "sampler", fields.sampler, fields.sampler_settings))
    _put_scalars(data, reader, ("seed",))
    _put(data, "trainable", _named(reader, "trainable", fields.trainable, fields.settings))
    _put_scalars(data, reader, ("horizon",))
    _put(data, "step_unit", fields.step_unit.strip())
    if fields.report_steps.strip():
        data["report_steps"] = reader.inner("report_steps", fields.report_steps, "[]")
    if fields.policy == CUSTOM:
        policy = reader.block("policy", fields.policy_text)
        data |= {"policy": policy} if policy is not None else {}
    else:
        _put(data, "policy", fields.policy)
    budget: Data = {}
    _put_scalars(budget, reader, ("trials", "slot_hours", "wall_hours"), under="budget.")
    _put(data, "budget", budget)
    _put_scalars(data, reader, ("trial_minutes",))
    _put(data, "tags", [tag.strip() for tag in fields.tags.split(",") if tag.strip()])
    _put_rest(data, reader)
    return data, reader.problems


def text_of(fields: Fields, *, before: str = "") -> tuple[str, list[Problem]]:
    """Return the fields as YAML text, and what was typed that no text can be made of.

    before: the text that the fields were made from; while they still say the same, it is returned as it is, comments
    and all.
    """
    data, problems = data_of(fields)
    if before.strip() and not problems:
        try:
            known = read_block(before)
        except PlanError:
            known = None
        if isinstance(known, dict) and data_of(fields_of(known))[0] == data:
            return before, []
    return write(data) if data else "", problems


def data_of_plan(plan: Plan) -> Data:
    """Return a plan's data as a person would write it: without what is left out by default."""
    stored = plan_to_data(plan)
    told = {"name", "objectives", "space", "policy", "budget", "seed", "sampler"}
    if plan.trainable is None:
        told |= {"horizon", "step_unit", "report_steps"}
    data = {
        key: value
        for key, value in stored.items()
        if key in KEYS and (key in told or (value not in (None, "", [], {}) and key not in _DERIVED))
    }
    if plan.defaults is not None:
        data["defaults"] = dict(plan.defaults)
    data["space"] = {parameter.name: _without_defaults(parameter.to_data()) for parameter in plan.space}
    data["budget"] = {key: value for key, value in asdict(plan.budget).items() if value is not None}
    for name in ("sampler", "trainable"):
        spec = data.get(name)
        if isinstance(spec, dict) and not spec.get("settings"):
            data[name] = spec["name"]
    if not plan.report_steps:
        data.pop("report_steps", None)
    if plan.policy is None:
        data.pop("policy", None)
    return {key: data[key] for key in _ORDER if key in data}


def with_row(fields: Fields, row: Row) -> Fields:
    """Return the fields with one more parameter, in front of the blank rows."""
    filled = tuple(one for one in fields.rows if not one.is_blank)
    return replace(fields, rows=(*filled, row))


_DERIVED = ("horizon", "step_unit", "report_steps")
_ORDER = (
    *("name", "description", "hypothesis", "objectives", "space", "defaults", "enqueue", "sampler", "seed"),
    *("trainable", "horizon", "step_unit", "report_steps", "policy", "budget", "trial_minutes", "tags"),
)


def _put(data: Data, name: str, value: object) -> None:
    if value not in (None, "", [], {}):
        data[name] = value


def _put_scalars(data: Data, reader: _Reader, names: tuple[str, ...], under: str = "") -> None:
    for name in names:
        text = getattr(reader.fields, name)
        if text.strip():
            data[name] = reader.scalar(f"{under}{name}", text)


def _put_space(data: Data, reader: _Reader) -> None:
    space: Data = {}
    defaults: Data = {}
    for place, row in enumerate(reader.fields.rows):
        if row.is_blank:
            continue
        name = row.name.strip()
        if not name:
            reader.problems.append(Problem(path=f"space[{place}]", message="missing; name the parameter"))
        elif name in space:
            reader.problems.append(Problem(path=f"space[{place}]", message=f"{name} is given twice; remove one"))
        else:
            space[name] = _parameter(reader, f"space.{name}", row)
            if row.default.strip():
                defaults[name] = reader.scalar(f"defaults.{name}", row.default)
    _put(data, "space", space)
    if defaults or reader.fields.with_defaults:
        data["defaults"] = defaults


def _parameter(reader: _Reader, path: str, row: Row) -> Data:
    found: Data = {}
    _put(found, "type", row.type)
    for name in ("low", "high"):
        if getattr(row, name).strip():
            found[name] = reader.scalar(f"{path}.{name}", getattr(row, name))
    if row.log:
        found["log"] = True
    if row.step.strip():
        found["step"] = reader.scalar(f"{path}.step", row.step)
    if row.choices.strip():
        found["choices"] = reader.inner(f"{path}.choices", row.choices, "[]")
    if row.when.strip():
        found["when"] = reader.inner(f"{path}.when", row.when, "{}")
    return found


def _named(reader: _Reader, path: str, name: str, settings: str) -> object:
    if not settings.strip():
        return name.strip()
    return {"name": name.strip(), "settings": reader.inner(f"{path}.settings", settings, "{}")}


def _put_rest(data: Data, reader: _Reader) -> None:
    rest = reader.block("rest", reader.fields.rest)
    if rest is None:
        return
    if not isinstance(rest, dict):
        reader.problems.append(Problem(path="rest", message="write `name: value` lines, such as `trial_minutes: 20`"))
        return
    for key, value in rest.items():
        if key in data:
            message = f"{key} is given here beside its own field; keep one of the two"
            reader.problems.append(Problem(path="rest", message=message))
        else:
            data[key] = value


def _without_defaults(one: Mapping[str, object]) -> Data:
    """Return a parameter's stored fields as a plan gives them."""
    left_out: Mapping[str, tuple[object, ...]] = {"log": (False,), "step": (None, 1), "when": ({},)}
    return {
        key: value
        for key, value in one.items()
        if key != "name" and not any(value == other and type(value) is type(other) for other in left_out.get(key, ()))
    }


__all__ = ["CUSTOM", "Fields", "Row", "data_of", "data_of_plan", "fields_of", "text_of", "with_row"]
