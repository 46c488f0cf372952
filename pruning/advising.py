"""What past studies say to a plan before it is launched: the safety gate, suggested policies, a prior for its links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pruning import cards, catalogue
from pruning.backtest.named import PAYOFF
from pruning.cards import Kept
from pruning.gate import Replay
from pruning.launch_terms import RISK, LaunchTerms, launch_terms
from pruning.library.card import Card
from pruning.library.descriptors import NEAR, Descriptors
from pruning.library.gate import Forecast, Past, forecast, nothing_known, percent
from pruning.library.neighbours import FEWEST, Neighbour, ranked
from pruning.library.playing import OWN, STOPPING
from pruning.library.prior import prior_from
from pruning.library.suggesting import Candidate, Ranked, suggested
from pruning.models import PolicyVersion
from pruning.policy import Policy
from pruning.presets import DEFAULT, DESCRIPTIONS
from pruning.rules.calibrated_halving import CalibratedHalving
from pruning.standing import policy_of
from trials.models import Project
from trials.models.project import Person
from trials.plan import Plan
from trials.seam import Advice, Gate, Replayed, Suggestion

CANDIDATES = ("safe", "balanced", "payoff", "fast")


def forecast_of(plan: Plan, *, user: Person | None, project: Project | None = None) -> Gate:
    """Return what the plan's policy would have done to the most similar past studies that the person may see."""
    terms = launch_terms(plan.policy)
    if terms.mode == "off":
        return Gate()
    plan = plan if project is None else settled(plan, project=project)
    policy = policy_of(plan)
    risk = _risk(terms, policy)
    near, nearest = _near(cards.visible_to(user), _descriptors(plan, policy))
    replay = Replay(plan, policy)
    past = replay.past(near)
    found = forecast(past, risk=risk)
    waiting, doubts = _waiting(user), replay.doubts()
    if found is None:
        return Gate(mode=terms.mode, risk=risk, sentence=_silence(near, nearest), doubt=" ".join([*waiting, *doubts]))
    return Gate(
        mode=terms.mode,
        sentence=found.sentence,
        doubt=" ".join([*found.doubts, *waiting, *doubts]),
        finding=found.finding,
        is_exceeded=found.is_exceeded,
        remedy=_remedy(plan, terms, found, near) if found.is_exceeded else "",
        risk=risk,
        saved=found.saved.value,
        saved_interval=found.saved.ends,
        lost=found.lost,
        lost_interval=found.interval,
        lost_bounds=found.bounds,
        studies=[_replayed(one) for one in found.past],
    )


def advice_for(plan: Plan, *, user: Person | None) -> Advice:
    """Return the policies that did well on similar past studies, the best first; the default where too few are near."""
    near, _ = _near(cards.visible_to(user), _descriptors(plan, policy_of(plan)))
    neighbours = [neighbour for neighbour, _ in near]
    candidates = _candidates(plan, [one.card for one in neighbours])
    found = suggested(neighbours, candidates)
    default = _default(plan, n_near=len(near))
    if not found:
        return Advice(sentence=default.sentence, suggestions=[default])
    said = (
        f"{len(near)} similar studies (distance up to {NEAR:g}) know these policies; ranked by regret and compute on "
        "their curves, less one standard error."
    )
    return Advice(sentence=said, suggestions=[_suggestion(one, plan) for one in found])


def settled(plan: Plan, *, project: Project, before: Plan | None = None) -> Plan:
    """Return the plan with its prior fixed as numbers, if it asks for the library's.

    They come from the project's own cards and the starter library, which every member may see. An amendment keeps
    the numbers of the plan that it amends: what a study expects does not move under it.
    """
    if not launch_terms(plan.policy).wants_library or not isinstance(plan.policy, Mapping):
        return plan
    prior = launch_terms(before.policy).prior if before is not None else {}
    if not prior:
        descriptors = _descriptors(plan, policy_of(plan))
        neighbours = ranked((kept.card for kept in cards.of_project(project)), descriptors)
        prior = prior_from(neighbours).to_mapping()
    return replace(plan, policy={**plan.policy, "prior": dict(prior)})


def _descriptors(plan: Plan, policy: Policy) -> Descriptors:
    return cards.descriptors_of(plan, policy.grid(horizon=plan.horizon, report_steps=plan.report_steps))


def _near(kept: Sequence[Kept], asked: Descriptors) -> tuple[list[tuple[Neighbour, Kept]], float | None]:
    """Return the cards near enough to speak, the most similar first, and the distance of the nearest of all."""
    by_card = {id(one.card): one for one in kept}
    every = ranked((one.card for one in kept), asked)
    return [(one, by_card[id(one.card)]) for one in every if one.is_near], every[0].distance if every else None


def _risk(terms: LaunchTerms, policy: Policy) -> float:
    """Return the share of lost winners that the plan accepts: the gate's own, the strategy's dial, or 20 %."""
    if terms.risk is not None:
        return terms.risk
    strategy: object = policy.strategy
    return strategy.risk if isinstance(strategy, CalibratedHalving) and strategy.aim == "risk" else RISK


def _waiting(user: Person | None) -> list[str]:
    """Say that ended studies were not asked because their cards are still to be made."""
    n = cards.n_missing(user)
    if not n:
        return []
    who = "1 ended study was" if n == 1 else f"{n} ended studies were"
    return [f"{who} not asked: cards of studies that have just ended, or ended before an upgrade, take a few minutes."]


def _silence(near: Sequence[object], nearest: float | None) -> str:
    """Return why nothing is known about the policy."""
    if not near:
        return nothing_known(nearest)
    n = "1 similar study is" if len(near) == 1 else f"{len(near)} similar studies are"
    return (
        f"{n} known, but not what this policy would have done to them: their curves are not kept here, and the library "
        "has played other policies. `manage.py backtest` plays it on curves that you have."
    )


def _remedy(plan: Plan, terms: LaunchTerms, found: Forecast, near: Sequence[tuple[Neighbour, Kept]]) -> str:
    """Return what to do, with the policy that lost least on the same studies."""
    names = {one.name for one in found.past}
    known = [neighbour.card for neighbour, _ in near if neighbour.card.name in names]
    losses = {
        name: [
            lost
            for card in known
            if (played := card.named(_variant(name, plan))) is not None and (lost := played.lost.value) is not None
        ]
        for name in CANDIDATES
    }
    means = {name: sum(lost) / len(lost) for name, lost in losses.items() if lost}
    best = min(means, key=lambda name: means[name], default=None)
    told = []
    if best is not None and means[best] <= found.risk:
        told.append(f"There `{best}` lost {percent(means[best])}: use it (policy: {_in_plan(best, plan)}).")
    told.append(f"Or accept more in so many words, as in `safety_gate: {{mode: {terms.mode}, risk: {_above(found)}}}`")
    return " ".join(told) + (", or let it warn only." if terms.mode == "block" else ".")


def _above(found: Forecast) -> str:
    lost = found.bounds[0] if found.lost is None else found.lost
    return f"{min(0.99, round(lost + 0.05, 2)):g}"


def _in_plan(name: str, plan: Plan) -> str:
    return name if name != "payoff" else "{preset: balanced, strategy: {rule: calibrated_halving, aim: payoff}}"


def _variant(name: str, plan: Plan) -> str:
    """Return what a card calls a preset under this plan: without a trainable nothing can be paused."""
    return f"{name}{STOPPING}" if plan.trainable is None and name in {"safe", "balanced"} else name


def _candidates(plan: Plan, known: Sequence[Card]) -> dict[str, Candidate]:
    found = {name: _policy(name, plan) for name in CANDIDATES}
    candidates = {name: Candidate(name=name, fingerprint=policy.fingerprint) for name, policy in found.items()}
    own = {played.fingerprint for card in known if (played := card.named(OWN)) is not None}
    for version in PolicyVersion.objects.filter(fingerprint__in=own).select_related("policy"):
        if catalogue.read(version) is None:
            continue  # its rules have changed since: it can no longer be asked for
        name = f"{version.policy.name} v{version.number}"
        candidates[name] = Candidate(name=name, fingerprint=version.fingerprint)
    return candidates


def _policy(name: str, plan: Plan) -> Policy:
    return policy_of(replace(plan, policy=_written(name, plan)))


def _written(name: str, plan: Plan) -> str | Mapping[str, object]:
    """Return what a plan writes to get the policy."""
    if name != "payoff":
        return name
    if plan.trainable is not None:
        return PAYOFF
    return {**PAYOFF, "strategy": {"rule": "calibrated_halving", "aim": "payoff", "action": "stop"}}


def _suggestion(one: Ranked, plan: Plan) -> Suggestion:
    name = one.candidate.name
    policy: str | Mapping[str, object]
    if name in CANDIDATES:
        policy = _written(name, plan)
        description = DESCRIPTIONS.get(name, catalogue.PAYOFF_DESCRIPTION)
    else:
        version = PolicyVersion.objects.get(fingerprint=one.candidate.fingerprint)
        policy = dict(version.mapping)
        description = Policy.from_mapping(policy).description
    return Suggestion(
        name=name,
        policy=policy,
        description=description,
        sentence=one.sentence,
        distance=one.distance,
        n_studies=len(one.support),
        is_default=name == DEFAULT,
    )


def _default(plan: Plan, *, n_near: int) -> Suggestion:
    n = "no study is" if n_near == 0 else "1 study is" if n_near == 1 else f"{n_near} studies are"
    why = f"{n} similar enough" if n_near < FEWEST else f"{n} similar, but fewer than {FEWEST} know the same policy"
    return Suggestion(
        name=DEFAULT,
        policy=DEFAULT,
        description=DESCRIPTIONS[DEFAULT],
        sentence=f"The default: {why}, and {FEWEST} are needed to tell policies apart.",
        n_studies=n_near,
        is_default=True,
    )


def _replayed(one: Past) -> Replayed:
    return Replayed(
        name=one.name,
        distance=one.distance,
        saved=one.saved,
        lost=one.lost,
        source=one.source,
        url=one.url,
        likely_lost=one.likely_lost,
        orders=one.orders,
        control=one.control if one.likely_lost is not None else None,
        winner=one.winner.sentence if one.winner else "",
        winner_verdict=one.winner.verdict if one.winner else "",
    )
