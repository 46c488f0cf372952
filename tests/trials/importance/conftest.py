"""Jobs that take a moment."""

from __future__ import annotations

import pytest

from trials import explaining


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refit twice: the tests of the job and the page look at what is kept, not at how exact it is."""
    monkeypatch.setattr(explaining, "REFITS", 2)
