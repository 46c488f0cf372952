"""The tools whose settings are read as policies: one file each, one line each."""

from __future__ import annotations

from collections.abc import Mapping

from pruning.foreign import optuna_policies, ray_policies, wandb_policies
from pruning.foreign.translation import Reader, Translation, refuse
from pruning.rules.settings import unknown

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


def translate(data: object, tool: object, *, path: str) -> Translation:
    """Read a tool's settings as a policy; PolicyError names every problem by path, with the remedy."""
    if not isinstance(tool, str) or tool not in TOOLS:
        raise refuse(f"{path}.from", unknown(str(tool), TOOLS, "tool"))
    return TOOLS[tool](data, f"{path}.settings")


def notes_of(data: object) -> tuple[str, ...]:
    """Return the notes on a plan's policy if it was translated from another tool's settings; empty otherwise."""
    if not isinstance(data, Mapping) or "from" not in data:
        return ()
    return translate(data.get("settings"), data["from"], path="policy").notes
