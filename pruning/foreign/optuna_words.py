"""What a pruner of Optuna's went by, in words made from the evidence alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pruning.rules.words import apart, count, number, ranking

TITLES: Mapping[str, str] = {
    "hyperband": "Hyperband",
    "median": "median",
    "patient": "patient",
    "percentile": "percentile",
    "successive_halving": "successive halving",
    "threshold": "threshold",
    "wilcoxon": "Wilcoxon",
}


def clause_of(evidence: Mapping[str, Any]) -> str:
    """Return the clause: the numbers, and whose pruner it was."""
    whose = f"by the {TITLES[evidence['pruner']]} pruner of {evidence['recorded']}"
    return f"{_WORDS[evidence['pruner']](evidence)}, {whose}"


def _percentile(evidence: Mapping[str, Any]) -> str:
    metric, value, cut = evidence["metric"], evidence["value"], evidence["cut"]
    if evidence["basis"] == "too_few":
        have = f"{count(evidence['complete'], 'complete trial')}, {evidence['compared']} of them here"
        return f"{metric} {number(value)} has too few to be compared with ({have}; {evidence['least']} needed)"
    if cut is None:
        return f"{metric} {number(value)} is not compared {_why_not(evidence)}"
    own, line = apart(value, cut)
    side = "worse than" if evidence["prunes"] else "no worse than"
    among = f"the best {number(evidence['percentile'], 0)} % of {count(evidence['compared'], 'complete trial')}"
    return f"best {metric} {own} is {side} {among} (cut {line})"


def _rung(evidence: Mapping[str, Any]) -> str:
    metric, value = evidence["metric"], evidence["value"]
    if "rung" not in evidence:
        due = evidence.get("next")
        until = "no trial has completed" if due is None and "next" not in evidence else "no rung is left"
        return f"{metric} {number(value)} is at no rung ({until if due is None else f'the next is at step {due}'})"
    at = f" at rung {evidence['rung']} (from step {evidence['rung_step']})"
    of = f" of bracket {evidence['bracket']}" if "bracket" in evidence else ""
    if evidence["basis"] == "too_few":
        return f"{metric} {number(value)} is one of {evidence['reached']}{at}{of}; more than {evidence['least']} needed"
    cut = evidence["cut"] if evidence["prunes"] else None
    said = ranking(
        metric=metric,
        value=value,
        rank=evidence["rank"],
        population=evidence["population"],
        quota=evidence["quota"],
        cut=cut,
    )
    return f"{said}{at}{of}"


def _threshold(evidence: Mapping[str, Any]) -> str:
    limits = [
        f"{side} {number(evidence[name])}"
        for name, side in (("lower", "at least"), ("upper", "at most"))
        if evidence[name] is not None
    ]
    if evidence["basis"] == "not_due":
        return f"{evidence['metric']} {number(evidence['value'])} is not compared {_why_not(evidence)}"
    side = "is not within" if evidence["prunes"] else "is within"
    return f"{evidence['metric']} {number(evidence['value'])} {side} its limits ({' and '.join(limits)})"


def _patient(evidence: Mapping[str, Any]) -> str:
    metric, window = evidence["metric"], count(evidence["patience"] + 1, "look")
    if evidence["before"] is None:
        return f"{metric} {number(evidence['value'])} has been watched for no more than {window}"
    since, before = apart(evidence["value"], evidence["before"])
    if not evidence["waited"]:
        return f"best {metric} {since} of the last {window} is no worse than {before} before"
    said = f"best {metric} {since} of the last {window} is worse than {before} before"
    inner = evidence.get("wrapped")
    return said if inner is None else f"{said}, and the pruner inside says {'stop' if inner['prunes'] else 'go on'}"


def _wilcoxon(evidence: Mapping[str, Any]) -> str:
    metric, value, basis = evidence["metric"], evidence["value"], evidence["basis"]
    if "best_trial" not in evidence:
        return f"{metric} {number(value)} has no complete trial to be compared with"
    pairs = f"{count(evidence['pairs'], 'pair')} with trial {evidence['best_trial']}"
    if basis == "not_finite":
        return f"{metric} {number(value)} is not compared: of {pairs} some are not numbers"
    if basis == "too_few":
        return f"{metric} {number(value)} has {pairs}; {evidence['least']} needed"
    p, limit = apart(evidence["p"], evidence["p_threshold"])
    return f"{metric} {number(value)} has p {p} of being no worse in {pairs} (pruned below {limit})"


def _why_not(evidence: Mapping[str, Any]) -> str:
    return "at this look" if evidence["basis"] == "not_due" else "with values that are not numbers"


_WORDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "hyperband": _rung,
    "median": _percentile,
    "patient": _patient,
    "percentile": _percentile,
    "successive_halving": _rung,
    "threshold": _threshold,
    "wilcoxon": _wilcoxon,
}
