"""The middle floor: why a trial was stopped, and whether that was right."""
