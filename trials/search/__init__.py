"""Where configurations come from: samplers, suggestions, and the queue of waiting trials."""

from trials.search.suggesting import suggest, top_up

__all__ = ["suggest", "top_up"]
