"""Sensors of the lake."""
