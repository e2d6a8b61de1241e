"""Triggers of the lake."""
