"""The ground floor: what ran."""

from django.apps import AppConfig


class TrialsConfig(AppConfig):
    """Records, running and pages of studies and trials."""

    name = "trials"
    default_auto_field = "django.db.models.BigAutoField"
