"""Who may come in: people by password, programs by token."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Login, its throttle, API tokens and the first user."""

    name = "tuning_site.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Let the OpenAPI schema know how programs prove who they are."""
        from tuning_site.accounts import schema  # noqa: F401 - importing it registers it
