"""Telling people what happened while they were away: by webhook or e-mail, retried, with a log.

`telling` writes messages in the transaction of what they tell of; `delivering` sends what is due, in a `work` process.
"""
