"""What somebody can be told of."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

STUDY_ENDED: Final = "study_ended"
TRIAL_FAILED: Final = "trial_failed"
BUDGET_NEARLY_SPENT: Final = "budget_nearly_spent"
WORKER_LOST: Final = "worker_lost"
DRIFT: Final = "drift"
UNFAIR_REGION: Final = "unfair_region"
TEST: Final = "test"

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        STUDY_ENDED: "A study ended",
        TRIAL_FAILED: "A trial failed",
        BUDGET_NEARLY_SPENT: "A budget is nearly spent",
        WORKER_LOST: "A worker was lost in the middle of a trial",
        DRIFT: "A pruning rule drifted",
        UNFAIR_REGION: "A region may have been pruned unfairly",
    }
)
"""The kinds that may be chosen, with their headlines."""
HEADLINES: Final[Mapping[str, str]] = MappingProxyType({**KINDS, TEST: "A test"})
