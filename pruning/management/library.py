"""What the library says on a command line: cards, and advice about a plan."""

from __future__ import annotations

import sys

from django.core.management.base import CommandError
from django.utils import timezone

from pruning import advising, cards
from pruning.backtest.scores import Estimate
from pruning.library.card import Card
from pruning.library.gate import share
from pruning.models import StudyCard
from trials.management.finding import find_study, find_user, read_plan_file
from trials.management.lines import Lines
from trials.models import Study


def carded(name: str | None, *, again: bool, every: bool) -> str:
    """Return a study's card in words, made if need be; every: make all that are missing and say how many."""
    if every:
        return _all()
    if name is None:
        raise CommandError("policy card needs a study: its id or name, or --all.")
    return described(_made(find_study(name), again=again))


def advised(name: str | None, user: str | None) -> str:
    """Return the suggestions for a plan, and what its own policy would have done to similar studies."""
    if name is None:
        raise CommandError("policy suggest needs a plan: a file of YAML, or `-` for standard input.")
    plan, _ = read_plan_file(name)
    person = find_user(user) if user else None
    advice, gate = advising.advice_for(plan, user=person), advising.forecast_of(plan, user=person)
    lines = [advice.sentence]
    lines += [f"  {one.name}: {one.sentence}" for one in advice.suggestions if one.sentence != advice.sentence]
    return "\n".join(filter(None, [*lines, " ".join(filter(None, (gate.sentence, gate.doubt, gate.remedy)))]))


def described(card: Card) -> str:
    """Return a card as lines of text."""
    about, measures = card.descriptors, card.measures
    said = [
        f"{card.name}: {about.metric} ({about.direction}), {about.horizon} {about.unit}"
        + (f", {about.trainable}" if about.trainable else "")
        + (f"; {', '.join(about.tags)}" if about.tags else ""),
        f"  from {card.provenance.source}" + (f", {card.provenance.licence}" if card.provenance.licence else ""),
    ]
    if measures is None:
        return "\n".join([*said, f"  nothing was played: {card.obstacle}"])
    profile = ", ".join(f"{point.agreement:.2f} at {100 * point.share:.0f} %" for point in measures.profile)
    said.append(f"  agreement with the end: {profile or 'too few trials'} of the training")
    noise = "not known" if measures.noise is None else f"{measures.noise:.3f} of median - best"
    said.append(f"  noise of a value: {noise}; diverged: {100 * measures.diverged:.0f} % of {measures.n_trials} trials")
    said += [
        f"  {one.name:20} compute {share(one.compute):>10}  regret {_regret(one.regret):>14}  "
        f"best lost {share(one.lost)}"
        for one in card.played
    ]
    return "\n".join([*said, f"  {card.provenance.note}"] if card.provenance.note else said)


def _regret(one: Estimate) -> str:
    return f"{one.at_least:.3f} to {one.at_most:.3f}" if one.value is None else f"{one.value:.3f}"


def _made(study: Study, *, again: bool) -> Card:
    lines = Lines(sys.stderr)
    try:
        row = cards.make(
            study,
            at=timezone.now(),
            again=again,
            progress=lambda text, done, total: lines.show(f"{study.name}: {text}"),
        )
    except cards.NoCard as error:
        raise CommandError(str(error))
    finally:
        lines.end()
    card = cards.read(row)
    if card is None:
        raise CommandError(f"The card of {study.name} was written by another version of this software; add --again.")
    return card


def _all() -> str:
    done = StudyCard.objects.values("study")
    waiting = Study.objects.filter(state=Study.State.ENDED).exclude(pk__in=done).select_related("project")
    made = [_made(study, again=False) for study in waiting.order_by("pk")]
    return f"Cards made: {len(made)}."
