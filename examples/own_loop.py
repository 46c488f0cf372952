"""Tune any training loop: python examples/own_loop.py (with $ESPALIER_URL and $ESPALIER_TOKEN set).

Launch the study first: manage.py launch examples/own_loop.yaml --project demo
"""

from trials.client import Client

client = Client()
study = client.study("own-loop")
while run := study.claim():
    with run:  # completes the trial, or fails it with the traceback
        x, y = -1.5, 2.0
        for step in range(1, run.horizon + 1):
            loss = (1 - x) ** 2 + run.params["curvature"] * (y - x * x) ** 2
            slope_x = -2 * (1 - x) - 4 * run.params["curvature"] * x * (y - x * x)
            slope_y = 2 * run.params["curvature"] * (y - x * x)
            x -= run.params["learning_rate"] * slope_x
            y -= run.params["learning_rate"] * slope_y
            answer = run.report(step, loss=loss)
            if answer.halts:  # being told to stop is an ordinary answer
                print(f"trial {run.number}: {answer.sentence}")
                break
client.close()
