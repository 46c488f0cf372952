"""The draw of the control arm: trials that no rule may stop, so that "was it right?" can be measured.

One of every m consecutive trials that the sampler suggested is a member, at a place drawn from (study seed,
block). Enqueued, pinned and continued trials and the defaults stand outside: they have no suggestion index.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from pruning.rules.base import Draw


def drawn_place(*, seed: int, block: int, every: int) -> int:
    """Return which of the `every` trials of a block is the member, from 0.

    A counter-based generator: SHA-256 of (purpose, seed, block, every) modulo `every`; the bias of the modulo
    is below 2^-240. The study's name and the clock play no part.
    """
    if every < 1:
        raise ValueError(f"every: {every} is below 1; one in 1 would be every trial")
    key = f"espalier control arm|{seed}|{block}|{every}".encode()
    return int.from_bytes(hashlib.sha256(key).digest()) % every


def draw(*, seed: int, suggestion: int | None, every: int) -> Draw | None:
    """Return the draw for the nth suggested trial (from 0); None for a trial outside, or where `every` is 0."""
    if suggestion is None or every == 0:
        return None
    return Draw(
        suggestion=suggestion, every=every, place=drawn_place(seed=seed, block=suggestion // every, every=every)
    )


def members(*, seed: int, blocks: Iterable[int], every: int) -> frozenset[int]:
    """Return the suggestions that are members, one of each block."""
    return frozenset(block * every + drawn_place(seed=seed, block=block, every=every) for block in blocks)
