"""Which configurations a study halted, against those that went on: counts, and a test for regions pruned unfairly."""
