"""Operators of the lake."""
