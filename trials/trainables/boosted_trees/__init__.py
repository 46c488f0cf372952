"""Gradient-boosted trees on scikit-learn's breast cancer data, in five folds."""

from trials.trainables.boosted_trees.trainable import BoostedTrees

__all__ = ["BoostedTrees"]
