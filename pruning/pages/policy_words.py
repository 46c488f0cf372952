"""A policy in words: when it looks, what may stop a trial, and what protects one."""

from __future__ import annotations

from collections.abc import Mapping

from pruning.looks import Geometric, Looks
from pruning.policy import Policy
from pruning.rules.base import Rule
from pruning.rules.reading import rule_data
from pruning.rules.words import count, listed
from pruning.safeguards import Safeguards
from trials.pages.parts import Fact

RULES: Mapping[str, str] = {
    "divergence": "the objective is not a number, or runs away beyond where it began",
    "threshold": "a metric passes a limit",
    "overfitting": "validation gets worse while training gets better",
    "gradient": "the gradient's norm has vanished or exploded",
    "robustness": "a metric on longer or corrupted input is too much worse than on plain input",
    "miscalibration": "the calibration error is above a limit",
    "resources": "a step takes much longer, or memory is much larger, than of finished trials",
    "trend": "the objective has been getting worse for a while",
    "plateau": "nothing was gained for a while: the trial is finished",
    "calibrated_halving": "as many go on as it takes to hold the risk of losing the winner, from how well the study's "
    "own order has predicted its end",
    "asha": "the best 1/η of all that have come to a look go on",
    "hyperband": "as asynchronous halving, in several brackets at once",
    "halving": "of a cohort that began together the best 1/η go on, once all of it have come",
    "one_shot": "the best few at the first look go on",
    "vote": "a trial is stopped when enough of several strategies speak against it",
    "sequence": "the first of several strategies whose condition still holds decides",
    "percentile": "the best percent at a look go on",
    "posterior": "a trial is stopped when its curve leaves too little of a chance to end among the best",
    "bandit": "a trial is stopped when another use of its worker is worth more",
    "racing": "a trial is stopped when it is worse than the best beyond doubt, fold by fold",
    "optuna": "a pruner of Optuna's decides",
}
"""What each rule says, in a line; `docs/pruning.md` says it in full."""


def facts(policy: Policy) -> list[Fact]:
    """Return when it looks and what may stop a trial."""
    value, said = looks(policy.looks) if policy.strategy else ("none", "")
    found = [Fact("Looks", value, help=said)]
    if policy.strategy is not None:
        found.append(_rule("Strategy", policy.strategy))
    found += [_rule("Gate", gate) for gate in policy.gates]
    return found if found[1:] else [*found, Fact("Rules", "none", help="Every trial runs to its end.")]


def _rule(label: str, rule: Rule) -> Fact:
    settings = {name: value for name, value in rule_data(rule).items() if name in SHOWN and value not in (None, "", [])}
    told = ", ".join(f"{name} {_plain(value)}" for name, value in settings.items())
    return Fact(label, rule.name.replace("_", " "), told, RULES.get(rule.name, ""))


SHOWN = (
    "risk",
    "aim",
    "action",
    "eta",
    "keep",
    "keep_top",
    "peers",
    "alpha",
    "k",
    "index",
    "cohort",
    "needed",
    "upper",
)
"""Settings worth a place beside a rule's name; all of them stand in the YAML."""


def looks(found: Looks) -> tuple[str, str]:
    """Return when trials are judged against their peers: in short, and in words."""
    if not isinstance(found, Geometric):
        return (f"{len(found)}", f"at {listed([f'{look:,}' for look in found])}") if found else ("none", "")
    first = f"at step {found.first:,}" if found.first else "after a sixteenth of the training"
    return f"spaced by {found.factor:g}", f"first {first}, then whenever it has grown by that factor"


def safeguards(found: Safeguards) -> list[str]:
    """Return what protects a trial, a sentence each."""
    told = [
        (
            found.control_every,
            (
                f"One of {found.control_every} suggested trials belongs to the control arm: no rule stops "
                "it, so that wrong stops can be measured."
            ),
        ),
        (found.min_peers, f"No verdict with fewer than {count(found.min_peers, 'other trial')} at a look."),
        (
            found.top_k,
            "The best at a look is never stopped there."
            if found.top_k == 1
            else f"The best {found.top_k} at a look are never stopped there.",
        ),
        (found.grace, f"The strategy stops nothing during the first {count(found.grace, 'step')}."),
        (found.patience > 1, f"A trial is stopped after {found.patience} bad looks in a row, not at the first."),
        (found.near_end, f"From {_percent(found.near_end)} of the training on the strategy stops nothing."),
        (found.min_improvement, f"A trial that gained {_plain(found.min_improvement)} since the last look is spared."),
        (
            found.confidence,
            (
                f"A trial is stopped only if its value is worse than the cut by {_plain(found.confidence)} "
                "standard errors."
            ),
        ),
        (
            found.diversity,
            f"A trial near the cut that is unlike all that go on (farther than {_plain(found.diversity)}) is spared.",
        ),
        (found.stops_per_hour, f"At most {count(found.stops_per_hour or 0, 'trial')} an hour are stopped."),
    ]
    said = [sentence for applies, sentence in told if applies]
    return [*said, f"A stop was wrong if the trial would have ended among the best {found.best_k}."]


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.0f} %"


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(_plain, value)) if isinstance(value, list | tuple) else str(value)
