"""Fine-tune the adapters of one trial: build, resume, then the loop that reports and asks."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from trials.trainables.base import Run
from trials.trainables.lora_lm.diagnostics import Evaluation, evaluate, perplexity
from trials.trainables.lora_lm.model import Tokens, load_base, with_adapters
from trials.trainables.lora_lm.settings import Configuration, Settings

JSONFloats = dict[str, float]


@dataclass
class Since:
    """What has been measured since the last report."""

    losses: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)
    tokens: int = 0
    started: float = field(default_factory=time.perf_counter)

    def metrics(self) -> JSONFloats:
        """Return the means since the last report and the speed; nothing if one batch spanned several reports."""
        if not self.losses:
            return {}
        seconds = max(time.perf_counter() - self.started, 1e-9)
        return {
            "train_loss": sum(self.losses) / len(self.losses),
            "grad_norm": sum(self.norms) / len(self.norms),
            "tokens_per_second": self.tokens / seconds,
        }


def train_trial(run: Run, settings: Settings, *, base: Path, tokens: Tokens, steps: Sequence[int]) -> None:
    """Train from the start, or from the run's checkpoint, until the last step or a halting answer."""
    _seed(run)
    training = Training.build(run, settings, base=base, tokens=tokens)
    if run.checkpoint is not None:
        training.restore(torch.load(run.checkpoint, map_location=run.device, weights_only=True))
    for number, step in enumerate(steps, start=1):
        if step <= training.reported:
            continue
        since = Since()
        while training.consumed < step:
            training.update(since)
        metrics = since.metrics() | training.validate(robustness=_is_due(number, settings.robustness_every))
        is_best = training.note(step, metrics["val_loss"])
        run.save(step, lambda path: torch.save(training.state(), path), best=is_best)
        if run.report(step, metrics).halts:
            return


def evaluate_checkpoint(run: Run, settings: Settings, *, base: Path, tokens: Tokens) -> JSONFloats:
    """Evaluate the adapters of the run's checkpoint on the whole test split."""
    if run.checkpoint is None:
        raise ValueError("checkpoint: there is none to evaluate; train the trial first")
    _seed(run)
    training = Training.build(run, settings, base=base, tokens=tokens)
    training.restore(torch.load(run.checkpoint, map_location=run.device, weights_only=True))
    found = evaluate(
        training.model,
        tokens.test.to(run.device),
        length=settings.chunk_length,
        chunks=len(tokens.test),
        batch=settings.evaluation_batch,
    )
    return {"test_loss": found.loss, "test_perplexity": found.perplexity, "test_ece": found.ece}


@dataclass
class Training:
    """A trial in training: the adapted model, its optimizer and how far it has come."""

    configuration: Configuration
    settings: Settings
    tokens: Tokens
    model: Any
    optimizer: torch.optim.Optimizer
    offsets: torch.Tensor
    """Where each example of the trial begins in the training text: (examples,)."""
    device: str
    consumed: int = 0
    updates: int = 0
    reported: int = 0
    best: JSONFloats = field(default_factory=dict)

    @classmethod
    def build(cls, run: Run, settings: Settings, *, base: Path, tokens: Tokens) -> Training:
        """Put seeded adapters on the base, and draw the examples: the same ones whatever the batch size."""
        configuration = Configuration.from_params(run.params)
        model = with_adapters(load_base(base), configuration, target_modules=settings.target_modules).to(run.device)
        room = len(tokens.train) - configuration.sequence_length
        if room < 1:
            raise ValueError(
                f"sequence_length: {configuration.sequence_length} is longer than the training text "
                f"of {len(tokens.train)} tokens; choose a shorter one"
            )
        draw = torch.Generator().manual_seed(run.seed)
        on_device = Tokens(*(part.to(run.device) for part in vars(tokens).values()))
        return cls(
            configuration=configuration,
            settings=settings,
            tokens=on_device,
            model=model,
            optimizer=_optimizer(model, configuration),
            offsets=torch.randint(room, (settings.examples,), generator=draw).to(run.device),
            device=run.device,
        )

    def update(self, since: Since) -> None:
        """Take one optimizer step on the next batches; the last one may be smaller, never larger."""
        chosen = self.configuration
        size = min(chosen.batch_size * chosen.grad_accumulation, self.settings.examples - self.consumed)
        rows = self.offsets[self.consumed : self.consumed + size]
        window = torch.arange(chosen.sequence_length + 1, device=self.device)
        self.model.train()
        self.optimizer.param_groups[0]["lr"] = self.learning_rate()
        self.optimizer.zero_grad()
        loss = torch.zeros((), device=self.device)
        for some in rows.split(chosen.batch_size):
            ids = self.tokens.train[some[:, None] + window]  # (batch, length + 1)
            logits = self.model(input_ids=ids[:, :-1], use_cache=False).logits
            part = functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten()) * (len(some) / size)
            part.backward()
            loss += part.detach()
        # Before clipping: that is what tells a gradient that explodes or dies.
        norm = torch.nn.utils.clip_grad_norm_(self.adapters().values(), chosen.grad_clip or math.inf)
        self.optimizer.step()
        self.consumed += size
        self.updates += 1
        since.losses.append(loss.item())
        since.norms.append(norm.item())
        since.tokens += size * chosen.sequence_length

    def learning_rate(self) -> float:
        """Return the learning rate of the next update: linear warm-up, then the schedule of what is left."""
        chosen = self.configuration
        warm = min(1.0, (self.updates + 1) / max(1, chosen.warmup_steps))
        planned = math.ceil(self.settings.examples / (chosen.batch_size * chosen.grad_accumulation))
        share = max(0, self.updates - chosen.warmup_steps) / max(1, planned - chosen.warmup_steps)
        shape = {"constant": 1.0, "linear": 1 - share, "cosine": (1 + math.cos(math.pi * share)) / 2}
        return chosen.learning_rate * warm * shape[chosen.scheduler]

    def validate(self, *, robustness: bool) -> JSONFloats:
        """Return the metrics of the validation split, with the robustness diagnostics if they are due."""
        length = self.settings.chunk_length
        plain = self._evaluate(self.tokens.validation, length, self.settings.validation_chunks)
        metrics = {
            "val_loss": plain.loss,
            "val_perplexity": plain.perplexity,
            "ece": plain.ece,
            "learning_rate": float(self.optimizer.param_groups[0]["lr"]),
        }
        if robustness:
            half = max(1, self.settings.validation_chunks // 2)
            metrics["long_perplexity"] = self._evaluate(self.tokens.validation, 2 * length, half).perplexity
            metrics["corrupted_perplexity"] = self._evaluate(self.tokens.corrupted, length, 2 * half).perplexity
        return metrics

    def note(self, step: int, val_loss: float) -> bool:
        """Remember that `step` was reported; say whether it is the best so far."""
        self.reported = step
        if not val_loss < self.best.get("val_loss", math.inf):
            return False
        self.best = {"step": step, "val_loss": val_loss, "val_perplexity": perplexity(val_loss)}
        return True

    def adapters(self) -> dict[str, torch.nn.Parameter]:
        """Return the parameters that training changes, by name."""
        return {name: value for name, value in self.model.named_parameters() if value.requires_grad}

    def state(self) -> dict[str, Any]:
        """Return everything that a resumed attempt needs to go on as if it had never stopped.

        The learning rate is a function of `updates` and the examples were drawn at the start: neither the
        scheduler nor the data order has a state of its own.
        """
        random = {"cpu": torch.get_rng_state()}
        if self.device != "cpu":
            random["device"] = torch.cuda.get_rng_state(self.device)
        return {
            "adapters": {name: value.detach() for name, value in self.adapters().items()},
            "optimizer": self.optimizer.state_dict(),
            "scheduler": {"updates": self.updates},
            "random": random,
            "step": self.reported,
            "consumed": self.consumed,
            "best": self.best,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over the state of an earlier attempt."""
        with torch.no_grad():
            for name, parameter in self.adapters().items():
                parameter.copy_(state["adapters"][name])
        self.optimizer.load_state_dict(state["optimizer"])
        self.updates = state["scheduler"]["updates"]
        self.reported, self.consumed, self.best = state["step"], state["consumed"], state["best"]
        torch.set_rng_state(state["random"]["cpu"].cpu())
        if self.device != "cpu" and "device" in state["random"]:
            torch.cuda.set_rng_state(state["random"]["device"].cpu(), self.device)

    def _evaluate(self, tokens: torch.Tensor, length: int, chunks: int) -> Evaluation:
        return evaluate(self.model, tokens, length=length, chunks=chunks, batch=self.settings.evaluation_batch)


def _seed(run: Run) -> None:
    torch.set_num_threads(run.threads)
    torch.manual_seed(run.seed)


def _is_due(number: int, every: int) -> bool:
    return every > 0 and number % every == 0


def _optimizer(model: Any, configuration: Configuration) -> torch.optim.Optimizer:
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    rate, decay = configuration.learning_rate, configuration.weight_decay
    if configuration.optimizer == "adafactor":
        return torch.optim.Adafactor(trained, lr=rate, weight_decay=decay)
    return torch.optim.AdamW(trained, lr=rate, weight_decay=decay, fused=True)
