"""Records of the pruning floor, one noun per file."""

from pruning.models.event import LedgerHead, PruningEvent, PruningEventQuerySet
from pruning.models.policy import Policy, PolicyVersion

__all__ = ["LedgerHead", "Policy", "PolicyVersion", "PruningEvent", "PruningEventQuerySet"]
