"""`manage.py doctor`: look at what the site stands on and say what is wrong."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from tuning_site.health.checks import Finding, Level
from tuning_site.health.doctor import examine

MARKS = {Level.OK: "ok     ", Level.NOTE: "note   ", Level.PROBLEM: "PROBLEM"}


class Command(BaseCommand):
    """Print a line per finding; the exit status is 1 if there is a problem."""

    help = "Check versions, database, broker, disk, clock, ports and the ledger's triggers."
    # The checks are what this command prints; Django would stop at the first error before saying anything.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--quiet", action="store_true", help="print only notes and problems")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = []
        for finding in examine():
            findings.append(finding)
            if not (options["quiet"] and finding.level is Level.OK):
                self.stdout.write(_line(finding))
        n_problems = sum(not finding.ok for finding in findings)
        self.stdout.write(f"{len(findings)} looks, {n_problems} problems.")
        if n_problems:
            sys.exit(1)


def _line(finding: Finding) -> str:
    remedy = f" - {finding.remedy}" if finding.remedy else ""
    return f"{MARKS[finding.level]}  {finding.name}: {finding.detail}{remedy}"
