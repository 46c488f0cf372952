"""A person in front of a ledger: the same as in front of a study."""

from tests.trials.pages.conftest import editor, outsider, played, project, viewer

__all__ = ["editor", "outsider", "played", "project", "viewer"]
