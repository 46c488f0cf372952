"""`manage.py demo`: a real study from one command. `make demo` passes TRIALS, EXIT and FRESH as variables."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from trials.management.lines import Lines
from trials.models import Study
from trials.plan import PlanError
from tuning_site import demo
from tuning_site.accounts.services import ensure_first_user
from tuning_site.env import NO, YES
from tuning_site.parts import AlreadyRunning
from tuning_site.site import Site, running_site

TRIALS_MAX = 10_000
TICK_SECONDS = 1.0


class Command(BaseCommand):
    """Start the site and the demo study, show how far it is, and stay up."""

    help = "Tune a small language model for real. TRIALS=8: a short study; EXIT=1: end with it; FRESH=1: start over."

    def handle(self, *args: Any, **options: Any) -> str:
        trials, exits, fresh = _trials(), _flag("EXIT"), _flag("FRESH")
        try:
            with running_site(slots=None, say=self._say) as site:
                study = self._open(site, trials=trials, fresh=fresh)
                self._watch(site, study)
                if not exits:
                    self._stay(site)
        except (AlreadyRunning, OSError, PlanError) as error:
            raise CommandError(str(error)) from error
        if exits and not demo.ended_well(study):
            raise CommandError(f"The study did not end well: {study.ending_sentence or 'it has not ended'}")
        return "Stopped."

    def _open(self, site: Site, *, trials: int | None, fresh: bool) -> Study:
        first = ensure_first_user()
        study, is_new = demo.find_or_launch(trials=trials, fresh=fresh, at=timezone.now())
        self._say(f"\n  Open      {site.address.rstrip('/')}{study.get_absolute_url()}")
        if first is not None:
            self._say(f"  Log in    {first.username} / {first.password}   (shown this once)")
        else:
            self._say("  Log in    as before; a new password: .venv/bin/python manage.py changepassword admin")
        self._say("  Stop      Ctrl-C\n")
        if is_new:
            self._say(f"Study {study.name}: launched, {site.slots} trials at a time on {site.queue_name}.")
        elif study.state == Study.State.RUNNING:
            self._say(f"Study {study.name}: goes on where it was.")
        return study

    def _watch(self, site: Site, study: Study) -> None:
        """Show progress until the study has ended or the site is to stop."""
        lines = Lines(sys.stdout)
        while not site.is_stopping:
            progress = demo.progress(study, slots=site.slots)
            lines.show(progress.line())
            if progress.done:
                break
            site.tend(TICK_SECONDS)
        lines.end()
        if study.state == Study.State.ENDED:
            for sentence in demo.summary(study):
                self._say(sentence)

    def _stay(self, site: Site) -> None:
        if not site.is_stopping:
            self._say(f"The pages stay up at {site.address} until Ctrl-C.")
        while not site.is_stopping:
            site.tend()

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _trials() -> int | None:
    text = os.environ.get("TRIALS", "").strip()
    if not text:
        return None
    if not text.isdecimal() or not 1 <= int(text[:9]) <= TRIALS_MAX:
        raise CommandError(f"TRIALS={text!r}: give a number from 1 to {TRIALS_MAX}")
    return int(text)


def _flag(name: str) -> bool:
    text = os.environ.get(name, "").strip().lower()
    if text in YES:
        return True
    if not text or text in NO:
        return False
    raise CommandError(f"{name}={text!r}: say 1 or 0")
