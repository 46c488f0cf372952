"""Who may come in: people by password, programs by token."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Login, its throttle, API tokens and the first user."""

    name = "tuning_site.accounts"
    label = "accounts"
