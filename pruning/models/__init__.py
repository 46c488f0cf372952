"""Records of the pruning floor, one noun per file."""

from pruning.models.backtest import Backtest, BacktestCell, BacktestQuerySet, BacktestTask
from pruning.models.card import PolicyUse, StudyCard, StudyCardQuerySet
from pruning.models.event import LedgerHead, PruningEvent, PruningEventQuerySet
from pruning.models.policy import Policy, PolicyVersion
from pruning.models.rollup import LedgerActor, LedgerReach, LedgerSpared, LedgerTally

__all__ = [
    "Backtest",
    "BacktestCell",
    "BacktestQuerySet",
    "BacktestTask",
    "LedgerActor",
    "LedgerHead",
    "LedgerReach",
    "LedgerSpared",
    "LedgerTally",
    "Policy",
    "PolicyUse",
    "PolicyVersion",
    "PruningEvent",
    "PruningEventQuerySet",
    "StudyCard",
    "StudyCardQuerySet",
]
