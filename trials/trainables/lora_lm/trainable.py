"""What `lora_lm` is, in the words every trainable uses; the training itself is imported when it starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from trials.trainables.base import Run
from trials.trainables.fields import read_settings, settings_problems
from trials.trainables.lora_lm.settings import METRICS, PARAMETERS, SMALL_SETTINGS, STDLIB_BASE, Settings


class LoraLm:
    """Low-rank adapters on a causal language model, judged by its loss on held-out topics."""

    name = "lora_lm"
    title = "LoRA fine-tuning of a language model"
    step_unit = "examples"
    parameters = PARAMETERS
    metrics = METRICS
    preload = ("torch", "transformers.models.llama.modeling_llama", "peft", "tokenizers", "numpy")
    small_settings = SMALL_SETTINGS

    def check_settings(self, settings: Mapping[str, object]) -> Sequence[str]:
        """Name unknown settings, wrong types and values out of range."""
        problems = settings_problems(Settings, settings)
        if problems:
            return problems
        read = Settings(**settings)  # type: ignore[arg-type]  # checked above
        if read.reports > read.examples:
            problems.append(f"reports: {read.reports} is more than the {read.examples} examples; give at most as many")
        if read.base_width % (2 * read.base_heads):
            problems.append(f"base_width: {read.base_width} is no multiple of twice the heads; choose one")
        return problems

    def resource_names(self, settings: Mapping[str, object]) -> Sequence[str]:
        """Return the cache, and the base if it is not the one pre-trained here."""
        base = read_settings(Settings, settings).base
        return ("cache",) if base == STDLIB_BASE else ("cache", base)

    def horizon(self, settings: Mapping[str, object]) -> int:
        """Return the number of training examples, whatever the batch size."""
        return read_settings(Settings, settings).examples

    def report_steps(self, settings: Mapping[str, object]) -> Sequence[int]:
        """Return the nominal steps: a batch that crosses one is counted whole, the step is still its own."""
        read = read_settings(Settings, settings)
        return [read.examples * number // read.reports for number in range(1, read.reports + 1)]

    def prepare(self, run: Run) -> None:
        """Make the base model and its tokens, once per recipe."""
        from trials.trainables.lora_lm.model import load_tokens

        load_tokens(self._base(run), run.resource("cache"))

    def train(self, run: Run) -> None:
        """Train one trial to its horizon or until an answer halts."""
        from trials.trainables.lora_lm.model import load_tokens
        from trials.trainables.lora_lm.train import train_trial

        base, steps = self._base(run), self.report_steps(run.settings)
        tokens = load_tokens(base, run.resource("cache"))
        train_trial(run, read_settings(Settings, run.settings), base=base, tokens=tokens, steps=steps)

    def evaluate(self, run: Run) -> Mapping[str, float]:
        """Return loss, perplexity and calibration of the checkpoint on the topics held out for testing."""
        from trials.trainables.lora_lm.model import load_tokens
        from trials.trainables.lora_lm.train import evaluate_checkpoint

        base = self._base(run)
        tokens = load_tokens(base, run.resource("cache"))
        return evaluate_checkpoint(run, read_settings(Settings, run.settings), base=base, tokens=tokens)

    def _base(self, run: Run) -> Path:
        settings = read_settings(Settings, run.settings)
        if settings.base != STDLIB_BASE:
            return run.resource(settings.base)
        from trials.trainables.lora_lm.base import Recipe, ensure_base

        recipe = Recipe.from_settings(settings)
        return ensure_base(recipe, run.resource("cache"), threads=run.threads, progress=run.progress)
