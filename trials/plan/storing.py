"""The stored form of a plan: plain data with every default filled in, and its fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast

from trials.plan.model import Budget, Enqueued, Objective, Plan, SamplerSpec, TrainableSpec
from trials.space import Space

SCHEMA = 1
"""Raised whenever the stored form changes its meaning; it is part of the fingerprint."""

Stored = Mapping[str, Any]  # JSON out of a revision's row, written by `plan_to_data`


def plan_to_data(plan: Plan) -> dict[str, object]:
    """Return plain data that JSON keeps; lists wherever the order counts."""
    return {
        "schema": SCHEMA,
        "name": plan.name,
        "description": plan.description,
        "hypothesis": plan.hypothesis,
        "objectives": [asdict(objective) for objective in plan.objectives],
        "space": plan.space.to_data(),
        "defaults": None if plan.defaults is None else dict(plan.defaults),
        "enqueue": [{"params": dict(item.params), "pinned": item.pinned} for item in plan.enqueue],
        "sampler": {"name": plan.sampler.name, "settings": dict(plan.sampler.settings)},
        "seed": plan.seed,
        "policy": dict(plan.policy) if isinstance(plan.policy, Mapping) else plan.policy,
        "budget": asdict(plan.budget),
        "trainable": _trainable_to_data(plan.trainable),
        "horizon": plan.horizon,
        "step_unit": plan.step_unit,
        "report_steps": list(plan.report_steps),
        "metrics": list(plan.metrics),
        "tags": list(plan.tags),
        "trial_minutes": plan.trial_minutes,
    }


def plan_from_data(data: Mapping[str, object]) -> Plan:
    """Return the plan that `plan_to_data` wrote; raise ValueError for a schema this version does not read."""
    stored = cast(Stored, data)
    if stored.get("schema") != SCHEMA:
        raise ValueError(f"plan schema {stored.get('schema')!r} is not read here; this version reads {SCHEMA}")
    trainable = stored["trainable"]
    return Plan(
        name=stored["name"],
        description=stored["description"],
        hypothesis=stored["hypothesis"],
        objectives=tuple(Objective(**objective) for objective in stored["objectives"]),
        space=Space.from_data(stored["space"]),
        defaults=stored["defaults"],
        enqueue=tuple(Enqueued(**item) for item in stored["enqueue"]),
        sampler=SamplerSpec(**stored["sampler"]),
        seed=stored["seed"],
        policy=stored["policy"],
        budget=Budget(**stored["budget"]),
        trainable=None if trainable is None else TrainableSpec(**trainable),
        horizon=stored["horizon"],
        step_unit=stored["step_unit"],
        report_steps=tuple(stored["report_steps"]),
        metrics=tuple(stored["metrics"]),
        tags=tuple(stored["tags"]),
        trial_minutes=stored["trial_minutes"],
    )


def fingerprint(plan: Plan) -> str:
    """Return the SHA-256, in hex, of the stored form as canonical JSON (sorted keys, no spaces, UTF-8)."""
    canonical = json.dumps(plan_to_data(plan), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _trainable_to_data(spec: TrainableSpec | None) -> dict[str, object] | None:
    return None if spec is None else {"name": spec.name, "settings": dict(spec.settings)}
