"""What the Importance page says, and how sure it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from trials.importance import readings, refits
from trials.pages import words
from trials.pages.parts import Estimate, ImportanceRow, Interaction, Paragraph, Run
from trials.pages.words import NARROW_SPACE, say, strong

BY: Mapping[str, tuple[str, str]] = {
    refits.FANOVA: ("fANOVA", "Share of the variance in rank"),
    refits.PED_ANOVA: ("PED-ANOVA", "Share of what sets the best tenth apart"),
    refits.PERMUTATION: ("Permutation", "Share of what shuffling the parameter costs on unseen trials"),
    refits.IMPURITY: ("Impurity", "Share of the variance that splits on the parameter take away"),
}
"""Evaluators: their names, and what their figures are shares of."""

READINGS: Mapping[str, str] = {
    readings.IMPUTED: "Expected end",
    readings.LAST_LOOK: "Last look",
    readings.EQUAL_STEP: "Equal step",
    readings.SURVIVAL: "Survival",
    readings.FINISHED: "Finished only",
}
SMALL = 0.03
"""A share below this is not named in the sentence."""
LITTLE = 0.1
"""A model that explains less than this of unseen ranks says nothing."""
AGREE = 0.5
"""A rank correlation with the end below this, and early values say too little of it."""


class Trust(NamedTuple):
    """How far the figures can be leant on."""

    title: str
    text: str


def headline(
    rows: Sequence[ImportanceRow], pairs: Sequence[Interaction], by: str, *, unseen: float | None = None
) -> list[Paragraph]:
    """Say which parameters matter, with their intervals; the rows come in descending order.

    unseen: the share of unseen ranks that the model explains, if there is one.
    """
    told = [(row.name, row.all) for row in rows if row.all is not None]
    large = [(name, share) for name, share in told[:2] if share.middle >= SMALL]
    if not large:
        return [say("No parameter explains more than ", strong(_percent(SMALL)), " of a trial's rank.")]
    verb, rest = _verb(by)
    name, share = large[0]
    if by != refits.PED_ANOVA and unseen is not None and unseen < LITTLE:
        return [
            say(
                "These trials tell hardly anything of which parameter matters. Of the little the model explains, ",
                strong(name),
                f" makes up {_percent(share.middle)} ({_range(share)}).",
            )
        ]
    parts: list[str | Run] = [strong(name), f" {verb} ", strong(_percent(share.middle)), f" {rest} ({_range(share)})"]
    for name, share in large[1:]:
        parts += [", ", strong(name), f" {_percent(share.middle)} ({_range(share)})"]
    parts.append(". ")
    named = pairs[:1] if pairs and pairs[0].share.middle >= SMALL else []
    for pair in named:
        share_words = strong(_percent(pair.share.middle))
        parts += ["The interaction of ", strong(pair.one), " with ", strong(pair.other), " explains another "]
        parts += [share_words, f" ({_range(pair.share)}). "]
    parts.append(_others([share for _, share in told[len(large) :]], pairs[len(named) :]))
    return [say(*parts)]


def _verb(by: str) -> tuple[str, str]:
    if by == refits.PED_ANOVA:
        return "makes up", "of what sets the best tenth of the trials apart"
    if by == refits.PERMUTATION:
        return "carries", "of what can be predicted of a trial's rank"
    if by == refits.IMPURITY:
        return "takes", "of the splits' weight"
    return "explains", "of what can be told of a trial's rank"


def _others(rows: Sequence[Estimate], pairs: Sequence[Interaction]) -> str:
    shares = [share.middle for share in rows] + [pair.share.middle for pair in pairs]
    if not shares:
        return ""
    what = "parameter or pair" if pairs else "parameter"
    return f"No other {what} explains more than {words.at_most(max(shares))}."


def trust(reading: Mapping[str, Any], by: str, key: str) -> Trust:
    """Say how far the figures can be leant on: by what the model explains of trials it has not seen."""
    if "unseen" not in reading:
        return Trust(
            "Only PED-ANOVA is computed.",
            "The other evaluators need scikit-learn, which is not installed where jobs run.",
        )
    share, low, _ = reading["unseen"]
    said = f"The model explains {_percent(max(0.0, share))} of the ranks it has not seen"
    said += "; those of stopped trials are estimates." if key == readings.IMPUTED else "."
    if by == refits.PED_ANOVA:
        return Trust("Read the order, not the digits.", "PED-ANOVA compares densities and fits no model to check.")
    if share < LITTLE or low <= 0:
        return Trust(
            "Do not lean on this.", said if share > 0 else "The model predicts unseen ranks no better than chance."
        )
    if share < 0.4:
        return Trust("Read the first place, not the order.", said)
    exact = share >= 0.75 and key != readings.IMPUTED
    return Trust("The digits can be read." if exact else "Read the order, not the digits.", said)


def reading_help(key: str, reading: Mapping[str, Any], unit: str) -> str:
    """Say what a reading counts, and of how many trials."""
    n = reading["n"]
    trials = words.counted(n, "trial")
    step = f"{words.whole(reading['step'])} {unit}" if reading.get("step") else ""
    text = {
        readings.IMPUTED: f"{trials}: a stopped one counts with the end that the finished ones lead to expect "
        "from its value at the last look and its configuration.",
        readings.LAST_LOOK: f"{trials}: a stopped one counts with its rank at the last look it reached, "
        "those stopped earlier as worse.",
        readings.EQUAL_STEP: f"{trials}, ranked by what they had reached at {step}; "
        "those a rule stopped before are worst.",
        readings.SURVIVAL: f"{trials}, by how many cuts each survived, whatever its values.",
        readings.FINISHED: f"Only the {words.whole(n)} that finished: few, and chosen by the rules.",
    }[key]
    used = reading.get("used", n)
    if used < n:
        text += f" {words.whole(used)} of them, drawn at random, are used."
    if reading.get("grown", used) < used:
        text += f" Each refit of the model draws {words.whole(reading['grown'])}."
    return text


def agreement_words(agreement: Sequence[Sequence[Any]], unit: str) -> str:
    """Say how far early order agrees with the end: what every reading of stopped trials rests on."""
    if not agreement:
        return "Too few finished trials to tell how far the order at a look agrees with the order at the end."
    step, n, rho = agreement[0]
    said = (
        f"Of {words.whole(n)} finished trials the order at the first look ({words.whole(step)} {unit}) "
        f"correlates {rho:.2f} with the order at the end".replace("-", "−")
    )
    if rho < AGREE:
        return (
            f"{said}: what shows early is not what decides. Readings of stopped trials may then mislead more than "
            "the finished ones alone; compare both."
        )
    return f"{said}, so early values do speak for the end."


def percent(share: float) -> str:
    """Return a share in whole percent, `<1 %` for a small one."""
    return f"<{NARROW_SPACE}1{NARROW_SPACE}%" if 0 <= share < 0.01 else f"{100 * share:.0f}{NARROW_SPACE}%"


def span(share: Estimate) -> str:
    """Return an interval in whole percent, without the sign."""
    return f"{100 * share.low:.0f}–{100 * share.high:.0f}"


_percent = percent


def _range(share: Estimate) -> str:
    return f"{span(share)}{NARROW_SPACE}%"
