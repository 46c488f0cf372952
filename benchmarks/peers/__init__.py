"""Other libraries' schedulers, driven by their own code in our simulation; for benchmarks alone.

One file per library, imported when a peer of it is asked for; `registry` names the peers.
"""
