"""Fixtures of the middle floor's tests."""

import pytest
from pytest_django import Settings


@pytest.fixture
def judging(settings: Settings) -> None:
    """Have policies judge and the ledger record."""
    settings.TRIAL_REVIEWER = "pruning.review.LedgerReviewer"
