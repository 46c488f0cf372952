"""Plans as people write them, sound from end to end."""

OWN_LOOP = """\
name: Own loop
hypothesis: [Low rates win, "Momentum matters: a bit"]
objectives:
  - metric: loss
    direction: minimize
space:
  lr: {type: float, low: 1e-5, high: 1e-1, log: true}
  optimizer: {choices: [sgd, adam]}
  momentum: {type: float, low: 0.1, high: 0.9, step: 0.2, when: {optimizer: sgd}}
  layers: {type: int, low: 1, high: 8}
defaults: {lr: 1e-3, optimizer: adam, layers: 2}
enqueue:
  - params: {lr: 1e-3, optimizer: sgd, momentum: 0.5, layers: 2}
    pinned: true
sampler: {name: tpe, settings: {n_startup_trials: 2}}
seed: 7
budget: {trials: 20, wall_hours: 2}
horizon: 100
step_unit: epochs
report_steps: [10, 50, 100]
tags: [a, b]
trial_minutes: 30
"""

WITH_TOY = """\
name: Toy study
objectives: [{metric: val_loss, direction: minimize}]
space:
  learning_rate: {low: 1e-4, high: 1e-1, log: true}
  layers: {low: 1, high: 4}
  optimizer: {choices: [adamw, sgd]}
defaults: {layers: 3}
trainable: {name: toy, settings: {epochs: 6, data: letters}}
budget: {trials: 5}
"""
