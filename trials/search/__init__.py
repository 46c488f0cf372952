"""Where configurations come from: samplers, suggestions, and the queue of waiting trials."""
