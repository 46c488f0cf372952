"""Was it right? What a study's control arm, its outcomes and its own statements say of the stops.

Everything here is plain Python, numpy and scipy: no database, no clock, no hidden randomness. Values come in as
keys: lower is better, whatever is not finite is worst.
"""
