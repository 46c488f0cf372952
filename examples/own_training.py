"""A trainable of your own: copy this file, replace the model by yours, register the class, then run

    manage.py trainable check own_training

docs/trainables.md walks through it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import nn

from trials.trainables.base import Defaults, MetricInfo, ParameterInfo, Run


class OwnTraining(Defaults):
    """Fit a line to noisy points."""

    name = "own_training"
    title = "A line through noisy points"
    step_unit = "epochs"
    parameters = (ParameterInfo(name="learning_rate", kind="float", default=0.05, low=1e-5, high=1.0),)
    metrics = (MetricInfo(name="loss", direction="minimize"),)

    def horizon(self, settings: Mapping[str, object]) -> int:
        return 50

    def report_steps(self, settings: Mapping[str, object]) -> Sequence[int]:
        return range(1, 51)

    def train(self, run: Run) -> None:
        torch.manual_seed(run.seed)
        x = torch.linspace(-1, 1, 64, device=run.device)[:, None]
        y = 3 * x + 0.1 * torch.randn_like(x)
        model = nn.Linear(1, 1, device=run.device)
        optimizer = torch.optim.SGD(model.parameters(), lr=run.params["learning_rate"], momentum=0.9)
        first, best = 0, float("inf")
        if run.checkpoint:  # an earlier attempt was interrupted: go on where it was
            state = torch.load(run.checkpoint, weights_only=True)
            model.load_state_dict(state["model"])
            optimizer.load_state_dict(state["optimizer"])
            first, best = state["epoch"], state["best"]

        def write(path: Path) -> None:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch, "best": best}
            torch.save(state, path)

        for epoch in range(first + 1, self.horizon(run.settings) + 1):
            loss = nn.functional.mse_loss(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            is_best, best = loss.item() < best, min(best, loss.item())
            run.save(epoch, write, best=is_best)  # before the report
            if run.report(epoch, {"loss": loss.item()}).halts:  # pruned, finished or paused: an ordinary answer
                return
