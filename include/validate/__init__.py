"""Validate: audit what a run wrote, before anyone can read it."""
