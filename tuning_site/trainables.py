"""What the workers of this installation can run, and the files each may open.

To add your own, write a settings module of your own that imports everything from `tuning_site.settings` and
adds an entry to `TRAINABLES`; `docs/trainables.md` shows one.
"""

from __future__ import annotations

from pathlib import Path

from trials.trainables.lora_lm.bundled import smollm2


def registered_trainables(data_dir: Path) -> dict[str, dict[str, object]]:
    """Return the trainables by name, each with its class and the only resources its runs may open."""
    bases = {"cache": data_dir / "cache"}
    pretrained = smollm2()
    if pretrained is not None:
        bases["smollm2"] = pretrained
    return {
        "boosted_trees": {"class": "trials.trainables.boosted_trees.BoostedTrees"},
        "digits_cnn": {"class": "trials.trainables.digits_cnn.DigitsCnn"},
        "lora_lm": {"class": "trials.trainables.lora_lm.LoraLm", "resources": bases},
    }
