"""Callbacks of runs that fail or are late."""
