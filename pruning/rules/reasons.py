"""Reason codes, the motive each belongs to, and the words pages and sentences use for them."""

from __future__ import annotations

from collections.abc import Mapping

RISK, SPEED, GENERALISATION = "risk", "speed", "generalisation"

MOTIVES: Mapping[str, str] = {
    "diverged": RISK,
    "unstable": RISK,
    "gradient_lost": RISK,
    "fragile": RISK,
    "incomparable": RISK,
    "over_budget": RISK,
    "underperforming": SPEED,
    "outpaced": SPEED,
    "unpromising": SPEED,
    "outplayed": SPEED,
    "outraced": SPEED,
    "plateaued": SPEED,
    "overfitting": GENERALISATION,
    "inconsistent": GENERALISATION,
    "miscalibrated": GENERALISATION,
}
"""Every code a rule may hold against a trial."""

MEANINGS: Mapping[str, str] = {
    "diverged": "not a number, or running away beyond where it began",
    "unstable": "swings more than its trend explains",
    "gradient_lost": "the gradient vanished or exploded",
    "fragile": "a small change of the input ruins it",
    "incomparable": "its values cannot be compared with its peers'",
    "over_budget": "spent more than a trial may",
    "underperforming": "worse than the share of its peers that goes on",
    "outpaced": "ranked below its rung's quota",
    "unpromising": "unlikely to beat the best value in hand",
    "outplayed": "a better use for its slot is known",
    "outraced": "worse than the leader beyond doubt",
    "plateaued": "nothing more to gain",
    "overfitting": "validation rises while training falls",
    "inconsistent": "its folds or seeds disagree",
    "miscalibrated": "its confidence is not borne out",
}
"""What each code means, in a few words for pages."""

SAFEGUARDS: Mapping[str, str] = {
    "few_peers": "too few peers have come this far",
    "grace": "it is still in its grace period",
    "patience": "the policy waits for more than one bad look",
    "near_end": "it is near its end",
    "incumbent": "it is among the best here",
    "uncertain": "the difference is within the noise",
    "diversity": "it stands alone in its part of the space",
    "quota": "enough trials were stopped lately",
    "pinned": "a person has pinned it",
    "control": "it is in the control arm",
}
"""What a PROTECT or an ABSTAIN names as its reason, in words."""

RESUMPTIONS: Mapping[str, str] = {
    "rank": "its rank is now within the quota",
    "recalibrated": "the quota has grown with a new calibration",
    "slack": "nothing better waits",
    "person": "a person asked for it",
}
"""What a RESUME names as its cause, in words."""


def motive_of(reason: str) -> str:
    """Return the motive a reason code belongs to; empty for safeguards, causes and no reason."""
    return MOTIVES.get(reason, "")
