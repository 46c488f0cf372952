"""The policy of a plan as a choice and one dial: a preset, the risk of losing the best trial; and its shadow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from trials.facts import PolicyChoice, provider
from trials.plan import PlanError
from trials.plan.drafting import CUSTOM, Fields
from trials.plan.writing import read_block, scalar, value_of, write


@dataclass(frozen=True)
class Dial:
    """What is chosen; `risk` as typed, empty where the choice has no dial or stands as it is."""

    choice: str
    risk: str = ""
    shadow: bool = False
    text: str = ""
    """The policy as YAML, for the choice `custom`."""

    @classmethod
    def of(cls, fields: Fields) -> Dial:
        """Return the dial that says a form's policy."""
        choices = provider().policy_choices()
        default = next((one.name for one in choices if one.is_default), CUSTOM)
        if fields.policy != CUSTOM:
            known = _choice(choices, fields.policy or default)
            return cls(fields.policy or default, _risk_text(known.risk)) if known else cls(CUSTOM, text=fields.policy)
        return _dialled(choices, fields.policy_text) or cls(CUSTOM, text=fields.policy_text)

    def put(self, fields: Fields) -> Fields:
        """Return the form with its policy as the dial says it."""
        known = _choice(provider().policy_choices(), self.choice)
        if known is None:
            return replace(fields, policy=CUSTOM, policy_text=self.text)
        data: dict[str, object] = {"preset": known.name}
        if known.risk is not None and self.risk.strip():
            data = dict(provider().at_risk(known.name, _typed(self.risk)))
        if self.shadow:
            data["shadow"] = True
        if data == {"preset": known.name}:
            return replace(fields, policy=known.name, policy_text="")
        return replace(fields, policy=CUSTOM, policy_text=write(data))

    def written_out(self) -> str:
        """Return the choice with every part of it as YAML."""
        choices = provider().policy_choices()
        known = _choice(choices, self.choice)
        if known is None and not self.text.strip():
            known = next((one for one in choices if one.is_default), None)
        if known is None:
            return self.text
        data = dict(known.mapping)
        if known.risk is not None and self.risk.strip():
            data["strategy"] = provider().at_risk(known.name, _typed(self.risk)).get("strategy", data["strategy"])
        return write(data | ({"shadow": True} if self.shadow else {}))


def _dialled(choices: Sequence[PolicyChoice], text: str) -> Dial | None:
    """Return the dial that would write this policy; None for a policy of another shape."""
    try:
        data = read_block(text)
    except PlanError:
        return None
    known = _choice(choices, data.get("preset")) if isinstance(data, dict) else None
    if known is None or not isinstance(data, dict):
        return None
    strategy = data.get("strategy")
    risk = strategy.get("risk", known.risk) if isinstance(strategy, dict) else known.risk
    if isinstance(risk, dict | list):
        return None
    found = Dial(known.name, "" if risk is None else scalar(risk), shadow=data.get("shadow") is True)
    again = found.put(Fields())
    said = {"preset": again.policy} if again.policy != CUSTOM else read_block(again.policy_text)
    return found if said == data else None


def _choice(choices: Sequence[PolicyChoice], name: object) -> PolicyChoice | None:
    return next((one for one in choices if one.name == name), None)


def _typed(text: str) -> object:
    try:
        return value_of(text)
    except (ValueError, PlanError):
        return text


def _risk_text(risk: float | None) -> str:
    return "" if risk is None else scalar(risk)
