"""Where a trial is heading: its best so far, and three quarters of what the last doubling of its training gained.

In the logarithm of the training most learning curves are nearly straight and flatten slowly, so the next doubling
gains somewhat less than the last. A trial that is behind and still gaining is so set against one that is ahead and
has stopped. The share was chosen on recorded studies (docs/pruning-search.md); from a half to the whole it matters
little.
"""

from __future__ import annotations

import math

REACH = 0.75
"""The share of the last doubling's gain that is expected of the next."""


def ahead_of(best: float, *, step: int, before: float, before_step: int) -> float:
    """Return best - REACH (before - best) / log2(step / before_step): the key that a trial is heading for.

    best, before: its best keys (lower is better) at `step` and at an earlier step. What is not finite stays as it is.

    >>> ahead_of(2.0, step=8, before=3.0, before_step=4), ahead_of(2.0, step=16, before=3.0, before_step=4)
    (1.25, 1.625)
    """
    if not (math.isfinite(best) and math.isfinite(before)):
        return best
    ahead = best - REACH * (before - best) / math.log2(step / before_step)
    return ahead + 0.0 if math.isfinite(ahead) else best  # + 0.0: no negative zero
