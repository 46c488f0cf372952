"""Every peer by the name that the tables use; a library is imported when one of its peers is first played."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from benchmarks.peers.base import Foreign, Maker, Peer
from pruning.simulate import Pool


def _in(module: str, name: str) -> Maker:
    """Return a maker of one of this folder's files, which is imported at the first call."""

    def make(pool: Pool, seed: int) -> Foreign:
        found: Maker = getattr(import_module(f"benchmarks.peers.{module}"), name)
        return found(pool, seed)

    return make


def _optuna(name: str, settings: str) -> Peer:
    return Peer(distribution="optuna", releases="", settings=settings, make=_in("optuna_pruners", name))


def _ray(name: str, settings: str) -> Peer:
    return Peer(distribution="ray", releases="", settings=settings, make=_in("ray_schedulers", name))


def _syne_tune(name: str, settings: str) -> Peer:
    return Peer(distribution="syne-tune", releases="0.16", settings=settings, make=_in("syne_tune_schedulers", name))


def _pausing(name: str, settings: str) -> Peer:
    return Peer(distribution="syne-tune", releases="0.13", settings=settings, make=_in("syne_tune_pausing", name))


PEERS: Mapping[str, Peer] = {
    "Optuna median": _optuna("median", "MedianPruner()"),
    "Optuna percentile 25": _optuna("percentile_25", "PercentilePruner(25)"),
    "Optuna halving": _optuna("successive_halving", "SuccessiveHalvingPruner(min_resource=1)"),
    "Optuna Hyperband": _optuna("hyperband", "HyperbandPruner(min_resource=1, max_resource=T)"),
    "Ray ASHA": _ray("asha", "AsyncHyperBandScheduler(max_t=T, grace_period=1)"),
    "Ray median": _ray("median", "MedianStoppingRule(grace_period=1)"),
    "Ray HyperBand": _ray("hyperband", "HyperBandScheduler(max_t=T)"),
    "Syne ASHA": _syne_tune("asha", "AsynchronousSuccessiveHalving(max_t=T)"),
    "Syne ASHA, 3 brackets": _syne_tune("asha_brackets", "AsynchronousSuccessiveHalving(max_t=T, brackets=3)"),
    "Syne median": _syne_tune("median", "MedianStoppingRule()"),
    "Syne ASHA, promotion": _pausing("asha_promotion", "HyperbandScheduler(type='promotion', max_t=T)"),
    "Syne PASHA": _pausing("pasha", "HyperbandScheduler(type='pasha', max_t=T)"),
}
"""Settings are the libraries' defaults, but that halving may begin with the first report and knows the length.

Optuna's WilcoxonPruner (`optuna_pruners.wilcoxon`) compares trials on equal instances, such as folds. The reports of
one training are no such instances and these recordings hold no others: it has an adapter, but no place in the tables.
"""
