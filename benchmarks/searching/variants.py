"""What was tried, by the question that was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.searching.ideas import Duels, Hindsight, LearntTail, MedianGate, YetToCome
from benchmarks.searching.rules import Adaptive, Either, Halving, Late, Persistence

Maker = Callable[[], Halving]

BEFORE = "best 20 %"
"""The default before the search."""


def halving(score: str = "best", risk: float = 0.2, **settings: Any) -> Maker:
    return lambda: Halving(score=score, risk=risk, **settings)


def prior(score: str, risk: float, **settings: Any) -> Maker:
    """Return calibrated halving that believes past studies until this one can tell."""
    return halving(score, risk, min_pairs=0, min_pairs_jump=0, **settings)


def variant(rule: type[Halving], **settings: Any) -> Maker:
    return lambda: rule(**settings)


DUELS = ((2, 2), (3, 2), (3, 5))
"""Late looks, and how many go on from them."""

GROUPS: Mapping[str, Mapping[str, Maker]] = {
    "dial": {
        BEFORE: halving(),
        "best 35 %": halving(risk=0.35),
        "best 50 %": halving(risk=0.5),
        "best 65 %": halving(risk=0.65),
        "best payoff": halving(aim="payoff"),
    },
    "scores": {
        "best 35 %": halving(risk=0.35),
        **{f"{name} 35 %": halving(name, 0.35) for name in ("value", "mean", "window 3", "second half")},
        **{f"ahead {share} 35 %": halving(f"ahead {share}", 0.35) for share in (0.25, 0.5, 0.75, 1)},
        "ahead 1.5 65 %": halving("ahead 1.5", 0.65),
        "ahead from value 1 65 %": halving("ahead from value 1", 0.65),
        "adaptive 35 %": lambda: Adaptive(risk=0.35, scores=("best", "ahead 0.5", "ahead 1")),
        "adaptive 50 %": lambda: Adaptive(risk=0.5, scores=("best", "ahead 0.5", "ahead 1")),
        "adaptive of five 50 %": lambda: Adaptive(
            risk=0.5, scores=("best", "value", "second half", "ahead 0.5", "ahead 1")
        ),
        "adaptive 50 %, margin 0.02": lambda: Adaptive(risk=0.5, margin=0.02, scores=("best", "ahead 0.5", "ahead 1")),
        "either best or ahead 1, 80 %": lambda: Either(risk=0.8, second="ahead 1"),
    },
    "ahead": {
        BEFORE: halving(),
        **{f"ahead 0.75 {risk:.0%}": halving("ahead 0.75", risk) for risk in (0.2, 0.35, 0.5, 0.65, 0.8)},
        **{f"ahead 1 {risk:.0%}": halving("ahead 1", risk) for risk in (0.2, 0.35, 0.5, 0.65, 0.8, 0.9)},
        **{f"ahead 0.75 {risk:.0%}, lcb 0.5": halving("ahead 0.75", risk, lcb=0.5) for risk in (0.1, 0.2, 0.35)},
        "ahead 1 20 %, lcb 0": halving("ahead 1", 0.2, lcb=0.0),
        "ahead 0.75 payoff": halving("ahead 0.75", aim="payoff"),
    },
    "tail": {
        BEFORE: halving(),
        **{f"best 50 %, tail {tail}": halving(risk=0.5, tail=tail, min_pairs_jump=5) for tail in (0.05, 0.1, 0.2)},
        "best 65 %, tail 0.1": halving(risk=0.65, tail=0.1, min_pairs_jump=5),
        "ahead 0.5 50 %, tail 0.1": halving("ahead 0.5", 0.5, tail=0.1),
        "ahead 0.75 50 %, tail 0.1": halving("ahead 0.75", 0.5, tail=0.1),
        "ahead 1 65 %, tail 0.1": halving("ahead 1", 0.65, tail=0.1),
        "ahead 0.75 50 %, tail 0.2": halving("ahead 0.75", 0.5, tail=0.2),
        "ahead 0.75 65 %, tail 0.2": halving("ahead 0.75", 0.65, tail=0.2),
        "ahead 0.75 65 %, tail 0.15": halving("ahead 0.75", 0.65, tail=0.15),
        "ahead 0.75 80 %, tail 0.2": halving("ahead 0.75", 0.8, tail=0.2),
        "ahead 0.75 65 %, tail 0.3": halving("ahead 0.75", 0.65, tail=0.3),
        "ahead 0.75 80 %, tail 0.3": halving("ahead 0.75", 0.8, tail=0.3),
        **{
            f"ahead 0.75 {risk:.0%}, fading tail {tail}": halving("ahead 0.75", risk, tail=tail, tail_fades=True)
            for risk, tail in ((0.5, 0.4),)
        },
    },
    "shared": {
        BEFORE: halving(),
        **{
            f"ahead 0.75 {risk:.0%} shared, tail {tail}": halving("ahead 0.75", risk, tail=tail, is_shared=True)
            for risk, tail in ((0.2, 0.15), (0.2, 0.0))
        },
    },
    "estimate": {
        "best 35 %": halving(risk=0.35),
        **{f"best 35 %, lcb {lcb:g}": halving(risk=0.35, lcb=lcb) for lcb in (0.0, 0.5, 1.5)},
        **{f"best 35 %, {n} pairs": halving(risk=0.35, min_pairs=n, min_pairs_jump=n) for n in (3, 4)},
        "best 35 %, prior": prior("best", 0.35),
        "ahead 0.75 35 %, prior": prior("ahead 0.75", 0.35),
        "ahead 0.75 50 %, prior": prior("ahead 0.75", 0.5),
        "ahead 0.75 65 %, prior": prior("ahead 0.75", 0.65),
        "ahead 1 80 %, prior from 4": prior("ahead 1", 0.8, wait=4, min_members=4),
        "ahead 1 90 %, prior from 4": prior("ahead 1", 0.9, wait=4, min_members=4),
    },
    "looks": {
        "best 35 %": halving(risk=0.35),
        "best 35 %, looks x 1.5": halving(risk=0.35, factor=1.5),
        "best 35 %, looks x 3": halving(risk=0.35, factor=3.0),
        "best 35 %, first look 2": halving(risk=0.35, first=2),
        "best 35 %, keeps 1": halving(risk=0.35, min_keep=1),
        "best 35 %, keeps 6": halving(risk=0.35, min_keep=6),
    },
    "late looks": {
        BEFORE: halving(),
        "best 20 %, 1 late look": halving(late=1),
        "ahead 0.75 20 %, lcb 0.5": halving("ahead 0.75", 0.2, lcb=0.5),
        "ahead 0.75 20 %, lcb 0.5, 1 late look": halving("ahead 0.75", 0.2, lcb=0.5, late=1),
        "ahead 0.75 65 %, tail 0.15": halving("ahead 0.75", 0.65, tail=0.15),
        "ahead 0.75 65 %, tail 0.15, 1 late look": halving("ahead 0.75", 0.65, tail=0.15, late=1),
    },
    "waiting": {
        "best 35 %": halving(risk=0.35),
        **{f"best 35 %, waits for {n}": halving(risk=0.35, wait=n, waits_for_all=True) for n in (4, 12, 20)},
        "ahead 1 65 %": halving("ahead 1", 0.65),
        "ahead 1 65 %, waits for 6": halving("ahead 1", 0.65, wait=6, min_members=6),
        "ahead 0.75 50 %, waits for 12": halving("ahead 0.75", 0.5, wait=12, waits_for_all=True),
        "ahead 0.75 65 %, waits for 20": halving("ahead 0.75", 0.65, wait=20, waits_for_all=True),
        "ahead 1 50 %, waits for 20": halving("ahead 1", 0.5, wait=20, waits_for_all=True),
    },
    "order": {
        BEFORE: halving(),
        "best 20 %, promoted late": lambda: Late(),
        "best 20 %, all pause": lambda: Late(pauses_all=True),
        "best 20 %, all pause, lowest first": lambda: Late(pauses_all=True, lowest_first=True),
        "ahead 1 35 %": halving("ahead 1", 0.35),
        "ahead 1 35 %, promoted late": lambda: Late(score="ahead 1", risk=0.35),
        "ahead 1 35 %, all pause": lambda: Late(score="ahead 1", risk=0.35, pauses_all=True),
    },
    "persistence": {
        BEFORE: halving(),
        "persistence x 1": lambda: Persistence(widen=1.0),
        "persistence x 1.25": lambda: Persistence(),
        "persistence x 1.25, all later looks": lambda: Persistence(later="all"),
        "larger of both": lambda: Persistence(joined="larger"),
        "smaller of both": lambda: Persistence(joined="smaller"),
        "smaller of both, all later looks": lambda: Persistence(joined="smaller", later="all"),
    },
    "median gate": {
        BEFORE: halving(),
        **{f"spares, {risk:.0%}": variant(MedianGate, risk=risk) for risk in (0.35, 0.5, 0.8)},
        "spares, payoff": variant(MedianGate, aim="payoff"),
        "best quarter spares, 80 %": variant(MedianGate, risk=0.8, quantile=0.25),
        "spares, ahead 0.75 80 %": variant(MedianGate, score="ahead 0.75", risk=0.8),
        **{f"both, {risk:.0%}": variant(MedianGate, how="both", risk=risk) for risk in (0.1, 0.2)},
        "both, payoff": variant(MedianGate, how="both", aim="payoff"),
        "both, ahead 0.75 20 %, lcb 0.5": variant(MedianGate, how="both", score="ahead 0.75", lcb=0.5),
        **{f"until known, {risk:.0%}": variant(MedianGate, how="until known", risk=risk) for risk in (0.1, 0.2)},
        "until known, ahead 0.75 20 %": variant(MedianGate, how="until known", score="ahead 0.75"),
    },
    "hindsight": {
        BEFORE: halving(),
        **{f"alone, {risk:.0%}": variant(Hindsight, risk=risk) for risk in (0.05, 0.1, 0.2)},
        **{
            f"{joined}, {risk:.0%} and {past:.0%}": variant(Hindsight, joined=joined, risk=risk, past_risk=past)
            for joined, risk, past in (
                ("larger", 0.5, 0.2),
                ("smaller", 0.1, 0.05),
                ("smaller", 0.2, 0.05),
                ("until known", 0.2, 0.05),
            )
        },
        "ahead 0.75 alone, 10 %": variant(Hindsight, score="ahead 0.75", risk=0.1),
        "ahead 0.75 smaller, 20 % and 5 %": variant(Hindsight, score="ahead 0.75", joined="smaller", past_risk=0.05),
    },
    "learnt tail": {
        BEFORE: halving(),
        **{f"learnt tail, {risk:.0%}": variant(LearntTail, risk=risk) for risk in (0.35, 0.5)},
        "learnt tail, 35 %, lcb 0": variant(LearntTail, risk=0.35, lcb=0.0),
        "learnt tail, payoff": variant(LearntTail, aim="payoff"),
        **{
            f"learnt tail, ahead 0.75 {risk:.0%}": variant(LearntTail, score="ahead 0.75", risk=risk)
            for risk in (0.5, 0.65)
        },
    },
    "duels": {
        BEFORE: halving(),
        **{f"the best {few} in {late} late looks, 20 %": variant(Duels, late=late, few=few) for late, few in DUELS},
        **{
            f"catching up at {reach:g}, 3 late looks, {risk:.0%}": variant(Duels, few=1, reach=reach, risk=risk)
            for reach, risk in ((1.0, 0.2), (4.0, 0.2), (4.0, 0.1))
        },
        "the best 2 in 3 late looks, ahead 0.75 20 %": variant(Duels, score="ahead 0.75"),
        "catching up at 4, ahead 0.75 20 %": variant(Duels, few=1, reach=4.0, score="ahead 0.75"),
    },
    "yet to come": {
        BEFORE: halving(),
        **{f"among all, {risk:.0%}": variant(YetToCome, risk=risk) for risk in (0.1, 0.2)},
        "among all, ahead 0.75 20 %": variant(YetToCome, score="ahead 0.75"),
        **{
            f"from {early:.0%} to {risk:.0%}": variant(YetToCome, counts_all=False, early=early, risk=risk)
            for early, risk in ((0.5, 0.1), (0.1, 0.5))
        },
        "explores 1 / e, 20 %": variant(YetToCome, counts_all=False, explores=0.37),
    },
}

LEFT_OUT: Mapping[str, Maker] = {
    **GROUPS["dial"],
    **GROUPS["ahead"],
    **{name: make for name, make in GROUPS["tail"].items() if name.startswith("ahead")},
}
"""Among these a setting is chosen for every family by the other families alone."""

FRONTIERS: Mapping[str, Mapping[str, Maker]] = {
    "the dial": {f"{risk:.0%}": halving(risk=risk) for risk in (0.05, 0.1, 0.2, 0.35, 0.5, 0.65)},
    "ahead": {f"{risk:.0%}": halving("ahead 0.75", risk) for risk in (0.2, 0.35, 0.5, 0.65, 0.8)},
}
"""Dials from the dearest to the cheapest, against which a variant is held at equal compute."""
