"""Policies by name: what a plan may write in one word."""

from __future__ import annotations

from collections.abc import Mapping

OFF = "off"
DEFAULT = "balanced"

PRESETS: Mapping[str, Mapping[str, object]] = {
    "safe": {
        "looks": {"factor": 2.0},
        "gates": [{"rule": "divergence"}],
        "strategy": {"rule": "calibrated_halving", "risk": 0.05, "action": "pause"},
        "safeguards": {"control_every": 10},
    },
    "balanced": {
        "looks": {"factor": 2.0},
        "gates": [{"rule": "divergence"}],
        "strategy": {"rule": "calibrated_halving", "risk": 0.2, "action": "pause"},
        "safeguards": {"control_every": 20},
    },
    "fast": {
        "looks": {"factor": 2.0},
        "gates": [{"rule": "divergence"}],
        "strategy": {"rule": "asha", "eta": 2.0},
        "safeguards": {"control_every": 50},
    },
    OFF: {
        "looks": [],
        "gates": [{"rule": "divergence"}],
        "strategy": None,
        "safeguards": {"control_every": 0},
    },
}

DESCRIPTIONS: Mapping[str, str] = {
    "safe": "calibrated halving: holds the risk of losing the best trial under 5 %",
    "balanced": "calibrated halving: holds the risk of losing the best trial under 20 %",
    "fast": "asynchronous halving: half of the trials go on at every look",
    OFF: "only trials that diverge are stopped",
}


def risk_of(policy: Mapping[str, object]) -> float | None:
    """Return the risk of losing the best trial that a policy's strategy is set to; None if it has no such dial."""
    strategy = policy.get("strategy")
    risk = strategy.get("risk") if isinstance(strategy, Mapping) else None
    return float(risk) if isinstance(risk, int | float) else None
