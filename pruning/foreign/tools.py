"""The tools whose settings are read as policies: one file each, one line each."""

from __future__ import annotations

from collections.abc import Mapping

from pruning.foreign import optuna_policies, ray_policies, wandb_policies
from pruning.foreign.translation import Reader

TOOLS: Mapping[str, Reader] = {
    "optuna": optuna_policies.read,
    "ray": ray_policies.read,
    "wandb": wandb_policies.read,
}


def guess(data: object) -> str | None:
    """Return the tool that settings look like; None where nothing tells."""
    if not isinstance(data, Mapping):
        return None
    target = str(data.get("_target_", ""))
    if "early_terminate" in data or ("type" in data and ("min_iter" in data or "max_iter" in data)):
        return "wandb"
    if "pruner" in data or target.startswith("optuna"):
        return "optuna"
    return "ray" if "scheduler" in data or target.startswith("ray") else None
