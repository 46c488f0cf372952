"""Screening rules on recorded curves: a small simulation for ideas that are not (yet) part of the product.

`study` plays one order of a task, `scores` says what trials may be ranked by, `rules` are the candidates, `variants`
what was tried. Calibrated halving in `rules` follows `pruning.rules.calibrated_halving` decision by decision
(`search_default.py --check` shows how closely) at a third of its cost: no evidence, no digests, no sentences.
"""
