"""`manage.py ledger verify|replay|export|judge [STUDY]`."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from pruning import checking, export
from pruning.reckoning import reckon
from pruning.replay import replay
from pruning.verify import ledgers, verify
from trials.management.finding import named
from trials.models import Study


class Command(BaseCommand):
    """Check, replay, export or judge by the pruning ledgers."""

    help = (
        "Verify, replay or export the pruning ledger of one study, or of all; or judge whether its stops were right. "
        "Exit status 0 only when all holds."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["verify", "replay", "export", "judge"])
        parser.add_argument("study", nargs="?", help="a study's name, PROJECT/NAME, number or uid; all if left out")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = self._chosen(options["study"])
        if not chosen:
            self.stdout.write("There are no ledgers: 0 rows checked.")
            return
        actions = {"verify": self._verify, "replay": self._replay, "export": self._export, "judge": self._judge}
        actions[options["action"]](chosen)

    def _chosen(self, wanted: str | None) -> list[tuple[UUID, str]]:
        known = ledgers()
        if wanted is None:
            return known
        studies = Study.objects.filter(pk=int(wanted)) if wanted.isdecimal() else named(wanted)
        meant = set(studies.values_list("uid", flat=True))
        found = [(uid, name) for uid, name in known if wanted in {name, str(uid)} or uid in meant]
        if not found:
            raise CommandError(
                f"no ledger of a study {wanted!r}; known: {', '.join(name for _, name in known) or 'none'}"
            )
        if len(found) > 1:
            uids = ", ".join(str(uid) for uid, _ in found)
            raise CommandError(f"{len(found)} studies are named {wanted!r}; name one by its uid: {uids}")
        return found

    def _verify(self, chosen: list[tuple[UUID, str]]) -> None:
        findings = [verify(uid) for uid, _ in chosen]
        for finding in findings:
            checking.note(finding.study_uid, finding, at=timezone.now())
            self.stdout.write(finding.sentence())
        self.stdout.write(f"{sum(finding.n_rows for finding in findings)} rows checked in {len(findings)} ledgers.")
        broken = [finding for finding in findings if not finding.holds]
        if broken:
            raise CommandError(f"{len(broken)} of {len(findings)} ledgers do not hold")

    def _replay(self, chosen: list[tuple[UUID, str]]) -> None:
        n_verdicts = n_different = 0
        for uid, name in chosen:
            study = Study.objects.filter(uid=uid).first()
            if study is None:
                self.stdout.write(f"{name}: deleted; its observations are gone, nothing to judge again.")
                continue
            result = replay(study)
            n_verdicts, n_different = n_verdicts + result.n_verdicts, n_different + result.n_different
            self.stdout.write(result.sentence())
            for difference in result.differences:
                self.stdout.write(f"  {difference}")
        self.stdout.write(f"{n_verdicts} verdicts judged again in {len(chosen)} ledgers.")
        if n_different:
            raise CommandError(f"{n_different} of {n_verdicts} verdicts come out otherwise")

    def _judge(self, chosen: list[tuple[UUID, str]]) -> None:
        for uid, name in chosen:
            study = Study.objects.filter(uid=uid).first()
            if study is None:
                self.stderr.write(f"{name}: deleted; its trials are gone, nothing can be said.")
                continue
            self.stdout.write(json.dumps({"study": name, **reckon(study, exact=True).to_mapping()}, allow_nan=False))

    def _export(self, chosen: list[tuple[UUID, str]]) -> None:
        rows = 0
        for uid, _ in chosen:
            for line in export.lines(uid):
                self.stdout.write(line)
                rows += export.is_row(line)
        self.stderr.write(f"{rows} rows of {len(chosen)} ledgers exported.")
