"""Kinds of training a slot can run: one file each, registered by name in the worker's settings."""
