"""What a model is worth on text it was not trained on: loss, perplexity, calibration, robustness."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch

CALIBRATION_BINS = 15


@dataclass(frozen=True)
class Evaluation:
    """The model's predictions on chunks of one text, in figures."""

    loss: float
    """Mean negative log-likelihood, nats per token."""
    ece: float
    """Expected calibration error: by how much confidence and accuracy differ, weighted over the bins."""

    @property
    def perplexity(self) -> float:
        """Return exp(loss), infinite where that overflows."""
        return perplexity(self.loss)


def perplexity(loss: float) -> float:
    """Return exp(loss), infinite where that overflows; NaN stays NaN."""
    return math.inf if loss > 700 else math.exp(loss)


def chunk_offsets(n_tokens: int, length: int, n_chunks: int) -> torch.Tensor:
    """Return where the chunks begin: at most `n_chunks`, spread evenly, without overlap."""
    room = (n_tokens - 1) // length
    if room < 1:
        raise ValueError(f"chunk_length: {length} is longer than the text of {n_tokens} tokens; choose a shorter one")
    n_chunks = min(n_chunks, room)
    return torch.linspace(0, n_tokens - 1 - length, n_chunks).long()


def evaluate(model: Any, tokens: torch.Tensor, *, length: int, chunks: int, batch: int) -> Evaluation:
    """Predict every token of the chunks from those before it in the same chunk."""
    offsets = chunk_offsets(len(tokens), length, chunks).to(tokens.device)
    window = torch.arange(length + 1, device=tokens.device)
    model.eval()
    losses, confidences, hits = [], [], []
    for some in offsets.split(batch):
        ids = tokens[some[:, None] + window]  # (batch, length + 1)
        with torch.no_grad():
            logits = model(input_ids=ids[:, :-1], use_cache=False).logits.float()  # (batch, length, vocabulary)
        target = ids[:, 1:]
        total = logits.logsumexp(dim=-1)
        best, guess = logits.max(dim=-1)
        losses.append((total - logits.gather(-1, target[..., None])[..., 0]).flatten())
        confidences.append((best - total).exp().flatten())
        hits.append((guess == target).flatten())
    loss = torch.cat(losses).double().mean().item()
    return Evaluation(loss=loss, ece=calibration_error(torch.cat(confidences), torch.cat(hits)))


def calibration_error(confidence: torch.Tensor, hit: torch.Tensor, bins: int = CALIBRATION_BINS) -> float:
    """Return the expected calibration error over equal-width bins (Guo et al. 2017, arXiv 1706.04599, eq. 3).

    `confidence` is the probability of the likeliest token, `hit` says whether it was the right one. NaN if
    any confidence is.
    """
    confidence = confidence.double()
    if not torch.isfinite(confidence).all():
        return math.nan
    index = (confidence * bins).long().clamp(max=bins - 1)
    gap = torch.zeros(bins, dtype=torch.float64, device=confidence.device)
    gap.index_add_(0, index, hit.double() - confidence)
    return float(gap.abs().sum().item() / len(confidence))
