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
        from pruning.carding import run  # noqa: F401 - registers what makes cards
        from pruning.lab import deletions
        from pruning.lab.sessions import play_backtest  # noqa: F401 - whoever runs jobs knows it from here on

        post_migrate.connect(triggers.reinstall, sender=self, dispatch_uid="pruning.triggers")
        pre_delete.connect(tombstones.raise_tombstone, sender="trials.Study", dispatch_uid="pruning.tombstones")
        pre_delete.connect(deletions.forget_backtests, sender="trials.Study", dispatch_uid="pruning.backtests")
        register(checks.ledger_is_guarded, Tags.database)
