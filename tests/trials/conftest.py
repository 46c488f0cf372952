"""Fixtures of the ground floor's tests."""

import pytest
from pytest_django.fixtures import SettingsWrapper

from tests.trials.builders import SCRIPTED, ScriptedReviewer


@pytest.fixture
def reviewer(settings: SettingsWrapper) -> type[ScriptedReviewer]:
    """Have a scripted reviewer judge, its script empty."""
    ScriptedReviewer.reset()
    settings.TRIAL_REVIEWER = SCRIPTED
    return ScriptedReviewer
