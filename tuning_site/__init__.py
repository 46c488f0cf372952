"""The composition: settings, routes, accounts, health, and the commands that start it all."""

from tuning_site.celery import app as celery_app

__all__ = ["celery_app"]
