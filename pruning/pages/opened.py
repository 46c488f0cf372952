"""One ledger entry opened: the sentence, the numbers, what would have had to differ, the checks, the neighbours."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from django.urls import reverse
from numpy.typing import NDArray

from pruning.models import PruningEvent
from pruning.pages import checks, words
from pruning.pages.moment import number_of, peers_at
from pruning.pages.peers import Peer, Peers
from pruning.rules.calibrated_halving import explanation
from pruning.rules.words import apart, chances, number
from trials.models import Study, Trial
from trials.pages.parts import Fact, Neighbour, Opened, Paragraph
from trials.pages.words import NARROW_SPACE, counted, ending_of, kind_of, percent, say, signed, strong, whole
from trials.pages.words import brief as without_head
from trials.pages.words import number as told

AROUND = 4
MOST_NAMED = 500
Kind = PruningEvent.Kind


def opened(study: Study, event: PruningEvent, turns: tuple[str, str], *, replay: bool = False) -> Opened:
    """Return everything an opened entry shows; `turns` are the addresses of the newer and the older entry."""
    evidence = event.evidence
    peers = peers_at(study, event)
    verdict = event.kind == Kind.VERDICT
    sealed = checks.of(study, event, replay=replay)
    return Opened(
        sequence=event.sequence,
        kind=words.glyph(event),
        title=words.title(event),
        trial_url=_trial_url(study, event.trial_number),
        reason=words.reason_line(event),
        sentence=event.sentence,
        why=_why(evidence),
        at=event.at,
        where=_where(event),
        badges=sealed.badges,
        moment_url=reverse("pruning:event_json", args=[study.pk, event.sequence]) if verdict else "",
        facts=_facts(evidence) if verdict else _plain_facts(evidence),
        differ=_differ(study, event) if verdict else (),
        checks=sealed.checks,
        neighbours=_neighbours(study, event, peers),
        neighbours_text=_neighbours_text(study, event, peers),
        cut=told(number_of(evidence, "cut")) if number_of(evidence, "cut") is not None else "",
        look=f"At step {event.step:,}" if event.step is not None else "",
        evidence=list(_flat(evidence)),
        previous_url=turns[0],
        next_url=turns[1],
    )


def _why(evidence: Mapping[str, Any]) -> str:
    """Return why just so many go on, as a sentence; nothing where the rule sets a fixed share."""
    said = explanation(evidence) if "aim" in evidence and "quota" in evidence else ""
    return f"{said[:1].upper()}{said[1:]}." if said else ""


def brief(event: PruningEvent) -> str:
    """Return a row's sentence without the head that the list already shows."""
    return without_head(event.sentence) if event.kind == Kind.VERDICT else event.sentence


def _trial_url(study: Study, number: int | None) -> str:
    return "" if number is None else reverse("trials:trial", args=[study.pk, number])


def _where(event: PruningEvent) -> str:
    return f"attempt {event.attempt_number}" if event.attempt_number is not None else ""


def _facts(evidence: Mapping[str, Any]) -> list[Fact]:
    """Return the numbers of a verdict: value, cut, rank, quota; of a gate, what it measured."""
    value, cut = number_of(evidence, "value"), number_of(evidence, "cut")
    texts = apart(value, cut) if value is not None and cut is not None else (told(value), told(cut))
    facts = [Fact("Heading for" if _is_heading(evidence) else "Value", signed(texts[0]), help=_value_help(evidence))]
    if "quota" not in evidence:
        return [*facts, *_forecast_facts(evidence), *_gate_facts(evidence)]
    held = f"held by trial {evidence['cut_trial']}" if evidence.get("cut_trial") is not None else ""
    population, quota = evidence["population"], evidence["quota"]
    agreement = number_of(evidence, "agreement")
    pairs = f"rank correlation, {counted(evidence.get('pairs') or 0, 'trial')}"
    facts += [
        Fact("Cut", signed(texts[1]) if cut is not None else "none", help=held or "all that came this far may go on"),
        Fact(
            "Rank",
            f"{evidence['rank']:,} of {population:,}",
            help=f"{evidence['reached']:,} reached it, {evidence['eliminated']:,} stopped before",
        ),
        Fact("Go on", f"{quota:,}", percent(quota / population) if population else "", _quota_help(evidence)),
    ]
    return facts if agreement is None else [*facts, Fact("Agreement with the end", f"{agreement:.2f}", help=pairs)]


def _forecast_facts(evidence: Mapping[str, Any]) -> list[Fact]:
    """Return the numbers of a rule that lets no fixed number go on: the place, the expected end, the chance."""
    facts: list[Fact] = []
    if "rank" in evidence:
        facts.append(Fact("Rank", f"{evidence['rank']:,} of {evidence['population']:,}"))
    mean, sd = number_of(evidence, "mu"), number_of(evidence, "sd")
    if mean is not None and sd is not None:
        peers = f"forecast from its curve and {counted(evidence['ended_here'], 'ended trial')}"
        facts.append(Fact("Expected end", f"{signed(told(mean))} ± {told(sd)}", help=peers))
    chance = number_of(evidence, "probability")
    if chance is not None:
        best = "the best" if evidence["k"] == 1 else f"among the best {evidence['k']}"
        facts.append(Fact("Chance", chances(chance)[0], help=f"to end {best}"))
    return facts


def _is_heading(evidence: Mapping[str, Any]) -> bool:
    """Say whether trials were ranked by where they are heading, not by what they had told."""
    return evidence.get("by") == "ahead"


def _value_help(evidence: Mapping[str, Any]) -> str:
    metric = str(evidence.get("metric", ""))
    best = f"best {metric} so far"
    return {"best": best, "ahead": f"{best} and three quarters of the last gain"}.get(str(evidence.get("by")), metric)


def _quota_help(evidence: Mapping[str, Any]) -> str:
    if "eta" in evidence:
        return f"one in {evidence['eta']:g} at each look, look {evidence['look'] + 1}"
    if "risk" in evidence:
        return f"{percent(evidence['risk'])} risk of losing the best"
    return f"the best {evidence['keep']:g} %" if "keep" in evidence else ""


def _gate_facts(evidence: Mapping[str, Any]) -> list[Fact]:
    shown = ("limit", "first", "best", "excess", "in_a_row", "needed", "peers", "min_peers", "finished", "cut", "quota")
    return [
        Fact(name.replace("_", " ").capitalize(), _value_text(evidence[name]))
        for name in shown
        if isinstance(evidence.get(name), int | float) and not isinstance(evidence.get(name), bool)
    ]


def _plain_facts(evidence: Mapping[str, Any]) -> list[Fact]:
    """Return the numbers of a row that is no verdict."""
    return [
        Fact(name.replace("_", " ").capitalize(), _value_text(value))
        for name, value in evidence.items()
        if isinstance(value, int | float | str)
        and not isinstance(value, bool)
        and value != ""
        and len(str(value)) <= 40
    ][:6]


def _value_text(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return whole(value)
    return told(float(value)) if isinstance(value, float) else str(value)


def _differ(study: Study, event: PruningEvent) -> list[Paragraph]:
    """Say what would have had to differ for another verdict; only what the evidence settles."""
    evidence = event.evidence
    if event.verdict == "ABSTAIN":
        return _differ_few_peers(evidence)
    if "alpha" in evidence:
        return _differ_chance(event)
    if "quota" not in evidence:
        return _differ_gate(event)
    if "opens_at" in evidence:
        missing = evidence["opens_at"] - evidence["reached"]
        return [say("It goes on, if its rank allows, once ", strong(f"{missing:,} more"), " have come this far.")]
    against = event.verdict in {"STOP", "PAUSE", "PROTECT"}
    return _differ_down(study, event, evidence) if against else _differ_up(study, event, evidence)


def _differ_few_peers(evidence: Mapping[str, Any]) -> list[Paragraph]:
    needed, had = evidence.get("min_peers"), evidence.get("peers")
    if not isinstance(needed, int) or not isinstance(had, int):
        return []
    return [
        say("A verdict needed ", strong(f"{needed - had} more"), f" {'peer' if needed - had == 1 else 'peers'} here.")
    ]


def _differ_chance(event: PruningEvent) -> list[Paragraph]:
    (asked,) = chances(event.evidence["alpha"])
    if event.verdict not in {"STOP", "PAUSE", "PROTECT"}:
        return [say("A chance below ", strong(asked), " at enough looks in a row would have stopped it.")]
    return [say("A chance of ", strong(asked), " or more."), *_differ_safeguard(event, event.evidence)]


def _differ_gate(event: PruningEvent) -> list[Paragraph]:
    evidence = event.evidence
    limit = number_of(evidence, "limit")
    if event.verdict not in {"STOP", "PROTECT", "WARN"}:
        return []
    # Nothing protects a trial whose objective is no number, and a warning needs no protection.
    is_sparable = event.verdict != "WARN" and number_of(evidence, "value") is not None
    spared = _differ_safeguard(event, evidence) if is_sparable else []
    if limit is not None:
        metric, first = evidence.get("metric", "The value"), number_of(evidence, "first")
        if first is not None:  # the limit is a distance from the first value
            is_above = evidence["value"] > first
            bound = first + limit if is_above else first - limit
            side = "below" if is_above else "above"
            return [say(f"{metric} {side} ", strong(told(bound)), " at any of these reports."), *spared]
        return [say(f"{metric} on the other side of ", strong(told(limit)), " at any of these reports."), *spared]
    needed = evidence.get("needed")
    if isinstance(needed, int):
        return [say("A finite value here." if needed == 1 else f"One finite value among the last {needed} reports.")]
    return []


def _differ_down(study: Study, event: PruningEvent, evidence: Mapping[str, Any]) -> list[Paragraph]:
    """Say what would have let a trial go on."""
    value, cut = number_of(evidence, "value"), number_of(evidence, "cut")
    side = "less" if study.minimises else "more"
    points: list[Paragraph] = []
    if value is not None and cut is not None:
        gap = abs(value - cut)
        points.append(
            say(
                f"{study.metric} {'heading for' if _is_heading(evidence) else 'of'} ",
                strong(signed(apart(cut, value)[0])),
                f" or {side} by step {event.step:,}: ",
                strong(number(gap)),
                f" {'lower' if study.minimises else 'higher'} than it was.",
            )
        )
    rank, quota, population = evidence["rank"], evidence["quota"], evidence["population"]
    if population:
        share, kept = (f"{n / population:.1%}".replace("%", f"{NARROW_SPACE}%") for n in (rank, quota))
        points.append(say("Or a quota of ", strong(f"{rank:,}"), f" instead of {quota:,}: {share} kept, not {kept}."))
    return [*points, *_differ_safeguard(event, evidence)]


def _differ_safeguard(event: PruningEvent, evidence: Mapping[str, Any]) -> list[Paragraph]:
    if event.verdict == "PROTECT":
        return [say("Without its protection it would have been stopped here, as ", strong(_overruled(evidence)), ".")]
    return [say("Or a place in the control arm, drawn before it started, or a pin by a person.")]


def _overruled(evidence: Mapping[str, Any]) -> str:
    return str(evidence.get("overruled_reason", "a rule said")).replace("_", " ")


def _differ_up(study: Study, event: PruningEvent, evidence: Mapping[str, Any]) -> list[Paragraph]:
    """Say what would have stopped a trial that went on."""
    rank, quota, cut = evidence["rank"], evidence["quota"], number_of(evidence, "cut")
    spare = quota - rank
    points: list[Paragraph] = [
        say(
            "It would have gone on with ",
            strong(f"{spare:,} more"),
            f" {'trial' if spare == 1 else 'trials'} ahead of it.",
        )
        if spare > 0
        else say(strong("One more"), " trial ahead of it, and it would not have gone on.")
    ]
    if cut is not None:
        worse = "above" if study.minimises else "below"
        told_as = f"{study.metric} heading" if _is_heading(evidence) else study.metric
        points.append(say(f"A {told_as} {worse} ", strong(told(cut)), " would have been cut."))
    return points


def _neighbours(study: Study, event: PruningEvent, peers: Peers) -> list[Neighbour]:
    """Return the peers around the cut and around the trial, with what became of them since."""
    places = _places(event, peers)
    if not places:
        return []
    numbers = [peers[place].number for place in places]
    trials = {trial.number: trial for trial in Trial.objects.filter(study=study, number__in=numbers)}
    quota = event.evidence.get("quota") or 0
    return [
        _neighbour(study, event, place, peers[place], trials[peers[place].number], cut_below=place + 1 == quota)
        for place in places
        if peers[place].number in trials
    ]


def _places(event: PruningEvent, peers: Peers) -> list[int]:
    own = peers.place_of(event.trial_number)
    if own is None or len(peers) < 2:
        return []
    quota = min(event.evidence.get("quota") or 0, len(peers))
    wanted = {*range(own - AROUND, own + AROUND + 1), *range(quota - AROUND, quota + 2)}
    return sorted(place for place in wanted if 0 <= place < len(peers))


def _neighbour(
    study: Study, event: PruningEvent, place: int, peer: Peer, trial: Trial, *, cut_below: bool
) -> Neighbour:
    best = trial.best_value if trial.value is None else trial.value
    at = f" at step {trial.ending_step:,}" if trial.ending_motive and trial.ending_step is not None else ""
    return Neighbour(
        rank=place + 1,
        number=peer.number,
        url=_trial_url(study, peer.number),
        value=told(peer.value),
        kind=kind_of(trial.state, trial.ending_motive),
        ending=f"{ending_of(trial.state, trial.ending_code)}{at}",
        best=told(best),
        selected=peer.number == event.trial_number,
        cut_below=cut_below,
    )


def _neighbours_text(study: Study, event: PruningEvent, peers: Peers) -> str:
    """Say how those fared that ranked between the cut and this trial and went further all the same."""
    rank, quota = event.evidence.get("rank"), event.evidence.get("quota")
    if not isinstance(rank, int) or not isinstance(quota, int) or rank <= quota or event.step is None:
        return ""
    between = peers.numbers[quota : rank - 1]
    if not between.size:
        return "No trial ranked between the cut and this one."
    values = _bests_of_those_further(study, between, event.step)
    if not values.size:
        return f"{_capital(len(between))} ranked between the cut and this one; none went further."
    best = float(values.min() if study.minimises else values.max())
    some = f"{_capital(len(values))} ranked between the cut and this one and went further."
    return f"{some} The best of them reached {told(best)}."


def _bests_of_those_further(study: Study, numbers: NDArray[np.int64], step: int) -> NDArray[np.float64]:
    """Return the best values of those of these trials that went beyond a step."""
    went = Trial.objects.filter(study=study, last_step__gt=step, best_value__isnull=False)
    if len(numbers) <= MOST_NAMED:
        went = went.filter(number__in=numbers.tolist())
    rows = np.array(went.values_list("number", "best_value"), dtype=np.float64).reshape(-1, 2)
    bests: NDArray[np.float64] = rows[np.isin(rows[:, 0], numbers), 1]
    return bests


def _capital(n: int) -> str:
    names = ("No trial", "One trial", "Two trials", "Three trials", "Four trials", "Five trials", "Six trials")
    return names[n] if n < len(names) else f"{n:,} trials"


def _flat(evidence: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return all of the evidence as name and text, nested names joined by a dot."""
    found: list[tuple[str, str]] = []
    for name, value in evidence.items():
        if isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
            value = {str(place): one for place, one in enumerate(value, start=1)}
        if isinstance(value, Mapping):
            found += _flat(value, f"{prefix}{name}.")
        elif isinstance(value, float) and math.isfinite(value):
            found.append((f"{prefix}{name}", repr(value)))
        else:
            found.append((f"{prefix}{name}", "none" if value is None else str(value)[:400]))
    return found
