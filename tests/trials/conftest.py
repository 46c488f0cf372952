"""Fixtures of the ground floor's tests."""

import pytest
from pytest_django import Settings

from tests.trials.builders import SCRIPTED, ScriptedReviewer


@pytest.fixture
def reviewer(settings: Settings) -> type[ScriptedReviewer]:
    """Have a scripted reviewer judge, its script empty."""
    ScriptedReviewer.reset()
    settings.TRIAL_REVIEWER = SCRIPTED
    return ScriptedReviewer
