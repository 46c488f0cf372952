"""Pruning rules: one file each, one line each in the tables below.

Everything here is plain Python and numpy: no database, no clock, no hidden randomness.
"""

from __future__ import annotations

from collections.abc import Mapping

from pruning.rules.asha import Asha
from pruning.rules.bandit import Bandit
from pruning.rules.base import Rule
from pruning.rules.calibrated_halving import CalibratedHalving
from pruning.rules.divergence import Divergence
from pruning.rules.gradient import Gradient
from pruning.rules.halving import Halving
from pruning.rules.hyperband import Hyperband
from pruning.rules.miscalibration import Miscalibration
from pruning.rules.one_shot import OneShot
from pruning.rules.overfitting import Overfitting
from pruning.rules.percentile import Percentile
from pruning.rules.plateau import Plateau
from pruning.rules.posterior import Posterior
from pruning.rules.racing import Racing
from pruning.rules.resources import Resources
from pruning.rules.robustness import Robustness
from pruning.rules.sequence import Sequence
from pruning.rules.threshold import Threshold
from pruning.rules.trend import Trend
from pruning.rules.vote import Vote

GATES: Mapping[str, type[Rule]] = {
    "divergence": Divergence,
    "gradient": Gradient,
    "miscalibration": Miscalibration,
    "overfitting": Overfitting,
    "plateau": Plateau,
    "resources": Resources,
    "robustness": Robustness,
    "threshold": Threshold,
    "trend": Trend,
}
"""Rules on the trial alone, judged on every report."""

STRATEGIES: Mapping[str, type[Rule]] = {
    "asha": Asha,
    "bandit": Bandit,
    "calibrated_halving": CalibratedHalving,
    "halving": Halving,
    "hyperband": Hyperband,
    "one_shot": OneShot,
    "percentile": Percentile,
    "posterior": Posterior,
    "racing": Racing,
    "sequence": Sequence,
    "vote": Vote,
}
"""Rules against the peers, judged at decision points."""

RULES: Mapping[str, type[Rule]] = {**GATES, **STRATEGIES}
