"""Report to Espalier from any training loop. Needs httpx and nothing of the server.

from trials.client import Client

study = Client("http://127.0.0.1:8000", "esp_...").study("own loop")
while run := study.claim():
    with run:
        for step in range(1, run.horizon + 1):
            if run.report(step, loss=train_one_step(run.params)).halts:
                break
"""

from trials.client.answers import Answer
from trials.client.client import Client, Study
from trials.client.errors import ClientError, Conflict, NotAllowed, NotFound, Refused, ServerAway
from trials.client.fake import FakeServer
from trials.client.run import TrialRun

__all__ = [
    "Answer",
    "Client",
    "ClientError",
    "Conflict",
    "FakeServer",
    "NotAllowed",
    "NotFound",
    "Refused",
    "ServerAway",
    "Study",
    "TrialRun",
]
