"""A trainable that counts, and the mistakes that `trainable check` exists to find."""

import json
import math
import random
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from trials.trainables.base import Defaults, MetricInfo, ParameterInfo, Run


class Sound(Defaults):
    """Adds up seeded draws; every flaw below changes one method of it."""

    name = "sound"
    title = "Adding up"
    step_unit = "draws"
    parameters = (ParameterInfo(name="scale", kind="float", default=1.0),)
    metrics: tuple[MetricInfo, ...] = (MetricInfo(name="loss", direction="minimize"),)

    def horizon(self, settings: Mapping[str, object]) -> int:
        return 8

    def report_steps(self, settings: Mapping[str, object]) -> Sequence[int]:
        return range(1, 9)

    def train(self, run: Run) -> None:
        step, total = self.restore(run.checkpoint)
        while step < 8:
            step += 1
            total += self.draw(run, step)
            if self.tell(run, step, total):
                return

    def restore(self, checkpoint: Path | None) -> tuple[int, float]:
        if checkpoint is None:
            return 0, 0.0
        state = json.loads(checkpoint.read_text())
        return state["step"], state["total"]

    def draw(self, run: Run, step: int) -> float:
        return random.Random(run.seed * 100 + step).random()

    def tell(self, run: Run, step: int, total: float) -> bool:
        self.save(run, step, total)
        return run.report(step, {"loss": total}).halts

    def save(self, run: Run, step: int, total: float) -> None:
        text = json.dumps({"step": step, "total": total})
        run.save(step, lambda path: _write(path, text))


class Unseeded(Sound):
    """Draws from a stream that no seed decides."""

    def draw(self, run: Run, step: int) -> float:
        return random.random()


class Forgetful(Sound):
    """Saves the step and forgets the total."""

    def restore(self, checkpoint: Path | None) -> tuple[int, float]:
        step, _ = super().restore(checkpoint)
        return step, 0.0


class Restarting(Sound):
    """Never looks at its checkpoint."""

    def restore(self, checkpoint: Path | None) -> tuple[int, float]:
        return 0, 0.0


class Deaf(Sound):
    """Goes on after a halting answer."""

    def tell(self, run: Run, step: int, total: float) -> bool:
        super().tell(run, step, total)
        return False


class Slow(Sound):
    """Takes its time to return."""

    def tell(self, run: Run, step: int, total: float) -> bool:
        halts = super().tell(run, step, total)
        time.sleep(1.2 * halts)
        return halts


class Late(Sound):
    """Saves after it has reported."""

    def tell(self, run: Run, step: int, total: float) -> bool:
        halts = run.report(step, {"loss": total}).halts
        self.save(run, step, total)
        return halts


class Unsaved(Sound):
    """Saves nothing."""

    def save(self, run: Run, step: int, total: float) -> None:
        pass


class Backwards(Sound):
    """Reports one step twice."""

    def tell(self, run: Run, step: int, total: float) -> bool:
        return super().tell(run, min(step, 2), total)


class Unplanned(Sound):
    """Plans reports that it does not make, and makes others."""

    def report_steps(self, settings: Mapping[str, object]) -> Sequence[int]:
        return (2, 4, 6, 8)


class Undeclared(Sound):
    """Reports a metric that it does not declare, and declares one that it does not report."""

    metrics = (MetricInfo(name="loss", direction="minimize"), MetricInfo(name="accuracy"))

    def tell(self, run: Run, step: int, total: float) -> bool:
        self.save(run, step, total)
        return run.report(step, {"loss": total, "extra": 1.0}).halts


class Raising(Sound):
    """Falls over at its third draw."""

    def draw(self, run: Run, step: int) -> float:
        if step == 3:
            raise RuntimeError("the disk fell off")
        return super().draw(run, step)


class Silent(Sound):
    """Trains and tells nobody."""

    def tell(self, run: Run, step: int, total: float) -> bool:
        return False


class ShortPlan(Sound):
    """Plans reports that do not reach its horizon."""

    def report_steps(self, settings: Mapping[str, object]) -> Sequence[int]:
        return range(1, 5)


class Aimless(Sound):
    """Has no metric that could be an objective."""

    metrics = (MetricInfo(name="loss"),)


class Diverging(Sound):
    """Reports values that are not numbers, as it should."""

    def draw(self, run: Run, step: int) -> float:
        return math.nan


def _write(path: Path, text: str) -> None:
    path.write_text(text)
