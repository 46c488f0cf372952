"""A policy: gates, one strategy and safeguards, composed in a fixed order into one pure judgement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, cast

from pruning.canonical import fingerprint
from pruning.foreign.registry import EVERY_STRATEGY
from pruning.foreign.tools import translate
from pruning.launch_terms import SECTIONS as LAUNCH_SECTIONS
from pruning.launch_terms import LaunchTerms, launch_terms, without_terms
from pruning.looks import Geometric, Looks, grid, read_looks
from pruning.presets import DEFAULT, DESCRIPTIONS, PRESETS
from pruning.rules import GATES
from pruning.rules.base import Facts, Kind, Rule, Verdict, needs_of
from pruning.rules.calibrated_halving import CalibratedHalving
from pruning.rules.calibration import Terms
from pruning.rules.gathering import Gathering
from pruning.rules.reading import read_rule, rule_data
from pruning.rules.settings import PolicyError, Problem, plain, read, unknown
from pruning.rules.surroundings import Needs
from pruning.safeguards import Safeguards

NOTICING = frozenset({Kind.WARN, Kind.FINISH})
SECTIONS = ("preset", "from", "settings", "looks", "gates", "strategy", "safeguards", "shadow", *LAUNCH_SECTIONS)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Gates judge every report; at decision points the strategy and then the safeguards speak.

    One verdict comes out. What the other rules said at the same moment stands in its evidence as `concurring`.
    """

    looks: Looks = ()
    gates: tuple[Rule, ...] = ()
    strategy: Rule | None = None
    safeguards: Safeguards = field(default_factory=Safeguards)
    shadow: bool = False
    """Record what it would have done and stop nothing."""
    name: str = "custom"
    """The preset it is, or `custom`."""

    def judge(self, facts: Facts) -> Verdict:
        """Return the verdict on one report."""
        heard = self._hear_gates(facts)
        strategic = self._judge_strategy(facts) if facts.look is not None else None
        if heard.stop is not None:
            answer, others = self.safeguards.answer_gate(facts, heard.stop), [*heard.warnings, strategic]
        elif strategic is not None and strategic.speaks_against:
            answer, others = strategic, [*heard.warnings]
        elif strategic is not None and strategic.kind is Kind.KEEP and heard.finish is not None:
            answer = self.safeguards.answer_finish(facts, heard.finish)
            others = [strategic, *(warning for warning in heard.warnings if warning.rule != answer.rule)]
        elif heard.warnings:
            answer, others = heard.warnings[0], [*heard.warnings[1:], strategic]
        else:
            answer, others = strategic or nothing_to_say(facts), []
        answer = with_concurring(answer, [verdict for verdict in others if verdict])
        return replace(with_measured(answer, facts), shadow=self.shadow)

    def is_alarmed(self, facts: Facts) -> bool:
        """Say whether the trial's own points alone call for a verdict between decision points.

        A gate that goes on speaking against a spared trial is heard once while it lasts, as a warning is.
        """
        facts = replace(facts, peers=None)
        heard = self._hear_gates(facts)
        if heard.stop is None or heard.warnings:
            return bool(heard.warnings)
        if self.safeguards.answer_gate(facts, heard.stop).kind is not Kind.PROTECT:
            return True
        before = self._hear_gates(facts.before()).stop
        return before is None or before.rule != heard.stop.rule

    def grid(self, *, horizon: int, report_steps: Sequence[int] = (), path: str = "policy") -> tuple[int, ...]:
        """Return the decision points of trials of this length; PolicyError if they do not fit it."""
        if self.strategy is None:
            return ()
        return grid(self.looks, horizon=horizon, report_steps=report_steps, path=f"{path}.looks")

    def problems(
        self,
        *,
        horizon: int,
        report_steps: Sequence[int] = (),
        metrics: Sequence[str] = (),
        labels: Sequence[str] | None = None,
        path: str = "policy",
    ) -> list[Problem]:
        """Return why the policy does not fit a study: looks beyond its end, metrics or labels it does not report.

        metrics: all that are reported; empty if that is not known beforehand. labels: those that series of the
        objective carry; None if that is not known.
        """
        found: list[Problem] = []
        try:
            self.grid(horizon=horizon, report_steps=report_steps, path=path)
        except PolicyError as error:
            found.extend(error.problems)
        for where, rule in self._rules(path):
            for name in rule.metrics():
                if metrics and name not in metrics:
                    found.append(Problem(path=where, message=unknown(name, metrics, "metric")))
        found.extend(self._label_problems(labels, path))
        return found

    def metrics(self) -> tuple[str, ...]:
        """Return the metrics that its rules read beside the objective, each once."""
        return tuple(dict.fromkeys(name for _, rule in self._rules("") for name in rule.metrics()))

    @cached_property
    def needs(self) -> Needs:
        """Return what its rules and safeguards ask for beside curves and ranks."""
        needs = self.safeguards.needs
        for _, rule in self._rules(""):
            needs = needs_of(rule) | needs
        return needs

    @property
    def terms(self) -> Terms | None:
        """Return what the strategy calibrates under; None for one that calibrates nothing."""
        terms = getattr(self.strategy, "terms", None)
        return terms if isinstance(terms, Terms) else None

    def to_mapping(self) -> dict[str, object]:
        """Return the policy as plain data with every default filled in and every rule's version."""
        return {
            "looks": plain(self.looks) if isinstance(self.looks, Geometric) else list(self.looks),
            "gates": [rule_data(gate) for gate in self.gates],
            "strategy": rule_data(self.strategy) if self.strategy else None,
            "safeguards": plain(self.safeguards),
            "shadow": self.shadow,
        }

    @cached_property
    def fingerprint(self) -> str:
        """Return the SHA-256 of the canonical form: equal exactly for policies that judge alike."""
        return fingerprint(self.to_mapping())

    @property
    def description(self) -> str:
        """Return one line for pages: what it does."""
        does = DESCRIPTIONS.get(self.name) or f"gates: {self._names(self.gates)}; strategy: {self._names(self._one())}"
        return f"shadow, stops nothing: {does}" if self.shadow else does

    @classmethod
    def from_mapping(cls, data: object, path: str = "policy") -> Policy:
        """Make a policy from a preset's name, plain data, or None (the default preset).

        Raises PolicyError that names every unknown rule or setting and every refused value by its path.
        """
        return _read_policy(data, path)

    def _hear_gates(self, facts: Facts) -> _Heard:
        """Ask the gates in order: the first stop, the warnings that begin with this report, a plateau's FINISH.

        A warning is given once while it lasts. A FINISH is for the safeguards and the strategy to weigh at a decision
        point; between decision points it is a warning.
        """
        warnings: list[Verdict] = []
        finish: Verdict | None = None
        for gate in self.gates:
            verdict = gate.judge(facts)
            if verdict.kind is Kind.FINISH:
                finish = finish or verdict
            elif verdict.kind.halts:
                return _Heard(stop=verdict, warnings=tuple(warnings))
            if verdict.kind in NOTICING and gate.judge(facts.before()).kind not in NOTICING:
                warnings.append(replace(verdict, kind=Kind.WARN))
        return _Heard(warnings=tuple(warnings), finish=finish)

    def _judge_strategy(self, facts: Facts) -> Verdict | None:
        if self.strategy is None:
            return None
        gathers = isinstance(self.strategy, Gathering) and self.strategy.gathers(facts)  # it sees to peers by itself
        verdict = (None if gathers else self.safeguards.too_few_peers(facts)) or self.strategy.judge(facts)
        return self.safeguards.answer_strategy(facts, verdict) if verdict.kind.halts else verdict

    def _rules(self, path: str) -> list[tuple[str, Rule]]:
        gates = [(f"{path}.gates[{index}]", gate) for index, gate in enumerate(self.gates)]
        return [*gates, *((f"{path}.strategy", rule) for rule in self._one())]

    def _one(self) -> tuple[Rule, ...]:
        return (self.strategy,) if self.strategy else ()

    def _label_problems(self, labels: Sequence[str] | None, path: str) -> list[Problem]:
        """Return which labels the objective's series do not carry, and where two different ones are named."""
        named = [
            (f"{place}.label", needs_of(member).label)
            for where, rule in self._rules(path)
            for place, member in _with_members(where, rule)
        ]
        named = [
            (where, label) for where, label in [*named, (f"{path}.safeguards.label", self.safeguards.label)] if label
        ]
        found = [
            Problem(path=where, message=_unknown_label(label, labels))
            for where, label in named
            if labels is not None and label not in labels
        ]
        others = [
            Problem(
                path=where, message=f"{label!r} is not the {named[0][1]!r} of {named[0][0]}: use one label for both"
            )
            for where, label in named
            if label != named[0][1]
        ]
        return found or others

    def _names(self, rules: Sequence[Rule]) -> str:
        return ", ".join(rule.name for rule in rules) or "none"


@dataclass(frozen=True, kw_only=True)
class _Heard:
    """What the gates said about one report."""

    stop: Verdict | None = None
    warnings: tuple[Verdict, ...] = ()
    finish: Verdict | None = None


def nothing_to_say(facts: Facts) -> Verdict:
    """Return the KEEP of a report that no rule had anything to say about."""
    return Verdict(kind=Kind.KEEP, rule="gates", version=1, step=facts.step, clause="no gate has anything against it")


def with_concurring(verdict: Verdict, others: Sequence[Verdict]) -> Verdict:
    """Return the verdict with what the other rules said at the same moment in its evidence."""
    if not others:
        return verdict
    said = [
        {
            "rule": other.rule,
            "version": other.version,
            "verdict": str(other.kind),
            "reason": other.reason,
            "clause": other.clause,
            "evidence": dict(other.evidence),
        }
        for other in others
    ]
    return replace(verdict, evidence={**verdict.evidence, "concurring": said})


def _with_members(where: str, rule: Rule) -> list[tuple[str, Rule]]:
    """Return a rule with its path, or, of one that is made of rules, those."""
    members = getattr(rule, "of", ())
    return [(f"{where}.of[{place}]", member.rule) for place, member in enumerate(members)] or [(where, rule)]


def _unknown_label(label: str, labels: Sequence[str]) -> str:
    if not labels:
        return f"{label!r} is no label of the objective, which is told without any: leave the setting out"
    return unknown(label, labels, "label")


def with_measured(verdict: Verdict, facts: Facts) -> Verdict:
    """Return the verdict with what was measured at its moment in its evidence; a replay takes it from there."""
    measured = facts.measured
    return replace(verdict, evidence={**verdict.evidence, "measured": measured}) if measured else verdict


def _read_policy(data: object, path: str) -> Policy:
    if data is None:
        data = DEFAULT
    if isinstance(data, str):
        return _read_preset(data, path)
    if not isinstance(data, Mapping):
        message = f"{data!r} is neither a mapping nor a preset's name ({', '.join(PRESETS)})"
        raise PolicyError([Problem(path=path, message=message)])
    if any(key in data for key in LAUNCH_SECTIONS):
        return _read_with_terms(data, path)
    problems = [
        Problem(path=f"{path}.{key}", message=unknown(key, SECTIONS, "section")) for key in data if key not in SECTIONS
    ]
    if data.keys() <= {"preset", "shadow"} and isinstance(data.get("preset"), str):
        preset = _read_preset(data["preset"], path)
        return replace(preset, shadow=_read_flag(data.get("shadow", False), f"{path}.shadow"))
    base: Mapping[str, object] = {}
    if "preset" in data:
        _check_preset(data["preset"], f"{path}.preset")
        base = PRESETS[cast(str, data["preset"])]
    elif "from" in data:
        base = translate(data.get("settings"), data["from"], path=path).policy
    if "settings" in data and ("from" not in data or "preset" in data):
        message = "settings of another tool stand beside `from: wandb`, `optuna` or `ray`, and without a preset"
        problems.append(Problem(path=f"{path}.settings", message=message))
    return _assemble(_merged(base, data), path, problems)


def _read_with_terms(data: Mapping[str, object], path: str) -> Policy:
    """Make a policy whose data ask something of the launch too; a prior that is still to come changes nothing yet."""
    problems: list[Problem] = []
    terms, policy = LaunchTerms(), Policy()
    try:
        terms = launch_terms(data, path)
    except PolicyError as error:
        problems.extend(error.problems)
    try:
        policy = _read_policy(without_terms(data) or None, path)
    except PolicyError as error:
        problems.extend(error.problems)
    strategy: object = policy.strategy
    if not problems and terms.speaks_of_links and not isinstance(strategy, CalibratedHalving):
        message = "only calibrated_halving has links that a prior could speak about: leave it out, or use that strategy"
        problems.append(Problem(path=f"{path}.prior", message=message))
    if problems:
        raise PolicyError(problems)
    if terms.agreement is None or not isinstance(strategy, CalibratedHalving):
        return policy
    return replace(policy, strategy=replace(strategy, prior=terms.agreement, prior_weight=terms.weight))


def _read_preset(name: str, path: str) -> Policy:
    _check_preset(name, path)
    return replace(_assemble(dict(PRESETS[name]), path, []), name=name)


def _check_preset(name: object, path: str) -> None:
    if not isinstance(name, str) or name not in PRESETS:
        raise PolicyError([Problem(path=path, message=unknown(str(name), PRESETS, "preset"))])


def _merged(base: Mapping[str, object], data: Mapping[str, object]) -> dict[str, object]:
    """Lay a plan's sections over a preset's, or a translated policy's; safeguards setting by setting."""
    merged = {**base, **data}
    below, above = base.get("safeguards"), data.get("safeguards")
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        merged["safeguards"] = {**below, **above}
    return {name: value for name, value in merged.items() if name not in {"preset", "from", "settings"}}


def _assemble(data: Mapping[str, object], path: str, problems: list[Problem]) -> Policy:
    """Read every section, so that one error names all problems."""
    parts: dict[str, Any] = {}  # each value was made by the reader of its section
    readers: Mapping[str, Callable[[Any], object]] = {
        "looks": lambda value: read_looks(value, f"{path}.looks"),
        "gates": lambda value: _read_gates(value, f"{path}.gates"),
        "strategy": lambda value: None if value is None else read_rule(value, EVERY_STRATEGY, f"{path}.strategy"),
        "safeguards": lambda value: _read_safeguards(value, f"{path}.safeguards"),
        "shadow": lambda value: _read_flag(value, f"{path}.shadow"),
    }
    for section, reader in readers.items():
        if section in data:
            try:
                parts[section] = reader(data[section])
            except PolicyError as error:
                problems.extend(error.problems)
    if not problems and parts.get("strategy") is not None and "looks" not in parts:
        parts["looks"] = Geometric()
    if problems:
        raise PolicyError(problems)
    return Policy(**parts)


def _read_gates(data: object, path: str) -> tuple[Rule, ...]:
    if not isinstance(data, list | tuple):
        raise PolicyError(
            [Problem(path=path, message=f"{data!r} is not a list of gates, such as [{{rule: divergence}}]")]
        )
    return tuple(read_rule(gate, GATES, f"{path}[{index}]") for index, gate in enumerate(data))


def _read_safeguards(data: object, path: str) -> Safeguards:
    if not isinstance(data, Mapping):
        raise PolicyError([Problem(path=path, message=f"{data!r} is not a mapping of safeguards")])
    return read(Safeguards, data, path)


def _read_flag(data: object, path: str) -> bool:
    if not isinstance(data, bool):
        raise PolicyError([Problem(path=path, message=f"{data!r} is not true or false")])
    return data
