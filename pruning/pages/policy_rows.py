"""Rows of the library's pages, from scores and cards."""

from __future__ import annotations

import math
from collections.abc import Sequence

from django.urls import reverse

from pruning.backtest.scores import Estimate, Scores, Summary
from pruning.cards import Kept
from pruning.catalogue import Known
from pruning.library.card import Card, Played
from pruning.library.gate import percent, share
from pruning.pages.policy_parts import CardRow, Figures, PlaceRow, PolicyRow, Profile, ProfilePoint
from pruning.presets import DEFAULT
from trials.models import Study
from trials.pages import words
from trials.pages.parts import WrongStops

EARLIEST = 0.01
"""The share of the training at which the pictures begin."""


def policy_row(known: Known, total: Summary | None) -> PolicyRow:
    """Return one policy with its figures over all that the library knows."""
    has_figures = total is not None and known.name in total.policies
    return PolicyRow(
        label=known.label,
        url=policy_url(known),
        description=known.description,
        fingerprint=known.fingerprint[:12],
        figures=figures(total, known.name) if total is not None and has_figures else None,
        uses=words.counted(known.n_uses, "study", "studies") if known.version else "",
        is_default=known.name == DEFAULT and known.version is None,
    )


def policy_url(known: Known) -> str:
    """Return the address of a policy's page."""
    return reverse("pruning:policy", args=[known.key])


def figures(summary: Summary, name: str) -> Figures:
    """Return a policy's figures of a summary, in words."""
    compute, regret, lost = (summary.estimate(name, figure) for figure in ("compute", "regret", "lost"))
    return _figures(compute, regret, lost, n=summary.studies)


def of_played(played: Played) -> Figures:
    """Return a policy's figures on one study, drawn over its orders."""
    return _figures(played.compute, played.regret, played.lost, n=1)


def _figures(compute: Estimate, regret: Estimate, lost: Estimate, *, n: int) -> Figures:
    return Figures(
        compute=share(compute),
        compute_range=_range(compute, scale=100, digits=0),
        regret=regret_words(regret),
        regret_range=_range(regret, scale=1, digits=3),
        lost=share(lost),
        lost_range=_range(lost, scale=100, digits=0),
        interval=_interval(lost),
        n_studies=n,
    )


def families(scores: Scores, name: str) -> list[PlaceRow]:
    """Return what a policy did, by family."""
    return [PlaceRow(name=family, url="", figures=figures(scores.family(family), name)) for family in scores.families]


def places(kept: Sequence[Kept], name: str, fingerprint: str) -> list[PlaceRow]:
    """Return what a policy did on each study, the most winners lost first."""
    found = [
        (played, one)
        for one in kept
        for played in one.card.played
        if played.name == name and fingerprint in {"", played.fingerprint}
    ]
    found.sort(key=lambda pair: (-(pair[0].lost.value or 0.0), -(pair[0].regret.value or 0.0), pair[1].card.name))
    return [PlaceRow(name=one.card.name, url=card_url(one), figures=of_played(played)) for played, one in found]


def card_row(kept: Kept, default: str) -> CardRow:
    """Return one card of a list; default: the fingerprint of the policy that new studies get."""
    card, measures = kept.card, kept.card.measures
    about = card.descriptors
    played = card.of(default)
    return CardRow(
        name=card.name,
        url=card_url(kept),
        family=card.family,
        metric=f"{about.metric}, {about.direction}d",
        length=length_of(kept),
        about=", ".join(filter(None, (about.trainable, *about.tags))),
        profile=profile(card),
        noise="" if measures is None or measures.noise is None else f"{measures.noise:.3f}",
        diverged="" if measures is None else percent(measures.diverged),
        default=""
        if played is None
        else f"{share(played.compute)} / {regret_words(played.regret)} / {share(played.lost)}",
        obstacle=card.obstacle,
        is_starter=kept.study is None,
    )


def length_of(kept: Kept) -> str:
    """Return how long a trial is; recorded studies are counted in reports."""
    about = kept.card.descriptors
    counted = "reports" if kept.study is None else about.unit
    return f"{words.whole(about.horizon)} {counted}"


def card_url(kept: Kept) -> str:
    """Return the address of a card's page."""
    if kept.study is not None:
        return reverse("pruning:card", args=[kept.study.pk])
    return reverse("pruning:starter_card", args=[kept.card.name])


def profile(card: Card) -> Profile | None:
    """Return how well the order agreed with the end as the training went on, over the logarithm of its share."""
    known = card.measures.profile if card.measures else ()
    if not known:
        return None
    points = [
        ProfilePoint(
            share=f"{100 * point.share:.0f} %",
            agreement=f"{point.agreement:.2f}",
            pairs=point.pairs,
            x=round(3 + 90 * (1 + math.log(max(point.share, EARLIEST)) / -math.log(EARLIEST)), 1),
            y=round(25 - 22 * min(1.0, max(0.0, point.agreement)), 1),
        )
        for point in known
    ]
    line = "M" + "L".join(f"{point.x} {point.y}" for point in points)
    told = ", ".join(f"{point.agreement} at {point.share}" for point in points)
    return Profile(points=points, line=line, label=f"Agreement with the end: {told}")


def saved(study: Study) -> str:
    """Return the share of the steps that a study's stops left untrained; empty while nothing is known."""
    whole = study.steps_trained + study.steps_saved
    return percent(study.steps_saved / whole) if whole else ""


def regret_words(one: Estimate) -> str:
    """Return a regret; its bounds where only those are known."""
    if one.value is not None:
        return f"{one.value:.3f}"
    low, high = f"{one.at_least:.3f}", f"{one.at_most:.3f}"
    return low if low == high else f"{low} to {high}"


def _range(one: Estimate, *, scale: int, digits: int) -> str:
    if one.ends is None:
        return ""
    return f"{scale * one.ends[0]:.{digits}f} to {scale * one.ends[1]:.{digits}f}"


def _interval(one: Estimate) -> WrongStops | None:
    if one.ends is None or one.value is None:
        return None
    return WrongStops(wrong=round(1000 * one.value), of=1000, low=one.ends[0], high=one.ends[1])
