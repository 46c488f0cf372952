"""The base model `stdlib-tiny`: a small causal transformer, pre-trained once on standard-library sources.

Made once per recipe, in a folder named by the recipe's digest that any `transformers` program can load. The
number of steps is fixed rather than the time, so that seed and digest hold on every machine.
"""

from __future__ import annotations

import json
import math
import platform
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from trials.trainables.locks import exclusive
from trials.trainables.lora_lm.settings import Settings
from trials.trainables.lora_lm.text import base_text, text_digest

Progress = Callable[[str, float, float], None]

RECIPE_VERSION = 1
"""Raise it when the code below changes what comes out of the same recipe."""
TRAINING_LENGTH = 64
BATCH = 32
PEAK_LEARNING_RATE = 4e-3
WARMUP = 50
SEED = 0
END_OF_TEXT = "<|endoftext|>"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides what the base model is."""

    steps: int
    vocabulary: int
    width: int
    layers: int
    heads: int
    feed_forward: int
    characters: int

    @classmethod
    def from_settings(cls, settings: Settings) -> Recipe:
        """Take the recipe out of a plan's settings."""
        return cls(
            steps=settings.base_steps,
            vocabulary=settings.base_vocabulary,
            width=settings.base_width,
            layers=settings.base_layers,
            heads=settings.base_heads,
            feed_forward=settings.base_feed_forward,
            characters=settings.base_characters,
        )

    def digest(self) -> str:
        """Return the name of this base: the recipe, its version and the Python whose sources it learns from.

        Not the sources themselves: every trial asks, and should not read ten megabytes to learn the answer.
        """
        facts = {**asdict(self), "version": RECIPE_VERSION, "python": platform.python_version()}
        return text_digest(json.dumps(facts, sort_keys=True))[:16]


def ensure_base(recipe: Recipe, cache: Path, *, threads: int, progress: Progress) -> Path:
    """Return the folder of the base model, making it first if it is not there.

    Two processes that ask at once make it once: the second waits for the lock and finds the folder.
    """
    folder = cache / f"base-{recipe.digest()}"
    if not folder.exists():
        with exclusive(cache / f"{folder.name}.lock"):
            if not folder.exists():
                _make(recipe, folder, threads=threads, progress=progress)
    return folder


def _make(recipe: Recipe, folder: Path, *, threads: int, progress: Progress) -> None:
    scratch = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    try:
        progress("training the tokenizer", 0, recipe.steps)
        text = base_text(recipe.characters)
        tokenizer = train_tokenizer(text, recipe.vocabulary)
        tokens = torch.from_numpy(encode(tokenizer, text))
        # A base is made on the CPU, even for a CUDA slot: it is the same one everywhere.
        torch.set_num_threads(threads)
        model, loss = pretrain(recipe, tokens, progress)
        model.config.save_pretrained(scratch)
        save_file(model.state_dict(), scratch / "model.safetensors", metadata={"format": "pt"})
        PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END_OF_TEXT).save_pretrained(scratch)
        manifest: dict[str, Any] = {**asdict(recipe), "version": RECIPE_VERSION, "python": platform.python_version()}
        manifest |= {"text": text_digest(text), "tokens": len(tokens), "last_training_loss": loss}
        (scratch / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def train_tokenizer(text: str, vocabulary: int) -> Tokenizer:
    """Train a byte-level BPE tokenizer of `vocabulary` entries."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(text.splitlines(keepends=True), trainer)
    return tokenizer


def encode(tokenizer: Tokenizer, text: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the tokens of a long text, read in pieces so that memory stays small."""
    pieces = [text[start : start + 100_000] for start in range(0, len(text), 100_000)]
    return np.concatenate([np.asarray(tokenizer.encode(piece).ids, dtype=np.int64) for piece in pieces])


def pretrain(recipe: Recipe, tokens: torch.Tensor, progress: Progress) -> tuple[LlamaForCausalLM, float]:
    """Train the base model for the recipe's steps; return it with the mean loss of its last fifty steps."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        model = LlamaForCausalLM(_config(recipe))
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK_LEARNING_RATE, weight_decay=0.1, fused=True)
    offsets = torch.randint(
        len(tokens) - TRAINING_LENGTH - 1, (recipe.steps, BATCH), generator=torch.Generator().manual_seed(SEED)
    )
    window = torch.arange(TRAINING_LENGTH + 1)
    losses: list[float] = []
    for step in range(recipe.steps):
        optimizer.param_groups[0]["lr"] = PEAK_LEARNING_RATE * _linear(step, recipe.steps)
        batch = tokens[offsets[step, :, None] + window]  # (BATCH, TRAINING_LENGTH + 1)
        logits = model(input_ids=batch[:, :-1], use_cache=False).logits
        loss = functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        if step % 10 == 9 or step + 1 == recipe.steps:
            progress(f"pre-training the base model (loss {losses[-1]:.2f})", step + 1, recipe.steps)
    last = losses[-50:]
    return model.eval(), math.fsum(last) / len(last)


def _linear(step: int, steps: int) -> float:
    return min((step + 1) / WARMUP, (steps - step) / steps)


def _config(recipe: Recipe) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=recipe.vocabulary,
        hidden_size=recipe.width,
        intermediate_size=recipe.feed_forward,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        max_position_embeddings=8 * TRAINING_LENGTH,
        bos_token_id=0,
        eos_token_id=0,
        attn_implementation="sdpa",
    )
