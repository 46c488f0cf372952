"""Cards whose figures are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pruning.backtest.scores import Estimate
from pruning.library.card import Card, Played, Provenance
from pruning.library.descriptors import Descriptors
from pruning.library.measures import Measures, Point
from pruning.links import SHARES


def a_task(**changes: object) -> Descriptors:
    """Return what a study about a small text model is about."""
    values: dict[str, object] = {
        "metric": "val_loss",
        "direction": "minimize",
        "unit": "epochs",
        "horizon": 40,
        "reports": 40,
        "looks": (0.1, 0.25),
        "tags": ("text", "rnn"),
        "parameters": ("learning_rate", "dropout"),
        **changes,
    }
    return Descriptors(**values)  # type: ignore[arg-type]  # a test names fields freely


def known(value: float, *, worst: float | None = None) -> Estimate:
    """Return a figure without an interval; worst: in the worst case, where recordings break off."""
    return Estimate(at_least=value, at_most=value if worst is None else worst, low=None, high=None)


def a_play(
    name: str, *, compute: float = 0.4, regret: float = 0.02, lost: float = 0.1, fingerprint: str = ""
) -> Played:
    """Return what one policy made of a study."""
    return Played(
        name=name,
        fingerprint=fingerprint or name,
        orders=10,
        compute=known(compute),
        regret=known(regret),
        lost=known(lost),
        material=known(lost / 2),
    )


def some_measures(
    agreement: Sequence[float] = (0.6, 0.7, 0.75, 0.8, 0.9, 0.95),
    *,
    pairs: int = 40,
    diverged: float = 0.05,
    noise: float | None = 0.01,
    n_trials: int = 50,
) -> Measures:
    """Return measures with this agreement at 2, 4, 8, 16, 32 and 64 % of the training."""
    points = tuple(
        Point(share=share, agreement=value, pairs=pairs) for share, value in zip(SHARES, agreement, strict=True)
    )
    return Measures(profile=points, diverged=diverged, noise=noise, n_trials=n_trials, n_complete=n_trials)


def a_card(
    name: str = "a study",
    *,
    task: Descriptors | None = None,
    measures: Measures | None = None,
    played: Sequence[Played] = (),
    policy: Mapping[str, str | int] | None = None,
) -> Card:
    """Return a card; without measures those of `some_measures`."""
    return Card(
        name=name,
        family="lab",
        descriptors=task or a_task(),
        measures=measures or some_measures(),
        policy=policy or {},
        played=tuple(played),
        provenance=Provenance(source="a test"),
    )
