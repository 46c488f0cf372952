"""The middle floor: the ledger and its guards."""

from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate, pre_delete


class PruningConfig(AppConfig):
    """Why a trial was stopped."""

    name = "pruning"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from pruning import checks, tombstones, triggers

        post_migrate.connect(triggers.reinstall, sender=self, dispatch_uid="pruning.triggers")
        pre_delete.connect(tombstones.raise_tombstone, sender="trials.Study", dispatch_uid="pruning.tombstones")
        register(checks.ledger_is_guarded, Tags.database)
