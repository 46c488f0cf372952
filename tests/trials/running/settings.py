"""The site's settings with the tiny trainable registered, for the workers that tests start."""

from tuning_site.settings import *  # noqa: F403 - the same settings, but for one

TRAINABLES = {"tiny": {"class": "tests.trials.running.tiny.Tiny"}}
