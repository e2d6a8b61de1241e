"""Listeners to what becomes of Dag runs."""
