"""What a plan may fix and what a study may tune; plain Python, so that a web process can read it cheaply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from trials.trainables.base import MetricInfo, ParameterInfo, Value
from trials.trainables.fields import setting, with_defaults

STDLIB_BASE = "stdlib-tiny"
"""The base that is pre-trained here; any other name is a registered resource."""
ALPHA_PER_RANK = 16
"""With the customary 2 the best learning rate of the demo study sits at the edge of its range."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A plan's fixed settings of `lora_lm`."""

    base: str = setting(STDLIB_BASE)
    # Every trial trains on equally many examples, whatever its batch size: equal steps would reward
    # spending seven times the compute.
    examples: int = setting(8_192, low=1)
    reports: int = setting(16, low=1)
    robustness_every: int = setting(4, low=0)
    """Reports between two robustness diagnostics; 0 for none."""
    target_modules: str = setting("all", choices=("all", "attention"))
    validation_chunks: int = setting(192, low=1)
    chunk_length: int = setting(64, low=8, high=4096)
    """Tokens predicted per validation chunk, whatever the sequence length trained with."""
    evaluation_batch: int = setting(32, low=1)
    # How the base `stdlib-tiny` is made. A fixed number of steps, not a time, so that its digest holds.
    base_steps: int = setting(1_200, low=1)
    base_vocabulary: int = setting(1_024, low=257, high=65_536)
    base_width: int = setting(128, low=8)
    base_layers: int = setting(2, low=1)
    base_heads: int = setting(4, low=1)
    base_feed_forward: int = setting(384, low=8)
    base_characters: int = setting(0, low=0)
    """Characters of source text to learn from; 0 for all."""


SMALL_SETTINGS: Mapping[str, object] = {
    "examples": 96,
    "reports": 6,
    "robustness_every": 2,
    "validation_chunks": 8,
    "chunk_length": 16,
    "base_steps": 4,
    "base_vocabulary": 300,
    "base_width": 16,
    "base_layers": 1,
    "base_heads": 2,
    "base_feed_forward": 32,
    "base_characters": 60_000,
}
"""Settings under which a trial takes a second: for tests and `trainable check`."""

PARAMETERS = (
    ParameterInfo(name="learning_rate", kind="float", default=2e-4, low=0.0, high=1.0, help="Peak, after warm-up."),
    ParameterInfo(name="batch_size", kind="int", default=32, low=1, high=1024),
    ParameterInfo(
        name="grad_accumulation",
        kind="int",
        default=1,
        low=1,
        high=256,
        help="Batches summed into one update; the examples stay the same.",
    ),
    ParameterInfo(
        name="sequence_length", kind="int", default=64, low=8, high=4096, help="Tokens predicted per training example."
    ),
    ParameterInfo(name="warmup_steps", kind="int", default=100, low=0, high=100_000, help="In updates."),
    ParameterInfo(name="lora_rank", kind="int", default=8, low=1, high=256),
    ParameterInfo(
        name="lora_alpha", kind="float", default=None, low=0.0, high=8192.0, help="None means 16 times the rank."
    ),
    ParameterInfo(name="lora_dropout", kind="float", default=0.0, low=0.0, high=0.9),
    ParameterInfo(name="weight_decay", kind="float", default=0.01, low=0.0, high=10.0),
    ParameterInfo(name="grad_clip", kind="float", default=1.0, low=0.0, high=1e6, help="0 for none."),
    ParameterInfo(name="optimizer", kind="categorical", default="adamw", choices=("adamw", "adafactor")),
    ParameterInfo(name="scheduler", kind="categorical", default="constant", choices=("constant", "linear", "cosine")),
)

METRICS = (
    MetricInfo(name="val_loss", direction="minimize", unit="nats per token"),
    MetricInfo(name="val_perplexity", direction="minimize"),
    MetricInfo(name="train_loss", direction="minimize", unit="nats per token"),
    MetricInfo(name="grad_norm"),
    MetricInfo(name="learning_rate"),
    MetricInfo(name="tokens_per_second", direction="maximize", unit="tokens/s", repeatable=False),
    MetricInfo(name="ece", direction="minimize"),
    MetricInfo(name="long_perplexity", direction="minimize"),
    MetricInfo(name="corrupted_perplexity", direction="minimize"),
)


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """The tunable parameters of one trial, typed."""

    learning_rate: float
    batch_size: int
    grad_accumulation: int
    sequence_length: int
    warmup_steps: int
    lora_rank: int
    lora_alpha: float
    lora_dropout: float
    weight_decay: float
    grad_clip: float
    optimizer: str
    scheduler: str

    @classmethod
    def from_params(cls, params: Mapping[str, Value]) -> Configuration:
        """Fill in the defaults; raise ValueError for a parameter or an optimizer nobody knows."""
        values = with_defaults(PARAMETERS, params)
        if values["lora_alpha"] is None:
            values["lora_alpha"] = float(ALPHA_PER_RANK * cast(int, values["lora_rank"]))
        return cls(**values)  # type: ignore[arg-type]  # the bounds of PARAMETERS are the study's to keep
