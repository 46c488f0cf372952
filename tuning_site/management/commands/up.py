"""`manage.py up`: the whole site on this machine, until Ctrl-C."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tuning_site.accounts.services import ensure_first_user
from tuning_site.parts import AlreadyRunning
from tuning_site.site import running_site


class Command(BaseCommand):
    """Start web, workers and clock; look after them; stop them all."""

    help = "Start the web server, the workers and the clock as one, and stop them all with Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--slots", type=int, default=None, help="trials run at once (default: one per core, or per CUDA device)"
        )

    def handle(self, *args: Any, slots: int | None, **options: Any) -> str:
        if slots is not None and slots < 1:
            raise CommandError(f"--slots: {slots} runs nothing; give at least 1")
        try:
            with running_site(slots=slots, say=self.stdout.write) as site:
                trials = f"{site.slots} trial{'s' if site.slots > 1 else ''} at once on {site.queue_name}"
                self.stdout.write(f"Serving {site.address} ({trials}). Ctrl-C stops everything.")
                if (first := ensure_first_user()) is not None:
                    self.stdout.write(f"Log in as {first.username} / {first.password} (shown this once).")
                while not site.is_stopping:
                    site.tend()
                self.stdout.write("Stopping ...")
        except (AlreadyRunning, OSError) as error:
            raise CommandError(str(error)) from error
        return "Stopped."
