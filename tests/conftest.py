"""Fixtures shared by every floor."""
