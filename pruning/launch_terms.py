"""What a plan's policy asks of its launch, beside how to judge: the safety gate, and a prior from the library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pruning.links import SHARES
from pruning.rules.settings import PolicyError, Problem, unknown

GATE, PRIOR = "safety_gate", "prior"
SECTIONS = (GATE, PRIOR)
MODES = ("warn", "block", "off")
LIBRARY_WORD = "library"
RISK = 0.2
"""The accepted share of lost winners where neither the gate nor the strategy names one."""
_GATE_FIELDS = ("mode", "risk")
_PRIOR_FIELDS = ("agreement", "weight", "spread", "studies", "distance")


@dataclass(frozen=True, kw_only=True)
class LaunchTerms:
    """What stands beside the sections by which a policy judges."""

    mode: str = "warn"
    """What the gate does when past winners would have been lost too often: `warn`, `block`, or `off`."""
    risk: float | None = None
    """The share of lost winners that is too often is above this; None: the strategy's own, else 20 %."""
    prior: Mapping[str, Any] = field(default_factory=dict)
    """Agreements fixed for this study with what they rest on; empty for none."""
    wants_library: bool = False
    """The prior is to be taken from the library when the study is launched."""

    @property
    def speaks_of_links(self) -> bool:
        """Say whether it asks for a prior, fixed already or not."""
        return bool(self.prior) or self.wants_library

    @property
    def agreement(self) -> tuple[float, ...] | None:
        """Return the fixed agreement with the end at 2, 4, 8, 16, 32 and 64 % of the training; None if none is."""
        return tuple(map(float, self.prior["agreement"])) if self.prior else None

    @property
    def weight(self) -> float:
        """Return how many pairs the fixed prior counts as."""
        return float(self.prior.get("weight", 6.0))


def launch_terms(data: object, path: str = "policy") -> LaunchTerms:
    """Return what a policy's data ask of the launch; PolicyError names what is wrong by its path."""
    if not isinstance(data, Mapping):
        return LaunchTerms()
    problems: list[Problem] = []
    mode, risk = _read_gate(data.get(GATE), f"{path}.{GATE}", problems)
    prior = data.get(PRIOR)
    if prior is not None and prior != LIBRARY_WORD:
        problems += _prior_problems(prior, f"{path}.{PRIOR}")
    if problems:
        raise PolicyError(problems)
    fixed = dict(prior) if isinstance(prior, Mapping) else {}
    return LaunchTerms(mode=mode, risk=risk, prior=fixed, wants_library=prior == LIBRARY_WORD)


def without_terms(data: Mapping[str, object]) -> dict[str, object]:
    """Return a policy's data without what it asks of the launch."""
    return {name: value for name, value in data.items() if name not in SECTIONS}


def _read_gate(value: object, path: str, problems: list[Problem]) -> tuple[str, float | None]:
    if value is None:
        return "warn", None
    if value is False:  # `off` as YAML 1.1 reads it
        return "off", None
    fields: Mapping[str, Any] = value if isinstance(value, Mapping) else {"mode": value}
    for name in fields:
        if name not in _GATE_FIELDS:
            problems.append(Problem(path=f"{path}.{name}", message=unknown(str(name), _GATE_FIELDS, "setting")))
    mode, risk = fields.get("mode", "warn"), fields.get("risk")
    if not isinstance(mode, str) or mode not in MODES:
        where = f"{path}.mode" if isinstance(value, Mapping) else path
        problems.append(Problem(path=where, message=f"{mode!r} is not one of {', '.join(MODES)}"))
    if risk is not None and not (_is_number(risk) and 0 < risk < 1):
        problems.append(
            Problem(path=f"{path}.risk", message=f"{risk!r} is not a number between 0 and 1: 0.2 is one run of five")
        )
    return str(mode), None if risk is None or not _is_number(risk) else float(risk)


def _prior_problems(value: object, path: str) -> list[Problem]:
    if not isinstance(value, Mapping):
        message = f"{value!r} is neither `library` nor a mapping with `agreement`"
        return [Problem(path=path, message=message)]
    found = [
        Problem(path=f"{path}.{name}", message=unknown(str(name), _PRIOR_FIELDS, "setting"))
        for name in value
        if name not in _PRIOR_FIELDS
    ]
    agreement, weight = value.get("agreement"), value.get("weight", 6.0)
    if not _is_row(agreement, between=(0, 1)):
        message = f"{agreement!r} is not {len(SHARES)} numbers between 0 and 1: the agreement with the end at "
        found.append(Problem(path=f"{path}.agreement", message=message + "2, 4, 8, 16, 32 and 64 % of the training"))
    if not (_is_number(weight) and 0 < weight < 1000):
        found.append(Problem(path=f"{path}.weight", message=f"{weight!r} is not a positive number: 6 pairs are usual"))
    if "spread" in value and not _is_row(value["spread"], between=(-1e-9, 100)):
        found.append(Problem(path=f"{path}.spread", message=f"is not {len(SHARES)} numbers of at least 0"))
    studies = value.get("studies", [])
    if not isinstance(studies, list | tuple) or not all(isinstance(name, str) for name in studies):
        found.append(Problem(path=f"{path}.studies", message="is not a list of names"))
    if not (value.get("distance") is None or _is_number(value["distance"])):
        found.append(Problem(path=f"{path}.distance", message=f"{value['distance']!r} is not a number"))
    return found


def _is_row(value: object, *, between: tuple[float, float]) -> bool:
    low, high = between
    if not isinstance(value, list | tuple) or len(value) != len(SHARES):
        return False
    return all(_is_number(item) and low < item < high for item in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
