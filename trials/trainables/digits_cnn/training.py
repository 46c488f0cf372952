"""Train one network on the digits: seed, build, resume, then the loop that reports and asks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional

from trials.trainables.base import Run
from trials.trainables.digits_cnn.trainable import Configuration

SPLIT_SEED = 0
TRAIN, VALIDATION = 1_077, 360
"""Images of each part, out of 1,797; the rest is for testing."""


@dataclass(frozen=True)
class Part:
    """Images (n, 1, 8, 8) in [0, 1] and their classes (n,)."""

    images: torch.Tensor
    classes: torch.Tensor


def load_parts(device: str) -> tuple[Part, Part, Part]:
    """Return training, validation and test part, split the same way for every seed of a trial."""
    data, target = load_digits(return_X_y=True)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(target))
    images = torch.tensor(data[order], dtype=torch.float32, device=device).reshape(-1, 1, 8, 8) / 16
    classes = torch.tensor(target[order], device=device)
    cuts = (slice(0, TRAIN), slice(TRAIN, TRAIN + VALIDATION), slice(TRAIN + VALIDATION, None))
    train, validation, test = (Part(images[cut], classes[cut]) for cut in cuts)
    return train, validation, test


def build(configuration: Configuration, device: str) -> nn.Sequential:
    """Return the network: two convolutions, each halving the image, then one linear layer."""
    width = configuration.width
    return nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (n, width, 4, 4)
        nn.Conv2d(width, 2 * width, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (n, 2 * width, 2, 2)
        nn.Flatten(),
        nn.Dropout(configuration.dropout),
        nn.Linear(8 * width, 10),
    ).to(device)


def build_optimizer(model: nn.Module, configuration: Configuration) -> torch.optim.Optimizer:
    """Return AdamW, or SGD with momentum."""
    rate, decay = configuration.learning_rate, configuration.weight_decay
    if configuration.optimizer == "sgd":
        return torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9, weight_decay=decay)
    return torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=decay)


def train_trial(run: Run, configuration: Configuration, *, epochs: int) -> None:
    """Train from the start, or from the run's checkpoint, until the last epoch or a halting answer."""
    torch.set_num_threads(run.threads)
    torch.manual_seed(run.seed)
    train, validation, _ = load_parts(run.device)
    model = build(configuration, run.device)
    optimizer = build_optimizer(model, configuration)
    first, best = 0, -math.inf
    if run.checkpoint is not None:
        state = torch.load(run.checkpoint, map_location=run.device, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first, best = state["epoch"], state["best"]

    def write(path: Path) -> None:
        state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch, "best": best}
        torch.save(state, path)

    for epoch in range(first + 1, epochs + 1):
        # Each epoch draws from a stream of its own, so a resumed trial needs no random state.
        torch.manual_seed(run.seed * 100_003 + epoch)
        metrics = train_one_epoch(model, optimizer, train, batch_size=configuration.batch_size)
        metrics |= {f"val_{name}": value for name, value in evaluate(model, validation).items()}
        is_best = metrics["val_accuracy"] > best
        best = max(best, metrics["val_accuracy"])
        run.save(epoch, write, best=is_best)
        if run.report(epoch, metrics).halts:
            return


def train_one_epoch(
    model: nn.Module, optimizer: torch.optim.Optimizer, part: Part, *, batch_size: int
) -> dict[str, float]:
    """Take one pass over the training images in a random order; return means over its batches."""
    model.train()
    losses, norms = [], []
    for rows in torch.randperm(len(part.classes)).to(part.classes.device).split(batch_size):
        loss = functional.cross_entropy(model(part.images[rows]), part.classes[rows])
        optimizer.zero_grad()
        loss.backward()
        norms.append(nn.utils.get_total_norm([p.grad for p in model.parameters() if p.grad is not None]).item())
        optimizer.step()
        losses.append(loss.item())
    return {"train_loss": sum(losses) / len(losses), "grad_norm": sum(norms) / len(norms)}


def evaluate(model: nn.Module, part: Part) -> dict[str, float]:
    """Return accuracy and loss on one part."""
    model.eval()
    with torch.no_grad():
        logits = model(part.images)
    hits = (logits.argmax(dim=1) == part.classes).float()
    loss = functional.cross_entropy(logits, part.classes)
    return {"accuracy": hits.mean().item(), "loss": loss.item()}


def evaluate_checkpoint(run: Run, configuration: Configuration) -> dict[str, float]:
    """Evaluate the network of the run's checkpoint on the test part."""
    if run.checkpoint is None:
        raise ValueError("checkpoint: there is none to evaluate; train the trial first")
    torch.set_num_threads(run.threads)
    model = build(configuration, run.device)
    model.load_state_dict(torch.load(run.checkpoint, map_location=run.device, weights_only=True)["model"])
    _, _, test = load_parts(run.device)
    return {f"test_{name}": value for name, value in evaluate(model, test).items()}
