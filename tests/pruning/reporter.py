"""A process that trains trials of a study beside others: `python -m tests.pruning.reporter STUDY_ID SEED TRIALS`."""

from __future__ import annotations

import os
import random
import sys

import django


def main(study_id: int, seed: int, n_trials: int) -> None:
    """Add trials, claim whatever waits and train it, each on a curve of its own."""
    from django.utils import timezone

    from tests.pruning.studies import STEPS, an_attempt, falling, train
    from trials.models import Study
    from trials.running.advancing import advance

    study = Study.objects.get(pk=study_id)
    dice = random.Random(seed)
    for _ in range(n_trials):
        attempt = an_attempt(study)
        after = attempt.trial.last_step or 0
        values = [value for step, value in zip(STEPS, falling(dice.uniform(0.5, 3.0)), strict=True) if step > after]
        train(attempt, values, after=after)
        advance(study, at=timezone.now())
        print(attempt.trial.number, flush=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tuning_site.settings")
    django.setup()
    main(*(int(word) for word in sys.argv[1:]))
