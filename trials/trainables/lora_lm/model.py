"""Load a base model with its tokens, and put low-rank adapters on it."""

from __future__ import annotations

import hashlib
import platform
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, inject_adapter_in_model
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase
from transformers.utils.logging import disable_progress_bar

from trials.trainables.lora_lm.settings import Configuration
from trials.trainables.lora_lm.text import corrupted, fine_tuning_split, text_digest

disable_progress_bar()  # loading takes a blink, and the trial's log is for its own words

TOKENS_VERSION = 1
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
"""The attention layers of the Llama family, of which both bases we know are."""
FINGERPRINT_FILES = ("model.safetensors", "tokenizer.json", "config.json")


@dataclass(frozen=True)
class Tokens:
    """The fine-tuning text as one row of token ids per part."""

    train: torch.Tensor
    validation: torch.Tensor
    corrupted: torch.Tensor
    """The validation text with a share of its letters replaced."""
    test: torch.Tensor


def load_tokens(base: Path, cache: Path) -> Tokens:
    """Return the fine-tuning text in the tokens of this base; kept in the cache once made."""
    name = text_digest(str(TOKENS_VERSION), platform.python_version(), base_fingerprint(base))[:16]
    path = cache / f"tokens-{name}.npz"
    if not path.exists():
        _store(path, _make_tokens(base))
    with np.load(path, allow_pickle=False) as arrays:
        return Tokens(**{part: torch.from_numpy(arrays[part]) for part in arrays})


def load_base(base: Path) -> Any:
    """Load the base model in single precision from a `transformers` folder or a GGUF file, without any network.

    Returns `Any`: the classes of `transformers` carry no types that would help.
    """
    return AutoModelForCausalLM.from_pretrained(
        **_location(base), dtype=torch.float32, attn_implementation="sdpa", local_files_only=True
    )


def load_tokenizer(base: Path) -> PreTrainedTokenizerBase:
    """Load the tokenizer that belongs to the base."""
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(**_location(base), local_files_only=True)
    return tokenizer


def with_adapters(model: Any, configuration: Configuration, *, target_modules: str) -> Any:
    """Put low-rank adapters on the model: on all linear layers but the last one, or on attention only.

    Everything else is frozen: what requires a gradient afterwards is the adapters.
    """
    adapters = LoraConfig(
        task_type="CAUSAL_LM",
        r=configuration.lora_rank,
        lora_alpha=configuration.lora_alpha,  # type: ignore[arg-type]  # only ever divided by the rank
        lora_dropout=configuration.lora_dropout,
        target_modules="all-linear" if target_modules == "all" else list(ATTENTION),
    )
    return inject_adapter_in_model(adapters, model)


def base_fingerprint(base: Path) -> str:
    """Return a digest of the files that decide what the base is."""
    paths = [base] if base.is_file() else [base / name for name in FINGERPRINT_FILES if (base / name).exists()]
    if not paths:
        raise FileNotFoundError(f"{base}: neither a file nor a folder with {' or '.join(FINGERPRINT_FILES)}")
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as handle:
            digest.update(hashlib.file_digest(handle, "sha256").digest())
    return digest.hexdigest()


def _make_tokens(base: Path) -> dict[str, np.ndarray[Any, np.dtype[np.int64]]]:
    split, tokenizer = fine_tuning_split(), load_tokenizer(base)
    texts = {part: split.text(part) for part in ("train", "validation", "test")}
    texts["corrupted"] = corrupted(texts["validation"])
    # `verbose=False`: a text longer than the model's context is what we cut into chunks.
    return {
        part: np.asarray(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"], dtype=np.int64)
        for part, text in texts.items()
    }


def _location(base: Path) -> dict[str, Any]:
    if base.is_file():
        return {"pretrained_model_name_or_path": str(base.parent), "gguf_file": base.name}
    return {"pretrained_model_name_or_path": str(base)}


def _store(path: Path, arrays: dict[str, np.ndarray[Any, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".npz", delete=False) as handle:
        np.savez(handle, allow_pickle=False, **arrays)
    Path(handle.name).replace(path)
