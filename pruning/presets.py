"""Policies by name: what a plan may write in one word."""

from __future__ import annotations

from collections.abc import Mapping

OFF = "off"
DEFAULT = "fast"

PRESETS: Mapping[str, Mapping[str, object]] = {
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
    "fast": "asynchronous halving: half of the trials go on at every look",
    OFF: "only trials that diverge are stopped",
}
