"""What a study is about, as far as that is known before it starts, and how unlike two studies are."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

NEAR = 1.0
"""Studies at most this far apart support a claim about each other."""
KINDS: Mapping[str, tuple[str, ...]] = {
    "loss": ("loss", "perplexity", "ppl", "nll", "entropy", "bits", "deviance", "elbo"),
    "error": ("error", "err", "mse", "rmse", "mae", "wer", "cer"),
    "score": ("accuracy", "acc", "score", "f1", "auc", "precision", "recall", "ssim", "spearmanr", "pearsonr", "bleu"),
    "reward": ("reward", "return"),
}
"""Words in a metric's name that tell what it measures."""
METRIC, MODEL, UNIT, LENGTH, SPACE, LOOKS = 0.5, 1.0, 0.25, 0.5, 0.25, 0.25
"""The most that each descriptor adds to a distance; together 2.75."""
UNKNOWN = 0.6
"""The share of `MODEL` that counts where neither side says what is trained."""
TAGGED = 0.2
"""The share of it that tags decide between studies of one trainable."""


@dataclass(frozen=True, kw_only=True)
class Descriptors:
    """One study's task."""

    metric: str
    direction: str
    """`minimize` or `maximize`; says nothing about likeness, which is why a distance leaves it out."""
    unit: str = "steps"
    horizon: int = 1
    """The planned length of a trial, in `unit`."""
    reports: int = 1
    """How often a trial tells its objective on its way; the planned length where that is not known."""
    looks: tuple[float, ...] = ()
    """Decision points as shares of the planned length."""
    trainable: str = ""
    """The registered trainable; empty for a study that other programs report to."""
    tags: tuple[str, ...] = ()
    """Words for the task and the model class, as the plan gives them."""
    parameters: tuple[str, ...] = ()
    """Names of the tuned parameters."""

    @property
    def kind(self) -> str:
        """Return what the metric measures: loss, error, score, reward, or its own name where no word tells.

        >>> Descriptors(metric="val_loss", direction="minimize").kind
        'loss'
        """
        words = re.split(r"[^a-z0-9]+", self.metric.lower())
        return next(
            (kind for kind, known in KINDS.items() if any(word in known for word in words)), self.metric.lower()
        )

    @property
    def words(self) -> frozenset[str]:
        """Return the words that tell what is trained: the tags and those of the trainable's name."""
        return frozenset(word for text in (*self.tags, self.trainable) for word in _words(text))

    def to_mapping(self) -> dict[str, Any]:
        """Return plain data."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> Descriptors:
        """Return what `to_mapping` wrote; KeyError or TypeError if it did not."""
        plain: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
        }
        return cls(**plain)


def distance(one: Descriptors, other: Descriptors) -> float:
    """Return how unlike two studies are: 0 for the same task, up to 2.75; symmetric.

    A weighted sum of differences: kind of metric 0.5; what is trained 1 (trainable, or shared words of the tags);
    unit 0.25; number of reports 0.5 (full at a factor of 8); names of parameters 0.25; first look 0.25 (full at 8).
    """
    return math.fsum(differences(one, other).values())


def differences(one: Descriptors, other: Descriptors) -> dict[str, float]:
    """Return what each descriptor adds to the distance, by name."""
    return {
        "metric": 0.0 if one.kind == other.kind else METRIC,
        "model": MODEL * _unlike_models(one, other),
        "unit": 0.0 if _unit(one.unit) == _unit(other.unit) else UNIT,
        "length": LENGTH * _unlike_sizes(one.reports, other.reports),
        "space": SPACE * _apart(_all_words(one.parameters), _all_words(other.parameters), unknown=0.5),
        "looks": LOOKS * _unlike_looks(one.looks, other.looks),
    }


def _unlike_models(one: Descriptors, other: Descriptors) -> float:
    if one.trainable and one.trainable == other.trainable:
        return TAGGED * _apart(_all_words(one.tags), _all_words(other.tags), unknown=0.0)
    return _apart(one.words, other.words, unknown=UNKNOWN)


def _unlike_sizes(one: float, other: float) -> float:
    """Return the difference of two sizes on a logarithmic scale: 1 from a factor of 8 on."""
    return min(1.0, abs(math.log2(max(one, 1e-9) / max(other, 1e-9))) / 3)


def _unlike_looks(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    if not one or not other:
        return 0.0
    return _unlike_sizes(one[0], other[0])


def _apart(one: Collection[str], other: Collection[str], *, unknown: float) -> float:
    """Return 1 - shared / all (Jaccard); `unknown` where neither side has any."""
    every = set(one) | set(other)
    return 1 - len(set(one) & set(other)) / len(every) if every else unknown


def _all_words(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(word for text in texts for word in _words(text))


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[^a-z0-9]+", text.lower()) if word]


def _unit(text: str) -> str:
    """Return a unit without its plural and what follows in brackets."""
    return text.split("(")[0].strip().lower().removesuffix("s")
