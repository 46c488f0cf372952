"""A plan as a person edits it, and its data in the fields of a form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TypeGuard

from trials.plan.writing import inner, is_list, is_scalar, scalar, write

ROW = ("type", "low", "high", "log", "step", "choices", "when")
CUSTOM = "custom"

Data = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One parameter as typed: every field a text, empty where nothing was said; `log` is `true` or empty."""

    name: str = ""
    type: str = ""
    low: str = ""
    high: str = ""
    log: str = ""
    step: str = ""
    choices: str = ""
    when: str = ""
    default: str = ""

    @property
    def is_blank(self) -> bool:
        """Say whether nothing was typed; a type alone is none."""
        return not any(text.strip() for name, text in asdict(self).items() if name != "type")


@dataclass(frozen=True, kw_only=True)
class Fields:
    """The form as typed."""

    name: str = ""
    description: str = ""
    hypothesis: str = ""
    metric: str = ""
    direction: str = ""
    trainable: str = ""
    settings: str = ""
    horizon: str = ""
    step_unit: str = ""
    report_steps: str = ""
    rows: tuple[Row, ...] = ()
    with_defaults: str = ""
    """`true` to try the trainable's own defaults first, for what the rows leave out."""
    sampler: str = ""
    sampler_settings: str = ""
    seed: str = ""
    policy: str = ""
    """A preset's name, `custom` for what `policy_text` says, empty for the default."""
    policy_text: str = ""
    trials: str = ""
    slot_hours: str = ""
    wall_hours: str = ""
    trial_minutes: str = ""
    tags: str = ""
    rest: str = ""


def fields_of(data: Mapping[str, object]) -> Fields:
    """Return the fields that say a plan's data; what they cannot say goes into `rest`."""
    left = dict(data)
    found: dict[str, str] = {}
    for name in ("name", "description", "step_unit"):
        if _is_line(left.get(name)) or (name == "description" and _is_text(left.get(name))):
            found[name] = str(left.pop(name)).strip()
    for name in ("seed", "horizon", "trial_minutes"):
        if left.get(name) is not None and is_scalar(left[name]):
            found[name] = scalar(left.pop(name))
    found |= _hypothesis_of(left) | _objective_of(left) | _budget_of(left) | _policy_of(left)
    found |= _spec_of(left, "sampler", "sampler_settings") | _spec_of(left, "trainable", "settings")
    steps, tags = left.get("report_steps"), left.get("tags")
    if is_list(steps):
        found["report_steps"] = inner(left.pop("report_steps"))
    if isinstance(tags, list) and all(
        isinstance(tag, str) and tag.strip() == tag != "" and "," not in tag for tag in tags
    ):
        found["tags"] = ", ".join(tags)
        left.pop("tags")
    rows, with_defaults = _rows_of(left)
    rest = write(left) if left else ""
    return Fields(**found, rows=rows, with_defaults=with_defaults, rest=rest)


def _hypothesis_of(left: Data) -> dict[str, str]:
    if "hypothesis" in left and "hypotheses" in left:
        return {}
    for name in ("hypothesis", "hypotheses"):
        value = left.get(name)
        lines = [value] if isinstance(value, str) else value
        if isinstance(lines, list) and lines and all(isinstance(line, str) and line.strip() for line in lines):
            left.pop(name)
            return {"hypothesis": "\n".join(line.strip() for line in lines)}
    return {}


def _objective_of(left: Data) -> dict[str, str]:
    if "objective" in left and "objectives" in left:
        return {}
    name = "objective" if "objective" in left else "objectives"
    value = left.get(name)
    one = value[0] if isinstance(value, list) and len(value) == 1 else value
    if not isinstance(one, dict) or not one or not one.keys() <= {"metric", "direction"}:
        return {}
    if not all(map(_is_line, one.values())):
        return {}
    left.pop(name)
    return {key: str(text) for key, text in one.items()}


def _budget_of(left: Data) -> dict[str, str]:
    value = left.get("budget")
    if not isinstance(value, dict) or not value or not value.keys() <= {"trials", "slot_hours", "wall_hours"}:
        return {}
    if not all(is_scalar(one) and one is not None for one in value.values()):
        return {}
    left.pop("budget")
    return {key: scalar(one) for key, one in value.items()}


def _policy_of(left: Data) -> dict[str, str]:
    value = left.get("policy")
    if value is None:
        return {}
    left.pop("policy")
    if _is_line(value) and value != CUSTOM and value.strip() == value:
        return {"policy": value}
    return {"policy": CUSTOM, "policy_text": write(value)}


def _spec_of(left: Data, name: str, settings: str) -> dict[str, str]:
    value = left.get(name)
    if _is_line(value):
        return {name: str(left.pop(name))}
    if not isinstance(value, dict) or not value.keys() <= {"name", "settings"}:
        return {}
    own, inside = value.get("name"), value.get("settings", {})
    if not _is_line(own) or not isinstance(inside, dict):
        return {}
    left.pop(name)
    return {name: own, settings: inner(inside)}


def _rows_of(left: Data) -> tuple[tuple[Row, ...], str]:
    space = left.get("space")
    if not isinstance(space, dict) or not space or not all(map(_is_line, space)):
        return (), ""
    if any(name != name.strip() for name in space) or not all(
        isinstance(one, dict) and _fits(one) for one in space.values()
    ):
        return (), ""
    left.pop("space")
    given = left.get("defaults")
    defaults: Mapping[str, object] = {}
    with_defaults = ""
    if isinstance(given, dict) and given.keys() <= space.keys() and all(map(is_scalar, given.values())):
        defaults, with_defaults = given, "true"
        left.pop("defaults")
    return tuple(_row_of(name, one, defaults) for name, one in space.items()), with_defaults


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _is_line(value: object) -> TypeGuard[str]:
    """Say whether a value is a text that a field of one line shows as it is."""
    return isinstance(value, str) and value.strip() != "" and value.strip().isprintable()


def _fits(one: Mapping[str, object]) -> bool:
    """Say whether a parameter's fields are those of a row, each of a kind that it can show."""
    kinds = one.get("type", "")
    return (
        one.keys() <= set(ROW)
        and isinstance(kinds, str)
        and all(is_scalar(one[key]) and one[key] is not None for key in ("low", "high", "step") if key in one)
        and isinstance(one.get("log", True), bool)
        and ("choices" not in one or is_list(one["choices"]))
        and ("when" not in one or isinstance(one["when"], dict))
    )


def _row_of(name: str, one: Mapping[str, object], defaults: Mapping[str, object]) -> Row:
    texts = {key: scalar(one[key]) for key in ("low", "high", "step") if key in one}
    texts |= {key: inner(one[key]) for key in ("choices", "when") if one.get(key)}
    return Row(
        name=name,
        type=str(one.get("type", "")),
        log="true" if one.get("log") else "",
        default=scalar(defaults[name]) if name in defaults else "",
        **texts,
    )
