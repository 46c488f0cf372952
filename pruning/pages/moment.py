"""What was known at the moment of one verdict: nothing later than its sequence number is in it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pruning import querysets
from pruning.ahead import ahead_of
from pruning.models import PruningEvent
from pruning.pages import rungs
from pruning.pages.peers import Peer, Peers
from pruning.pages.rungs import Rung
from pruning.pages.words import glyph
from pruning.population import key
from pruning.provider import cut_of
from trials import series
from trials.charts import band as peer_band
from trials.charts.band import Band
from trials.charts.curves import finite
from trials.charts.packing import Gapped, gapped, pack
from trials.facts import Cut
from trials.models import Observation, Study, Trial

# Of more peers an even draw over their ranks is shown; the ranks themselves come from the observations, all of them.
MOST_CURVES = 200
MOST_PEERS = 600
MOST_WENT_ON = 12


class Known(NamedTuple):
    """One moment."""

    event: PruningEvent
    own: tuple[NDArray[np.int64], NDArray[np.float64]]
    peers: Peers
    """In the order of their ranks, the judged trial among them; empty between decision points."""
    band: Band | None
    went_on: Gapped
    cuts: Sequence[Cut]


def known_at(study: Study, event: PruningEvent) -> Known:
    """Gather one moment from the observations and points told by then."""
    peers = peers_at(study, event)
    step = event.step or 0
    own = _own(study, event)
    quota = event.evidence.get("quota") or 0
    judged = peers.place_of(event.trial_number)
    others = [peers[place].number for place in peers.spread(MOST_CURVES) if place != judged]
    ahead = [peers[place].number for place in peers.spread(MOST_WENT_ON, of=quota) if place != judged]
    curves = _curves(study, [*others, *ahead], step)
    cuts = [cut for row in querysets.newest_by_step(study, until=event.sequence) if (cut := cut_of(row)) is not None]
    return Known(
        event=event,
        own=own,
        peers=peers,
        band=peer_band.band([curves[number] for number in others if number in curves], until=step),
        went_on=gapped((number, *curves[number]) for number in ahead if number in curves),
        cuts=[cut for cut in cuts if cut.step <= step],
    )


def peers_at(study: Study, event: PruningEvent) -> Peers:
    """Return all that had reached the entry's step by its sequence number, best first; ties go to the earlier trial."""
    evidence, maximize = event.evidence, not study.minimises
    if event.step is None or ("rank" not in evidence and "quota" not in evidence):
        return Peers(rungs.NOTHING.numbers, rungs.NOTHING.values, maximize=maximize)
    by = str(evidence.get("by"))
    known = rungs.rung_of(study, event.step).until(event.sequence)
    if by == "best":
        return Peers(known.numbers, known.bests, maximize=maximize)
    if by == "ahead":
        return Peers(known.numbers, _ahead(study, event, known), maximize=maximize)
    return Peers(known.numbers, known.values, maximize=maximize, told=True)


def _ahead(study: Study, event: PruningEvent, known: Rung) -> NDArray[np.float64]:
    """Return where the bests of a rung are heading, by each trial's newest observation half as far or less."""
    step, maximize = event.step or 0, not study.minimises
    rows = Observation.objects.filter(study=study, step__lte=step // 2, sequence__lte=event.sequence)
    earlier = {
        number: (at, best)
        for number, at, best in rows.order_by("step", "sequence").values_list("trial__number", "step", "best")
    }
    found = known.bests.copy()
    for place, (number, best) in enumerate(zip(known.numbers.tolist(), known.bests.tolist(), strict=True)):
        if not math.isnan(best) and number in earlier:
            at, before = earlier[number]
            ahead = ahead_of(
                key(best, maximize=maximize), step=step, before=key(before, maximize=maximize), before_step=at
            )
            found[place] = -ahead if maximize else ahead
    return found


def payload(study: Study, known: Known) -> dict[str, object]:
    """Return the JSON of docs/charts.md."""
    event, evidence = known.event, known.event.evidence
    quota = evidence.get("quota")
    return {
        "objective": study.metric,
        "direction": study.direction,
        "unit": study.step_unit,
        "horizon": study.horizon,
        "step": event.step or 0,
        "kind": glyph(event),
        "trial": event.trial_number,
        "value": number_of(evidence, "value"),
        "rank": evidence.get("rank"),
        "of": evidence.get("population"),
        "quota": quota,
        "cut": number_of(evidence, "cut"),
        "own": {"x": pack(known.own[0]), "y": pack(known.own[1])},
        "band": peer_band.payload(known.band),
        "went_on": {
            "trials": known.went_on.trials,
            "offsets": known.went_on.offsets,
            "x": pack(known.went_on.x),
            "y": pack(known.went_on.y),
        },
        "cuts": [{"step": cut.step, "value": cut.value} for cut in known.cuts],
        "peers": [
            {"trial": peer.number, "value": finite(peer.value), "goes_on": quota is not None and place < quota}
            for place, peer in _drawn(known)
        ],
        "n_peers": len(known.peers),
        "n_stopped_before": evidence.get("eliminated", 0),
    }


def _drawn(known: Known) -> Iterator[tuple[int, Peer]]:
    """Yield the peers to be drawn with their places: the judged trial and those beside the cut are always there."""
    peers, quota = known.peers, known.event.evidence.get("quota") or 0
    judged = peers.place_of(known.event.trial_number)
    for place in peers.spread(MOST_PEERS, keep=(quota - 1, quota, *(() if judged is None else (judged,)))):
        yield place, peers[place]


def number_of(evidence: Mapping[str, Any], name: str) -> float | None:
    """Return a finite number of the evidence."""
    value = evidence.get(name)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _own(study: Study, event: PruningEvent) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the judged trial's curve as its attempt knew it, up to the entry's step."""
    empty = np.empty(0, dtype=np.int64), np.empty(0)
    if event.trial_number is None:
        return empty
    trial = Trial.objects.filter(study=study, number=event.trial_number).first()
    if trial is None:
        return empty
    steps, values = series.read(trial, study.metric, attempt=event.attempt_number)
    told = steps <= (event.step if event.step is not None else study.horizon)
    return steps[told], values[told]


def _curves(
    study: Study, numbers: Sequence[int], step: int
) -> Mapping[int, tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Return the peers' curves up to a step by trial number."""
    found = dict(Trial.objects.filter(study=study, number__in=numbers).values_list("pk", "number"))
    curves = series.read_many(list(found), study.metric)
    return {found[pk]: (steps[steps <= step], values[steps <= step]) for pk, (steps, values) in curves.items()}
